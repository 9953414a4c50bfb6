// Package share reads and writes shares of a whole, which people write as 1% or as 0.01, and spreads them evenly.
package share

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Share is a part of a whole, from 0 to 1.
type Share float64

// Parse parses a share: a percentage, such as 1% or 0.5%, or a number from 0 to 1.
func Parse(text string) (Share, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || math.IsNaN(v) || v < 0 || v > 1 {
		return 0, fmt.Errorf("%q is not a share from 0%% to 100%%, such as 1%% or 0.01", text)
	}
	return Share(v), nil
}

// String formats the share as a percentage, as Parse parses it.
func (s Share) String() string {
	v := strconv.FormatFloat(float64(s)*100, 'g', -1, 64)
	if back, err := Parse(v + "%"); err != nil || back != s { // of three thousandths, 100 times is not exact
		return strconv.FormatFloat(float64(s), 'g', -1, 64)
	}
	return v + "%"
}

// Has reports whether number n of a row, counted from 1, belongs to the share. The share is spread evenly: among the
// first n numbers there are as many of it as go into n times the share, rounded down.
func (s Share) Has(n uint64) bool {
	return n > 0 && math.Floor(float64(n)*float64(s)) > math.Floor(float64(n-1)*float64(s))
}
