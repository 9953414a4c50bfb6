package stat

import "math"

// Pearson returns the correlation of two series of the same length: 1 where one rises by the same with each step of
// the other, and 0 where either never changes.
func Pearson(x, y []float64) float64 {
	x, y = deviations(x), deviations(y)
	xx, yy := dot(x, x), dot(y, y)
	if xx == 0 || yy == 0 {
		return 0
	}
	return dot(x, y) / math.Sqrt(xx*yy)
}

// Spearman returns the rank correlation of two series of the same length: 1 where one always rises with the other.
func Spearman(x, y []float64) float64 { return Pearson(Ranks(x), Ranks(y)) }

// deviations returns values less their mean.
func deviations(values []float64) []float64 {
	mean := Mean(values)
	rest := make([]float64, len(values))
	for i, v := range values {
		rest[i] = v - mean
	}
	return rest
}

// dot returns the sum of the products of two lists of the same length.
func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
