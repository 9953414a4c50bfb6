package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// SignedBytes writes a size that can be negative.
func SignedBytes(v float64) string {
	if v < 0 {
		return "-" + Bytes(-v)
	}
	return Bytes(v)
}

// Count writes a whole number with thousands separators.
func Count(n uint64) string { return separate(strconv.FormatUint(n, 10)) }

// separate puts separators between the thousands of a whole number.
func separate(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Number writes a number with three significant digits, or whole from 100 on. A number next to nothing has two.
func Number(v float64) string {
	switch a := math.Abs(v); {
	case v <= -999.5:
		return "-" + Number(a)
	case a >= 999.5:
		return Count(uint64(math.Round(min(a, 1e18))))
	case a >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case a >= 9.995:
		return fmt.Sprintf("%.1f", v)
	case a > 0 && a < 0.005:
		const most = 12
		return fmt.Sprintf("%.*f", int(min(1-math.Floor(math.Log10(a)), most)), v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// Rate writes a number per second with a digit more than Number, because small changes of rates matter.
func Rate(v float64) string {
	if v >= 99.95 && v < 999.95 {
		return fmt.Sprintf("%.1f", v)
	}
	return Number(v)
}

// PerSecond writes a number per second for prose: "50/s", "102.9/s".
func PerSecond(v float64) string { return Trim(Rate(v)) + "/s" }

// CallRate writes calls per second, per minute or per hour, whichever suits the rate.
func CallRate(perS float64) string {
	switch {
	case perS <= 0 || perS >= 1:
		return Trim(Rate(perS)) + " calls/s"
	case perS*60 >= 1:
		return Trim(Rate(perS*60)) + " calls/min"
	default:
		return Trim(Rate(perS*3600)) + " calls/h"
	}
}

// Seconds writes a response time in the unit that suits it.
func Seconds(s float64) string {
	switch {
	case s >= 0.9995:
		return Number(s) + " s"
	case s >= 0.0009995:
		return Number(s*1e3) + " ms"
	default:
		return Number(s*1e6) + " µs"
	}
}

// Duration writes a duration the way people plan: "20 ms", "45 s", "2 min 30 s", "8 h".
func Duration(s float64) string {
	const whole = 59.95 // seconds from which rounding gives a minute
	switch {
	case s > 0 && s < 1:
		return Trim(Seconds(s))
	case s < whole:
		return Trim(fmt.Sprintf("%.1f", s)) + " s"
	}
	return longDuration(s)
}

// longDuration writes a duration of a minute or more.
func longDuration(s float64) string {
	whole := uint64(math.Round(min(s, 1e15)))
	var parts []string
	for _, unit := range []struct {
		size uint64
		name string
	}{{3600, "h"}, {60, "min"}, {1, "s"}} {
		if n := whole / unit.size; n > 0 {
			parts = append(parts, Count(n)+" "+unit.name)
		}
		whole %= unit.size
	}
	return strings.Join(parts, " ")
}

// Bytes writes a size in decimal units, as networks and disks are sold.
func Bytes(v float64) string {
	for _, unit := range []struct {
		bytes float64
		name  string
	}{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if v >= unit.bytes*0.9995 {
			return Number(v/unit.bytes) + " " + unit.name
		}
	}
	return fmt.Sprintf("%.0f B", v)
}

// Percent writes a share of 0 to 1. It never rounds up to all nor down to nothing: 99.999 % is not 100 %.
func Percent(v float64) string {
	const smallest = 0.0001
	if v > 0 && v < smallest {
		return "< 0.01 %"
	}
	// The addend makes up for shares such as 0.9421, which floating point stores as a little less.
	return fmt.Sprintf("%.2f %%", math.Floor(v*1e4+1e-6)/1e2)
}

// Trim cuts the zeros that end the decimals of a figure, with or without a unit behind it, for prose: "5.00 s" becomes
// "5 s". Columns keep them, so that figures line up.
func Trim(figure string) string {
	number, unit, ok := strings.Cut(figure, " ")
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	if !ok {
		return number
	}
	return number + " " + unit
}
