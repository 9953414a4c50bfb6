package html

import (
	"math"
	"slices"
	"strconv"

	"rdiostress/internal/units"
)

// chart is a figure of the page: lines over an axis, or a heat map.
type chart struct {
	ID, Title string
	Sentence  string // what it shows, in words
	X         []float64
	XKind     xKind
	Unit      unit
	Log       bool // the vertical axis
	Lines     []line
	Limits    []limit
	Bands     []band
	Heat      *heat
	Marks     []mark // of a vertical line each
	Table     table
	low, high float64 // of the vertical axis
	end       float64 // of the horizontal axis, where that is not the last of X
}

// BandKeys are the bands that a chart's legend explains, since they have no names in it: each of a kind once.
func (c *chart) BandKeys() (keys []band) {
	const most = 4
	for _, b := range c.Bands {
		if b.Kind == "alert" {
			b.Name = "alert: " + b.Name
		} else if b.Kind != "down" {
			continue
		}
		known := slices.ContainsFunc(keys, func(k band) bool { return k.Name == b.Name })
		if !known && len(keys) < most {
			keys = append(keys, b)
		}
	}
	return keys
}

// xKind says what the horizontal axis is.
type xKind string

const (
	overTime   xKind = "time"    // seconds since the start of the run
	percentile xKind = "nines"   // -log10 of the share of samples beyond
	overRate   xKind = "rate"    // calls per second
	noAxis     xKind = "nothing" // it is no chart
)

// line is a figure along the horizontal axis; NaN where there is none.
type line struct {
	Name   string
	Style  int // 1 to 4: its colour and its dashes
	Values []float64
	Dots   bool // single points without a line
}

// limit is a value that is not to be exceeded.
type limit struct {
	Name  string
	Value float64
}

// band is a span of time in which something was so.
type band struct {
	Kind     string // "phase", "unscored", "alert" or "down"
	Name     string
	From, To float64
}

// mark is a place on the horizontal axis.
type mark struct {
	Name string
	At   float64
}

// heat is a grid of counts: columns over time, rows of response times.
type heat struct {
	Columns []span
	Rows    []float64  // upper ends in seconds, ascending, evenly on a logarithmic axis
	Low     float64    // lower end of the first row
	Counts  [][]uint64 // by column and row
}

type span struct{ From, To float64 }

// table is a chart's figures as text.
type table struct {
	Header []string
	Rows   [][]string
	Note   string
}

// unit says how values are written.
type unit string

const (
	inSeconds    unit = "s"
	inBytes      unit = "B"
	inBytesPerS  unit = "B/s"
	inCalls      unit = "calls"
	inCallsPerS  unit = "calls/s"
	inProcessors unit = "processors"
	inCount      unit = "count"
	inShare      unit = "share"
)

// whole reports whether there is no half of one.
func (u unit) whole() bool { return u == inCalls || u == inCount }

// format writes a value.
func (u unit) format(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case u == inSeconds:
		return units.Seconds(v)
	case u == inBytes:
		return units.Bytes(v)
	case u == inBytesPerS:
		return units.Bytes(v) + "/s"
	case u == inCallsPerS:
		return units.PerSecond(v)
	case u == inShare:
		return units.Percent(v)
	default:
		return units.Trim(units.Number(v))
	}
}

// tick is a place on an axis with its label.
type tick struct {
	At    float64
	Label string
}

// plottable bounds what is drawn, so that no figure of a file makes an axis without end.
const plottable = 1e15

// ticks are about n round places from low to high.
func (c *chart) ticks(low, high float64, n int) (list []tick) {
	if c.Log {
		return c.logTicks(low, high)
	}
	step := roundStep((high - low) / float64(n))
	if c.Unit.whole() {
		step = max(step, 1)
	}
	for i := math.Ceil(low / step); i*step <= high*(1+1e-9) && len(list) < 20; i++ {
		list = append(list, tick{i * step, c.axisLabel(i * step)})
	}
	return list
}

// axisLabel writes a round value of an axis.
func (c *chart) axisLabel(v float64) string {
	if v == 0 {
		return "0"
	}
	if c.Unit == inShare {
		return units.Given(v*100) + " %"
	}
	return units.Trim(c.Unit.format(v))
}

// logTicks are powers of ten from low to high, and their halves where these are few.
func (c *chart) logTicks(low, high float64) (list []tick) {
	few := math.Log10(high/low) < 2.5
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)) && len(list) < 20; e++ {
		for _, digit := range []float64{1, 2, 5} {
			v := digit * math.Pow(10, e)
			if v >= low*(1-1e-9) && v <= high*(1+1e-9) && (digit == 1 || few) {
				list = append(list, tick{v, units.Trim(c.Unit.format(v))})
			}
		}
	}
	return list
}

// roundStep is the round number next to a step: 1, 2 or 5 times a power of ten.
func roundStep(step float64) float64 {
	if !(step > 0) || step > plottable {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, digit := range []float64{1, 2, 5} {
		if digit*power >= step*(1-1e-9) {
			return digit * power
		}
	}
	return 10 * power
}

// timeTicks are round times of a run.
func timeTicks(low, high float64, n int) (list []tick) {
	least := (high - low) / float64(n)
	step := roundStep(least)
	for _, round := range []float64{60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400} {
		if least > 30 && round >= least*0.99 {
			step = round
			break
		}
	}
	for i := math.Ceil(low / step); i*step <= high*(1+1e-9) && len(list) < 12; i++ {
		list = append(list, tick{i * step, clockText(i * step)})
	}
	return list
}

// clockText writes a time since the start of a run, as short as axes need it: "12 s", "2:30 min" or "1:05 h".
func clockText(s float64) string {
	two := func(n int) string { return strconv.Itoa(n/10) + strconv.Itoa(n%10) }
	switch whole := int(math.Round(min(s, plottable))); {
	case s == 0:
		return "0"
	case s < 60:
		return strconv.FormatFloat(s, 'g', 3, 64) + " s"
	case s < 3600:
		return strconv.Itoa(whole/60) + ":" + two(whole%60) + " min"
	default:
		return strconv.Itoa(whole/3600) + ":" + two(whole/60%60) + " h"
	}
}

// scale fits the vertical axis to the values. It reports false where there is nothing to be drawn.
func (c *chart) scale() bool {
	low, high, seen := math.Inf(1), 0.0, false
	for _, l := range c.Lines {
		for i, v := range l.Values {
			if math.IsNaN(v) || c.Log && v <= 0 {
				l.Values[i] = math.NaN()
				continue
			}
			v = min(v, plottable)
			l.Values[i] = v
			low, high, seen = min(low, v), max(high, v), true
		}
	}
	if !seen {
		return false
	}
	room := 1.12 // above a limit, for its name
	if c.Log {
		room = 1.7
	}
	for _, l := range c.Limits {
		if l.Value <= high*4 { // one far above would flatten everything
			high = max(high, l.Value*room)
		}
	}
	switch {
	case c.Log:
		low, high = low/1.3, high*1.3
	case c.Unit == inShare:
		low, high = 0, max(high, 0.01)
	case c.Unit.whole():
		low, high = min(low, 0), max(high*1.08, 1)
	default:
		low, high = min(low, 0), high*1.08
	}
	if high <= low {
		high = low + 1
	}
	c.low, c.high = low, high
	c.Limits = slices.DeleteFunc(c.Limits, func(l limit) bool { return l.Value < low || l.Value > high })
	return true
}

// y is a value's place from the top, 0 to 1.
func (c *chart) y(v float64) float64 {
	if c.Log {
		return 1 - math.Log(v/c.low)/math.Log(c.high/c.low)
	}
	return 1 - (v-c.low)/(c.high-c.low)
}

// span returns the ends of the horizontal axis.
func (c *chart) span() (from, to float64) {
	from, to = 0, 1
	if n := len(c.X); n > 0 {
		from, to = c.X[0], c.X[n-1]
	}
	if c.XKind != percentile {
		from = 0
	}
	to = max(to, c.end)
	if to <= from {
		to = from + 1
	}
	return from, to
}

// x is the place of a value of the horizontal axis, from the left, 0 to 1.
func (c *chart) x(v float64) float64 {
	from, to := c.span()
	return (min(max(v, from), to) - from) / (to - from)
}

// xTicks are round places of the horizontal axis.
func (c *chart) xTicks() (list []tick) {
	const n = 5
	from, to := c.span()
	switch c.XKind {
	case overTime:
		return timeTicks(from, to, n)
	case percentile:
		for _, p := range []struct {
			nines float64
			label string
		}{{math.Log10(2), "50 %"}, {1, "90 %"}, {2, "99 %"}, {3, "99.9 %"}, {4, "99.99 %"}, {5, "99.999 %"}} {
			if p.nines <= to+1e-9 {
				list = append(list, tick{p.nines, p.label})
			}
		}
		return list
	default:
		step := roundStep((to - from) / n)
		for i := 0.0; i*step <= to*(1+1e-9) && len(list) < 20; i++ {
			label := "0"
			if i > 0 {
				label = units.Given(i*step) + "/s"
			}
			list = append(list, tick{i * step, label})
		}
		return list
	}
}
