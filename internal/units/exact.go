package units

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Significant writes a number with at most that many significant digits and no zeros behind its last decimal:
// "12.345", "0.05", "1,500". It suits numbers that someone gave, which should come back as they were given.
func Significant(v float64, digits int) string {
	// Rounding to significant digits and writing decimals are two steps: 'g' alone would write 1e+06.
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', max(digits, 1)-1, 64), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	whole, decimals, fraction := strings.Cut(strconv.FormatFloat(math.Abs(rounded), 'f', -1, 64), ".")
	text := separate(whole)
	if fraction {
		text += "." + decimals
	}
	if rounded < 0 {
		return "-" + text
	}
	return text
}

// givenDigits is how many digits of a number that someone gave are shown. More come from binary fractions.
const givenDigits = 6

// Given writes a number that someone gave, such as a rate or a limit.
func Given(v float64) string { return Significant(v, givenDigits) }

// Against writes a number that is compared with a limit, with as many digits as tell the two apart, at least four.
func Against(v, limit float64) string {
	const least, most = 4, 17 // 17 digits tell any two numbers apart
	digits := least
	for digits < most && v != limit && Significant(v, digits) == Significant(limit, digits) {
		digits++
	}
	return Significant(v, digits)
}

// Whole writes a number that is not negative without decimals, with thousands separators.
func Whole(v float64) string { return Count(uint64(math.Round(min(max(v, 0), 1e18)))) }

// SignedPercent writes a change as a share: "+12 %", "-3 %".
func SignedPercent(v float64) string {
	sign := "+"
	if v < 0 {
		sign = "-"
	}
	return sign + Whole(math.Abs(v)*100) + " %"
}

// Compact writes a duration as flags take it, without units that are zero: "500ms", "2m", "1h30m". It is for values of
// flags, and for lines that must be short.
func Compact(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Elapsed writes a time that goes by in whole seconds, for lines that are redrawn: "0s", "12s", "10m32s".
func Elapsed(d time.Duration) string { return Compact(d.Round(time.Second)) }

// About writes a time that is only roughly so long: "30 s", "20 min", "18 h 45 min", "2.5 days".
func About(d time.Duration) string {
	const days = 48 * time.Hour // from which days read better
	switch {
	case d >= days:
		return Significant(d.Hours()/24, 2) + " days"
	case d >= 10*time.Minute:
		d = d.Round(time.Minute)
	}
	return Duration(d.Seconds())
}
