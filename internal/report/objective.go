package report

import (
	"strconv"

	"rdiostress/internal/units"
)

// Objective limits one figure of every rate within the capacity.
type Objective struct {
	Name  string     `json:"name"`
	Unit  units.Unit `json:"unit"` // of Limit
	Op    string     `json:"op"`   // ">" or "<"
	Limit float64    `json:"limit"`
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
