package report

import (
	"cmp"
	"fmt"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// LoadText describes a load in a few words.
func LoadText(s *measure.Scenario) string {
	n := uint64(max(s.MaxConcurrent, 0))
	switch {
	case s.Stages != "":
		return "in stages: " + strings.ReplaceAll(s.Stages, ",", ", ")
	case s.Open():
		return fmt.Sprintf("%s however slow the server is, at most %s in flight", units.CallRate(s.RatePerS),
			units.Count(n))
	case s.ThinkTimeS > 0 && n == 1:
		return fmt.Sprintf("1 uploader, which pauses %s between calls", units.Duration(s.ThinkTimeS))
	case s.ThinkTimeS > 0:
		return fmt.Sprintf("%s uploaders, each pausing %s between calls", units.Count(n), units.Duration(s.ThinkTimeS))
	case n == 1:
		return "1 uploader, which sends as soon as it has a reply"
	default:
		return units.Count(n) + " uploaders, each sending as soon as it has a reply"
	}
}

// Title returns what an objective requires of what, such as "Success rate over 95 %".
func (o Objective) Title() string { return judge.ThresholdTitle(o.Name) + " " + o.LimitText() }

// Outcome is what a search found, in words.
type Outcome struct {
	Word     string   // such as "Capacity"
	Head     string   // such as "184 calls/s"; empty if nothing was found
	Reasons  []string // a sentence each
	Warnings []string
}

// Outcome returns what the search found.
func (c *Capacity) Outcome() Outcome {
	r := &c.Result
	var o Outcome
	o.Word, o.Head = r.headline()
	if c.Run.Interrupted {
		o.Word = "Interrupted"
	}
	if r.HighPerS != nil {
		o.Reasons = append(o.Reasons, fmt.Sprintf("The lowest rate that broke is %s: %s.", units.CallRate(*r.HighPerS),
			r.BrokeWords))
	}
	if r.Reason != "" {
		o.Reasons = append(o.Reasons, fmt.Sprintf("The search ended because %s.", r.Reason))
	} else if r.Confirmed {
		o.Reasons = append(o.Reasons, "A longer hold at that rate confirmed it.")
	}
	switch {
	case r.StorageUnseen():
		o.Warnings = append(o.Warnings,
			"Storage was not seen: accepted is the server's word, and a queue may hide the true limit.")
	case r.CapacityPerS != nil || r.AtLeastPerS != nil:
		o.Reasons = append(o.Reasons, fmt.Sprintf("Storage kept up at that rate, as seen by %s.", r.Verified))
	}
	o.Warnings = append(o.Warnings, c.Warnings...)
	return o
}

// headline sums up what was found.
func (r *CapacityResult) headline() (word, head string) {
	switch {
	case r.CapacityPerS != nil:
		return "Capacity", units.CallRate(*r.CapacityPerS)
	case r.AcceptedPerS != nil:
		return "Accepts", units.CallRate(*r.AcceptedPerS) + ", capacity not known"
	case r.AtLeastPerS != nil:
		return "Capacity", "at least " + units.CallRate(*r.AtLeastPerS)
	default:
		return "No capacity found", ""
	}
}

// Outcome says in a few words what became of a step.
func (s *CapacityStep) Outcome() string {
	switch {
	case s.Repeated:
		return "held again later"
	case !s.OK:
		return cmp.Or(s.BrokeWords, s.Broke, "broke")
	case s.Final:
		return "confirmed"
	default:
		return "held"
	}
}

// MischiefText sums up in a line what misbehaving clients did beside the good calls, and how the server took it.
func MischiefText(m *measure.Mischief) string {
	words := fmt.Sprintf("%s of %s", units.Plural(m.Sent, "request"), units.Plural(uint64(len(m.Kinds)), "kind"))
	if m.Unsound > 0 {
		words += fmt.Sprintf(", %s answered unsoundly", units.Count(m.Unsound))
	}
	if n := uint64(len(m.Findings)); n > 0 {
		return words + "; " + units.Plural(n, "finding")
	}
	return words + "; no finding"
}
