package call_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"rdiostress/internal/server/call"
)

func TestDistribution(t *testing.T) {
	d := call.NewDistribution(1, 2, 4)
	for _, v := range []float64{0, 1, 1.5, 4, 5, 5} {
		d.Observe(v)
	}
	want := call.Histogram{Count: 6, Sum: 16.5, Buckets: map[float64]uint64{1: 2, 2: 3, 4: 4}}
	if diff := gocmp.Diff(want, d.Histogram()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
