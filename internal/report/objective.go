package report

import (
	"strconv"
)

// Objective is a figure and a limit that every rate within the capacity keeps.
type Objective struct {
	Name  string  `json:"name"`
	Op    string  `json:"op"` // ">" or "<"
	Limit float64 `json:"limit"`
}

// What can break besides objectives.
const (
	BrokeRate    = "rate_achieved"  // calls that were due were not sent
	BrokeSteady  = "steady_state"   // response times kept growing
	BrokeStorage = "storage"        // accepted calls were stored more slowly than they came
	BrokeLoss    = "data_loss"      // accepted calls were not stored
	BrokeUnseen  = "storage_unseen" // it was not seen whether they were: nothing is known of the rate
)

// String writes the objective as ParseObjective reads it.
func (o Objective) String() string { return o.Name + o.Op + strconv.FormatFloat(o.Limit, 'g', -1, 64) }
