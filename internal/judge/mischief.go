package judge

import (
	"fmt"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// MischiefFindings is the threshold of a run with mischief: a sound server gives no reason for a finding.
const MischiefFindings = "mischief_findings"

// mischiefRule is the threshold about mischief, of a run that had some.
func mischiefRule(m *measure.Mischief) Threshold {
	t := Threshold{Name: MischiefFindings, Op: "<=", Absent: "no mischief came to an end"}
	if m.Sent > m.Unfinished || len(m.Findings) > 0 {
		t.set(float64(len(m.Findings)), len(m.Findings) == 0)
	}
	return t
}

// findings is how many findings of mischief there are. They are the server's own, whatever the generator's limits.
func findings(res measure.Result) int {
	if res.Mischief == nil {
		return 0
	}
	return len(res.Mischief.Findings)
}

// FindingText says what the server did, to what, and how often.
func FindingText(f measure.MischiefFinding) string {
	words := "Finding: "
	if f.Kind != "all" {
		words += f.Kind + ": the server "
	}
	words += f.Title
	if f.Count > 1 {
		return fmt.Sprintf("%s (%s times, %s)", words, units.Count(f.Count), units.Interval(f.FirstS, f.LastS))
	}
	if f.LastS > 0 {
		words += " (" + units.Interval(f.FirstS, f.LastS) + ")"
	}
	return words
}
