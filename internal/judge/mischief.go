package judge

import (
	"fmt"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// findings counts the server's faults under mischief. No limit of the generator excuses these.
func findings(res *measure.Result) int {
	if res.Mischief == nil {
		return 0
	}
	return len(res.Mischief.Findings)
}

// FindingText says what the server did, in response to which mischief, and how often.
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
