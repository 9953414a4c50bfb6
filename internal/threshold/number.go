package threshold

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// splitNumber returns the longest number at the beginning of a text, in any notation of Go, and the unit that follows
// it without a space.
func splitNumber(s string) (number, unit string) {
	s = splitWord(s)
	s = s[:min(len(s), 64)]
	for i := len(s); i > 0; i-- {
		if _, err := strconv.ParseFloat(s[:i], 64); err == nil || isRange(err) {
			return s[:i], s[i:]
		}
	}
	return "", ""
}

// isRange reports whether a number is one, only too large.
func isRange(err error) bool {
	return errors.Is(err, strconv.ErrRange)
}

// parseNumber returns the value of a number; false if it is not finite.
func parseNumber(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// scale is a unit that may stand behind a limit.
type scale struct {
	name       string
	of         units.Unit // what a figure is measured in that takes it
	times, per float64    // a limit is multiplied and divided by these: 7 / 100 is 0.07, and 7 * 0.01 is not
}

// Units returns the names of the units that may stand behind the limit of a figure.
func Units(of units.Unit) (names []string) {
	for _, s := range scales() {
		if s.of == of {
			names = append(names, s.name)
		}
	}
	return names
}

func scales() []scale {
	const bytes, bytesPerS = units.Unit(measure.UnitBytes), units.Unit(measure.UnitBytesPerS)
	list := []scale{
		{"us", units.InSeconds, 1, 1e6},
		{"µs", units.InSeconds, 1, 1e6},
		{"ms", units.InSeconds, 1, 1e3},
		{"s", units.InSeconds, 1, 1},
		{"m", units.InSeconds, 60, 1},
		{"min", units.InSeconds, 60, 1},
		{"h", units.InSeconds, 3600, 1},
		{"%", units.InRatio, 1, 100},
		{"/s", InPerSecond, 1, 1},
		{"/m", InPerSecond, 1, 60},
		{"/h", InPerSecond, 1, 3600},
	}
	for i, name := range []string{"B", "kB", "MB", "GB", "TB"} {
		list = append(list, scale{name, bytes, math.Pow(1000, float64(i)), 1})
	}
	list = append(list, scale{"KB", bytes, 1000, 1})
	for i, name := range []string{"KiB", "MiB", "GiB", "TiB"} {
		list = append(list, scale{name, bytes, math.Pow(1024, float64(i+1)), 1})
	}
	for _, s := range list {
		if s.of == bytes {
			list = append(list, scale{s.name + "/s", bytesPerS, s.times, s.per})
		}
	}
	return list
}

// inUnit returns a limit with a unit in the figure's own, or what is wrong with the unit.
func inUnit(v float64, unit string, of units.Unit) (limit float64, problem string) {
	for _, s := range scales() {
		if s.of == of && s.name == unit {
			return v * s.times / s.per, ""
		}
	}
	take := Units(of)
	if len(take) == 0 {
		return 0, fmt.Sprintf("%q is not expected behind this number: the figure takes no unit", unit)
	}
	return 0, fmt.Sprintf("there is no unit %q for this figure, only %s", unit, strings.Join(take, ", "))
}
