package stat

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRanks(t *testing.T) {
	if diff := cmp.Diff([]float64{3, 0.5, 2, 0.5}, Ranks([]float64{9, 1, 4, 1})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMedian(t *testing.T) {
	values := []float64{4, 1, 3, 2}
	if got := Median(values); got != 2.5 {
		t.Errorf("median %g, want 2.5", got)
	}
	if got := Median(values[:3]); got != 3 {
		t.Errorf("median of three %g, want 3", got)
	}
	if got := Mean(values); got != 2.5 {
		t.Errorf("mean %g, want 2.5", got)
	}
	if !math.IsNaN(Median(nil)) || !math.IsNaN(Mean(nil)) {
		t.Error("no values have a median or a mean")
	}
}

func TestSpearman(t *testing.T) {
	for _, tt := range []struct {
		x, y []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4}, []float64{10, 20, 25, 100}, 1},
		{[]float64{1, 2, 3, 4}, []float64{4, 3, 2, 1}, -1},
		{[]float64{1, 2, 3, 4}, []float64{5, 5, 5, 5}, 0},
		{[]float64{1, 2, 2, 3}, []float64{1, 2, 2, 3}, 1},
	} {
		if got := Spearman(tt.x, tt.y); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("Spearman(%v, %v) = %g, want %g", tt.x, tt.y, got, tt.want)
		}
	}
}
