package stat

import (
	"math"
	"testing"
)

func TestLeastSquares(t *testing.T) {
	if slope, deviation := LeastSquares([]float64{1, 2, 3}, []float64{3, 5, 7}); slope != 2 || deviation != 0 {
		t.Errorf("of a line, the slope is %g ± %g, want 2 ± 0", slope, deviation)
	}
	if slope, deviation := LeastSquares([]float64{0, 1, 2, 3}, []float64{0, 1, 0, 1}); slope != 0.2 || deviation < 0.2 {
		t.Errorf("of ups and downs, the slope is %g ± %g, want 0.2 with a larger error", slope, deviation)
	}
	if slope, deviation := LeastSquares([]float64{1, 1}, []float64{3, 5}); slope != 0 || !math.IsInf(deviation, 1) {
		t.Errorf("of one time, the slope is %g ± %g, want none", slope, deviation)
	}
}

func TestMedianSlope(t *testing.T) {
	points := []Point{{0, 0}, {1, 2}, {2, 900}, {3, 6}, {4, 8}}
	if got := MedianSlope(points); got != 2 {
		t.Errorf("slope %g with an outlier, want 2", got)
	}
	if got := MedianSlope(points[:1]); !math.IsNaN(got) {
		t.Errorf("slope %g of a point", got)
	}
}
