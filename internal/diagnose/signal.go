package diagnose

import (
	"math"

	"rdiostress/internal/units"
)

// Unit is the unit of a signal.
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

// Signals are the figures that a run shows, by name. A figure that was not observed has none.
type Signals map[string]Signal

// set sets a signal, unless the value is not a number.
func (s Signals) set(name string, value float64, unit Unit) {
	s.setWithNote(name, value, unit, "")
}

// setWithNote sets a signal with a note.
func (s Signals) setWithNote(name string, value float64, unit Unit, note string) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	s[name] = Signal{Value: value, Unit: unit, Note: note}
}

// String returns the figure as people write it, with its unit.
func (s Signal) String() string {
	switch s.Unit {
	case Share:
		return units.Trim(units.Percent(s.Value))
	case Seconds:
		return duration(s.Value)
	case Bytes:
		return units.Trim(units.Bytes(max(s.Value, 0)))
	case BytesPS:
		return units.Trim(units.Bytes(max(s.Value, 0))) + "/s"
	case PerS:
		return units.Trim(units.Number(s.Value)) + "/s"
	case Times:
		return units.Trim(units.Number(s.Value)) + " times"
	case Number:
		return units.Trim(units.Number(s.Value))
	default:
		return units.Whole(s.Value)
	}
}

// duration writes seconds: as a measured time, and in words from two minutes on.
func duration(s float64) string {
	const long = 120
	if s >= long {
		return units.Duration(s)
	}
	return units.Trim(units.Seconds(s))
}
