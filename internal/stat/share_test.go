package stat

import "testing"

func TestCompareShare(t *testing.T) {
	for _, tt := range []struct {
		part, whole uint64
		limit       float64
		want        int
	}{
		{951, 1000, 0.95, 1},
		{950, 1000, 0.95, 0},
		{19, 20, 0.95, 0},
		{949, 1000, 0.95, -1},
		{949_999_999_999_999, 1_000_000_000_000_000, 0.95, -1},
		{1 << 63, 1 << 63, 1, 0},
		{0, 1, 0, 0},
	} {
		if got := CompareShare(tt.part, tt.whole, tt.limit); got != tt.want {
			t.Errorf("%d of %d against %g: %d, want %d", tt.part, tt.whole, tt.limit, got, tt.want)
		}
	}
}
