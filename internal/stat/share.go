package stat

import (
	"cmp"
	"math"
	"math/bits"
)

// Share returns the share that part is of whole, which must not be 0.
func Share(part, whole uint64) float64 { return float64(part) / float64(whole) }

// CompareShare compares the share that part is of whole with a limit from 0 to 1, of up to nine decimals: -1 if it is
// smaller, 0 if it is the same, +1 if it is larger. It compares whole numbers, so that no rounding error decides.
func CompareShare(part, whole uint64, limit float64) int {
	const unit = 1e9
	high, low := bits.Mul64(part, unit)
	limitHigh, limitLow := bits.Mul64(whole, uint64(math.Round(limit*unit)))
	return cmp.Or(cmp.Compare(high, limitHigh), cmp.Compare(low, limitLow))
}
