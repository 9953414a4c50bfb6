package generator

import (
	"runtime"
	"testing"
)

func TestThreads(t *testing.T) {
	for _, tc := range []struct {
		quota float64
		now   int
		want  int
	}{
		{0.02, 64, 2}, {1, 64, 2}, {2.5, 64, 3}, {4, 64, 4}, {100, 64, 64}, {1e300, 64, 64}, {0.5, 1, 1}, {3, 2, 2},
	} {
		if got := threads(tc.quota, tc.now); got != tc.want {
			t.Errorf("a quota of %v and %d threads: %d, want %d", tc.quota, tc.now, got, tc.want)
		}
	}
}

func TestLimitThreads(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	LimitThreads("7")
	if now := runtime.GOMAXPROCS(0); now != before {
		t.Errorf("%d threads, though the user has set them; there were %d", now, before)
	}
	LimitThreads("")
	quota, ok := Processors()
	if now := runtime.GOMAXPROCS(0); !ok && now != before || ok && now != threads(quota, before) {
		t.Errorf("%d threads, there were %d; the quota is %v", now, before, quota)
	}
}
