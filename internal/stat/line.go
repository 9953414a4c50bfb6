package stat

import "math"

// LeastSquares returns the slope of the line that fits values at times best, and the slope's standard error, which is
// infinite if all times are the same.
func LeastSquares(times, values []float64) (slope, deviation float64) {
	t, v := deviations(times), deviations(values)
	tt, tv, vv := dot(t, t), dot(t, v), dot(v, v)
	if tt == 0 {
		return 0, math.Inf(1)
	}
	slope = tv / tt
	return slope, math.Sqrt(max(vv-slope*tv, 0) / max(float64(len(times))-2, 1) / tt)
}
