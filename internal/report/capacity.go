package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"rdiostress/internal/measure"
)

// CapacitySchema identifies the saved form of a Capacity. Fields may be added under the same name.
const CapacitySchema = "rdiostress.capacity/v1"

// Capacity is the saved document of one search for the capacity of a server.
type Capacity struct {
	Schema     string           `json:"schema"`
	Tool       Tool             `json:"tool"`
	Run        CapacityRun      `json:"run"`
	Target     measure.Target   `json:"target"`
	Scenario   measure.Scenario `json:"scenario"` // what each step was sent as; its rate is the step's
	Objectives []Objective      `json:"objectives"`
	Search     *CapacitySearch  `json:"search,omitempty"` // how it was searched; absent in reports of older versions
	Result     CapacityResult   `json:"result"`
	Steps      []CapacityStep   `json:"steps"`             // in the order that they were made
	Priming    *measure.Priming `json:"priming,omitempty"` // before the first step
	Watch      measure.Watch    `json:"watch"`
	// what to know of the machine of the generator, a line each
	Warnings []string `json:"warnings,omitempty"`
}

// CapacityRun identifies the search.
type CapacityRun struct {
	ID          string    `json:"id"`
	StartedAt   time.Time `json:"started_at"`
	DurationS   float64   `json:"duration_s"`
	Interrupted bool      `json:"interrupted"`
	// the IDs of all runs that it was made of, which the names of their calls have: its own, of the calls before the
	// first step, then those of the steps, also of steps without a result; absent in reports of older versions
	RunIDs []string `json:"run_ids,omitempty"`
}

// CapacitySearch is the settings of the search.
type CapacitySearch struct {
	StartPerS float64 `json:"start_per_s"` // the first rate
	// the highest rate to try; 0: only the number of unique calls limits it
	MaxPerS   float64 `json:"max_rate_per_s,omitempty"`
	MaxTimeS  float64 `json:"max_time_s"`
	HoldS     float64 `json:"hold_s"`    // how long the final rate is held
	Precision float64 `json:"precision"` // how close the last two rates are, as a share
	// the most uploads in flight that a step could have; the scenario has those of the last step
	MaxConcurrent int `json:"max_concurrent"`
}

// CapacityResult is what the search found. Where it could not find a capacity, CapacityPerS is absent, Reason says why,
// and AtLeastPerS is what is known.
type CapacityResult struct {
	// calls taken per second at the highest rate that met every objective
	CapacityPerS *float64 `json:"capacity_per_s,omitempty"`
	OfferedPerS  *float64 `json:"offered_per_s,omitempty"` // that rate: more, where the objectives let some be refused
	LowPerS      *float64 `json:"low_per_s,omitempty"`     // the capacity lies between these
	HighPerS     *float64 `json:"high_per_s,omitempty"`    // the lowest rate that broke
	// the highest rate that was held, where no capacity was found
	AtLeastPerS *float64 `json:"at_least_per_s,omitempty"`
	Broke       string   `json:"broke,omitempty"`       // the objective that broke first at HighPerS
	AllBroke    []string `json:"all_broke,omitempty"`   // all that broke there, in order
	BrokeWords  string   `json:"broke_words,omitempty"` // all of them
	Confirmed   bool     `json:"confirmed"`             // by a final hold of its own
	// how it was seen that storage keeps up: a method of delivery, "metrics", or "none"
	Verified string `json:"verified"`
	Reason   string `json:"reason,omitempty"` // what ended the search, where that was not a confirmed capacity
	Limited  bool   `json:"generator_limited"`

	// AcceptedPerS stands in place of a capacity where storage was not seen and the server is known to acknowledge
	// calls before it stores them: the highest rate that it acknowledged within the objectives. How many of them it
	// stores is not known.
	AcceptedPerS *float64 `json:"accepted_per_s,omitempty"`
	ExitCode     int      `json:"exit_code"` // of the command
}

// Queues turns CapacityPerS into AcceptedPerS: the search did not see what is stored, and the server acknowledges calls
// before it stores them, so that what was found is the rate that it accepts.
func (r *CapacityResult) Queues() {
	r.AcceptedPerS = r.CapacityPerS
	if r.AcceptedPerS == nil {
		r.AcceptedPerS = r.AtLeastPerS
	}
	r.CapacityPerS, r.AtLeastPerS, r.OfferedPerS = nil, nil, nil
}

// StorageUnseen reports whether it was not seen that storage keeps up.
func (r *CapacityResult) StorageUnseen() bool {
	return r.Verified == "" || r.Verified == measure.MethodNone
}

// CapacityStep is one rate, held for some time.
type CapacityStep struct {
	RunID    string  `json:"run_id,omitempty"` // which the names of its calls have
	RatePerS float64 `json:"rate_per_s"`       // calls due per second
	Final    bool    `json:"final"`            // the hold that confirms a capacity
	// it was held again, with more slots or as the generator was at its limit: the later one counts
	Repeated     bool     `json:"repeated"`
	StartS       float64  `json:"start_s"`    // since the start of the search
	DurationS    float64  `json:"duration_s"` // of sending
	Slots        int      `json:"slots"`      // uploads in flight at most
	Attempted    uint64   `json:"attempted"`
	Accepted     uint64   `json:"accepted"`
	Unsent       uint64   `json:"unsent"`
	SuccessRate  *float64 `json:"success_rate,omitempty"`
	AcceptedPerS float64  `json:"accepted_per_s"`
	MeanS        *float64 `json:"mean_s,omitempty"`
	P50S         *float64 `json:"p50_s,omitempty"`
	P90S         *float64 `json:"p90_s,omitempty"`
	P95S         *float64 `json:"p95_s,omitempty"`
	P99S         *float64 `json:"p99_s,omitempty"`
	// accepted uploads that are in no time, as the generator itself was stopped
	LeftOut uint64 `json:"left_out,omitempty"`
	// the percentiles with less than one accepted upload beyond them
	FewSamples []string `json:"few_samples,omitempty"`
	// Of the accepted uploads, base64 of the HdrHistogram V2 compressed encoding, in nanoseconds; absent without any,
	// and in reports of older versions.
	Histogram        string   `json:"histogram,omitempty"` // of the response times
	ServiceHistogram string   `json:"service_time_histogram,omitempty"`
	StoredPerS       *float64 `json:"stored_per_s,omitempty"`
	// by how much storage fell behind the accepted calls, each second
	BehindPerS *float64 `json:"behind_per_s,omitempty"`
	BacklogEnd *uint64  `json:"backlog_end,omitempty"` // calls accepted and not stored at the last reply
	// from the last reply until all was stored, or until the wait for that ended
	DrainS  *float64 `json:"drain_s,omitempty"`
	Pending *uint64  `json:"pending,omitempty"` // calls not stored when the wait ended; 0 if all were
	Lost    *uint64  `json:"lost,omitempty"`    // accepted and not stored
	// why it was not seen what was stored of the step, where that was looked at
	Unseen     string   `json:"unseen,omitempty"`
	CPUSPerS   *float64 `json:"cpu_s_per_s,omitempty"` // of the server, at most
	RSSBytes   *float64 `json:"rss_bytes,omitempty"`   // of the server, at most
	Steady     bool     `json:"steady"`                // it had come to a steady state
	OK         bool     `json:"ok"`
	Broke      string   `json:"broke,omitempty"`            // the objective that it missed first
	AllBroke   []string `json:"all_broke,omitempty"`        // all that it missed, in order
	BrokeWords string   `json:"broke_words,omitempty"`      // all of them
	Limits     []string `json:"generator_limits,omitempty"` // how the generator held it back
}

// WriteCapacityJSON writes a search for a capacity as indented JSON.
func WriteCapacityJSON(w io.Writer, rep Capacity) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err := enc.Encode(rep)
	if err == nil {
		_, err = w.Write(JSONWithoutCommands(out.Bytes()))
	}
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
