package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// Schema identifies the saved form of a comparison. Names are never changed or removed within a version.
const Schema = "rdiostress.compare/v1"

// The designs of a comparison.
const (
	Independent = "independent" // runs of two sides, in any order
	Paired      = "paired"      // runs in pairs, one of each side, made one right after the other
)

// The results of a figure.
const (
	Better       = "better"
	Worse        = "worse"
	NoDifference = "no difference shown"
	TooFewRuns   = "too few runs"
	NotMeasured  = "not measured"
)

// Document is a comparison in its saved form.
type Document struct {
	Schema     string      `json:"schema"`
	Tool       report.Tool `json:"tool"`
	Design     string      `json:"design"`
	Confidence float64     `json:"confidence"` // of the intervals
	Base       Side        `json:"base"`
	New        Side        `json:"new"`
	Verdict    Verdict     `json:"verdict"`
	Figures    []Figure    `json:"figures"`
	Gates      []Gate      `json:"gates"`
	// What differs between the runs beside the server, where they were compared all the same.
	Differences []string `json:"differences"`
	// Why nothing can be decided by these runs.
	Inconclusive []string `json:"inconclusive"`
	Notes        []string `json:"notes"`
}

// Side is one side of a comparison.
type Side struct {
	Name   string `json:"name"`   // what was named: a file, a folder, a pattern, a command
	Server string `json:"server"` // what its runs tell of the server
	Runs   []Run  `json:"runs"`
}

// Run is a run of a side.
type Run struct {
	File      string    `json:"file,omitempty"`
	ID        string    `json:"id"`
	StartedAt time.Time `json:"started_at"`
	Accepted  uint64    `json:"accepted"`
}

// Verdict is what the comparison comes to.
type Verdict struct {
	Text     string `json:"text"`
	ExitCode int    `json:"exit_code"`
}

// Figure is one figure of both sides.
type Figure struct {
	Name   string     `json:"name"`
	Title  string     `json:"title"`
	Unit   units.Unit `json:"unit"`
	Better string     `json:"better"` // "lower" or "higher"
	Gated  bool       `json:"gated"`  // it counts for the verdict, and is corrected for how many do
	Result string     `json:"result"`

	Base *float64 `json:"base,omitempty"` // of all runs together, percentiles from their merged histograms
	New  *float64 `json:"new,omitempty"`
	// Of each run, in the order of the side's runs.
	BaseRuns []float64 `json:"base_runs"`
	NewRuns  []float64 `json:"new_runs"`

	Change *Change `json:"change,omitempty"` // by runs
	// How likely so large a change is where there is none: of this figure alone, and corrected for the number of gated
	// figures.
	P         *float64 `json:"p,omitempty"`
	PAdjusted *float64 `json:"p_adjusted,omitempty"`
	RankP     *float64 `json:"rank_p,omitempty"` // by ranks alone
	// The smallest change, as a share, that four of five such comparisons would have shown.
	Visible *float64 `json:"visible_change,omitempty"`

	Within *Within `json:"within_these_runs,omitempty"`
	Absent string  `json:"absent,omitempty"` // why there is no change
}

// Change is a change as the ratio of the new side's figure to the base's, with its interval.
type Change struct {
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Within is a change of few runs by the batches of their time. It says nothing of other runs.
type Within struct {
	Change      *Change `json:"change,omitempty"`
	BatchS      float64 `json:"batch_s,omitempty"`
	BaseBatches int     `json:"base_batches,omitempty"`
	NewBatches  int     `json:"new_batches,omitempty"`
	Absent      string  `json:"absent,omitempty"`
}

// WriteJSON writes the comparison as indented JSON.
func WriteJSON(w io.Writer, doc Document) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	return nil
}
