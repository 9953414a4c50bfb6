package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"rdiostress/internal/measure"
)

// none stands where there is no figure.
const none = "–"

// count renders a whole number with thousands separators.
func count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural renders a number of things whose plural ends in s.
func plural(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}

func were(n uint64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func its(n uint64) string {
	if n == 1 {
		return "its"
	}
	return "their"
}

// figure renders a number to three significant digits, or whole from 100 on.
func figure(v float64) string {
	switch a := math.Abs(v); {
	case a >= 999.5:
		return count(uint64(math.Round(min(a, 1e18))))
	case a >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case a >= 9.995:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// rate renders a number per second: a digit more than figure, because small changes of rates matter.
func rate(v float64) string {
	if v >= 99.95 && v < 999.95 {
		return fmt.Sprintf("%.1f", v)
	}
	return figure(v)
}

// callRate renders calls per second in the unit that suits it.
func callRate(perS float64) string {
	switch {
	case perS <= 0 || perS >= 1:
		return trimZeros(rate(perS)) + " calls/s"
	case perS*60 >= 1:
		return trimZeros(rate(perS*60)) + " calls/min"
	default:
		return trimZeros(rate(perS*3600)) + " calls/h"
	}
}

// seconds renders a response time in the unit that suits it.
func seconds(s float64) string {
	switch {
	case s >= 0.9995:
		return figure(s) + " s"
	case s >= 0.0009995:
		return figure(s*1e3) + " ms"
	default:
		return figure(s*1e6) + " µs"
	}
}

// percentile renders one of a distribution's percentiles, or none where it is absent or is named as one with too few
// samples.
func percentile(s *float64, name string, few []string) string {
	if s == nil || slices.Contains(few, name) {
		return none
	}
	return seconds(*s)
}

// figures renders a distribution's mean, some of its percentiles and its maximum, by their names in JSON. Percentiles
// with less than one sample beyond them are left out: each would be the maximum by another name.
func figures(d *measure.Distribution, names ...string) []string {
	cells := make([]string, len(names))
	for i, name := range names {
		cells[i] = none
		if f := d.Figures; f != nil && !slices.Contains(measure.FewSamples(d.Count), name) {
			cells[i] = seconds(map[string]float64{
				"mean_s": f.MeanS, "max_s": f.MaxS,
				"p50_s": f.P50S, "p90_s": f.P90S, "p95_s": f.P95S, "p99_s": f.P99S, "p999_s": f.P999S,
			}[name])
		}
	}
	return cells
}

// span renders a stretch of time in the words that people plan with: "20 ms", "45 s", "2 min 30 s", "8 h".
func span(s float64) string {
	const whole = 59.95 // seconds from which on a tenth more is a minute
	switch {
	case s > 0 && s < 1:
		return trimFigure(seconds(s))
	case s < whole:
		return trimZeros(fmt.Sprintf("%.1f", s)) + " s"
	}
	return longSpan(s)
}

// longSpan renders a minute or more.
func longSpan(s float64) string {
	whole := uint64(math.Round(min(s, 1e15)))
	var parts []string
	for _, unit := range []struct {
		size uint64
		name string
	}{{3600, "h"}, {60, "min"}, {1, "s"}} {
		if n := whole / unit.size; n > 0 {
			parts = append(parts, count(n)+" "+unit.name)
		}
		whole %= unit.size
	}
	return strings.Join(parts, " ")
}

// size renders a size in decimal units, as networks and disks are sold.
func size(v float64) string {
	for _, unit := range []struct {
		bytes float64
		name  string
	}{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if v >= unit.bytes*0.9995 {
			return figure(v/unit.bytes) + " " + unit.name
		}
	}
	return fmt.Sprintf("%.0f B", v)
}

// percent renders a share of 0 to 1. It never rounds up to all nor down to nothing: 99.999 % is no 100 %.
func percent(v float64) string {
	const smallest = 0.0001
	if v > 0 && v < smallest {
		return "< 0.01 %"
	}
	// The small addend makes up for shares like 0.9421 that are stored as a little less.
	return fmt.Sprintf("%.2f %%", math.Floor(v*1e4+1e-6)/1e2)
}

// trimZeros cuts trailing zeros after a decimal point.
func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// clean makes text that came from outside safe for a terminal and fit for one line: no control or invisible characters, and
// white space only as single blanks.
func clean(s string) string {
	s = twwidth.Filter().ReplaceAllString(s, "") // colours and other escape sequences
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsGraphic(r):
			return '?'
		default:
			return r
		}
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// moments renders from when to when since the start of the run something was seen, short enough for a column.
func moments(first, last float64) string {
	const clock = 1000 // seconds from which on hours and minutes read better
	from, to, unit := tenths(first), tenths(last), " s"
	if last >= clock {
		from, to, unit = hours(first), hours(last), " h"
	}
	if from == to {
		return to + unit
	}
	return from + "–" + to + unit
}

func tenths(s float64) string {
	if s < 9.95 {
		return fmt.Sprintf("%.1f", s)
	}
	return fmt.Sprintf("%.0f", s)
}

func hours(s float64) string {
	minutes := uint64(min(max(s, 0), 1e15)) / 60
	return fmt.Sprintf("%s:%02d", count(minutes/60), minutes%60)
}
