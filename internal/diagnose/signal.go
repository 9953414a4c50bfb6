package diagnose

import (
	"fmt"
	"math"
	"strings"

	"github.com/dustin/go-humanize"
)

// Unit is what a signal is measured in.
type Unit string

// The units.
const (
	Share   Unit = "share" // 0 to 1, shown in percent
	Seconds Unit = "s"
	Bytes   Unit = "bytes"
	PerS    Unit = "per_s"
	BytesPS Unit = "bytes_per_s"
	Count   Unit = "count"
	Times   Unit = "times"  // one figure over another
	Number  Unit = "number" // without a unit
	Truth   Unit = "truth"  // 1 where it is so
)

// Signal is a figure that rules look at.
type Signal struct {
	Value float64
	Unit  Unit
	Note  string   // when, or a sample of what the server said
	Lines []string // what it is made up of, a line each
}

// Signals are what a run shows, by name. What was not observed is not there.
type Signals map[string]Signal

// set puts a figure in, unless it is none.
func (s Signals) set(name string, value float64, unit Unit) {
	s.note(name, value, unit, "")
}

// note puts a figure in with a note.
func (s Signals) note(name string, value float64, unit Unit, note string) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	s[name] = Signal{Value: value, Unit: unit, Note: note}
}

// String is the figure as people write it, with its unit.
func (s Signal) String() string {
	switch s.Unit {
	case Share:
		return percent(s.Value)
	case Seconds:
		return duration(s.Value)
	case Bytes:
		return humanize.Bytes(uint64(max(s.Value, 0)))
	case BytesPS:
		return humanize.Bytes(uint64(max(s.Value, 0))) + "/s"
	case PerS:
		return significant(s.Value) + "/s"
	case Times:
		return significant(s.Value) + " times"
	case Number:
		return significant(s.Value)
	default:
		return humanize.Commaf(math.Round(s.Value))
	}
}

// percent writes a share of 0 to 1. What is not all is not rounded to all, nor what is not nothing to nothing.
func percent(v float64) string {
	const tenth = 0.001
	switch {
	case v > 0 && v < tenth:
		return "< 0.1 %"
	case v < 1 && v > 1-tenth:
		return "> 99.9 %"
	default:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*v), ".0") + " %"
	}
}

// significant writes a number with three digits that matter.
func significant(v float64) string {
	if v >= 100 || v <= -100 {
		return humanize.Commaf(math.Round(v))
	}
	return fmt.Sprintf("%.3g", v)
}

// duration writes seconds in the unit that fits.
func duration(s float64) string {
	switch {
	case s < 1e-3:
		return fmt.Sprintf("%.3g µs", s*1e6)
	case s < 1:
		return fmt.Sprintf("%.3g ms", s*1e3)
	case s < 120:
		return fmt.Sprintf("%.3g s", s)
	case s < 120*60:
		return fmt.Sprintf("%.0f min", s/60)
	default:
		return fmt.Sprintf("%.3g h", s/3600)
	}
}
