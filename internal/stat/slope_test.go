package stat

import (
	"testing"
)

func TestTheilSenIsRobust(t *testing.T) {
	var points []Point
	for i := range 200 {
		v := 3 * float64(i)
		if i%10 == 0 {
			v += 1e6 // a tenth of outliers
		}
		points = append(points, Point{float64(i), v})
	}
	if tr, ok := TheilSen(points[:15]); ok {
		t.Errorf("a trend of 15 points: %+v", tr)
	}
	tr, ok := TheilSen(points)
	if !ok || tr.Slope < 2 || tr.Slope > 4 || tr.Low > tr.Slope || tr.High < tr.Slope {
		t.Errorf("trend %+v, %v", tr, ok)
	}
	flat := make([]Point, 50)
	for i := range flat {
		flat[i] = Point{float64(i), 7}
	}
	if tr, ok := TheilSen(flat); !ok || tr != (Trend{}) {
		t.Errorf("a constant has the trend %+v, %v", tr, ok)
	}
}
