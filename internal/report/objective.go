package report

import (
	"strconv"

	"rdiostress/internal/judge"
	"rdiostress/internal/units"
)

// Objective limits one figure of every rate within the capacity.
type Objective struct {
	Name  string     `json:"name"`
	Unit  units.Unit `json:"unit"` // of Limit
	Op    string     `json:"op"`   // ">" or "<"
	Limit float64    `json:"limit"`
}

// The names of figures that objectives can limit besides those of the guide's rules.
const (
	ErrorRate   = judge.AlertErrorRate
	P50Response = "p50_response_time_s" // of the accepted uploads, as the other two
	P90Response = "p90_response_time_s"
	P99Response = "p99_response_time_s"
)

// UnitOf returns the unit of the figure that an objective limits; empty for a name that is not known.
func UnitOf(figure string) units.Unit {
	switch figure {
	case ErrorRate:
		return units.InRatio
	case P50Response, P90Response, P99Response:
		return units.InSeconds
	default:
		return judge.UnitOf(figure)
	}
}

// The requirements that a step can miss besides its objectives.
const (
	BrokeRate    = "rate_achieved"  // calls that were due were not sent
	BrokeSteady  = "steady_state"   // response times kept growing
	BrokeStorage = "storage"        // accepted calls were stored more slowly than they came
	BrokeLoss    = "data_loss"      // accepted calls were not stored
	BrokeUnseen  = "storage_unseen" // it is not known whether they were, so nothing is known of the rate
)

// String returns the objective in the form that the command line reads.
func (o Objective) String() string { return o.Name + o.Op + strconv.FormatFloat(o.Limit, 'g', -1, 64) }

// LimitText returns what the objective requires, such as "under 2 s".
func (o Objective) LimitText() string {
	return judge.LimitText(judge.Threshold{Name: o.Name, Unit: o.Unit, Op: o.Op, Limit: o.Limit})
}
