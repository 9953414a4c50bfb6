// Package github shows a report in a job of GitHub Actions: as annotations, which its log and the pull request have,
// and in the summary of its step.
package github

import (
	"fmt"
	"io"
	"strings"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/plain"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// maxAnnotations is how many annotations of a level GitHub keeps of a step.
const maxAnnotations = 10

// How much text an annotation has at most. GitHub shows a few lines.
const (
	maxTitle = 150
	maxText  = 2000
)

// Annotations are the faults and findings of a report, as commands to the runner of a job.
type Annotations struct {
	tool             string
	errors, warnings []annotation
}

type annotation struct{ title, text string }

// OfRun returns the annotations of a run: an error for each missed threshold or other fault, and a warning for each
// finding. A run that meets all has no error.
func OfRun(rep *report.Report) Annotations {
	list := Annotations{tool: rep.Tool.Name}
	if v := rep.Verdict; v.ExitCode != exitcode.OK {
		for _, reason := range v.Reasons {
			list.errors = append(list.errors, annotation{rep.Tool.Name + ": " + v.Word(), reason})
		}
	}
	for _, f := range rep.Diagnosis {
		text := strings.Join(f.Evidence, "; ")
		if text != "" {
			text += ". "
		}
		list.warnings = append(list.warnings, annotation{rep.Tool.Name + ": " + f.Title, text + "To do: " + f.Fix})
	}
	return list
}

// OfSearch returns the annotations of a search for a capacity: an error if it did not find what it was asked for, and
// its warnings.
func OfSearch(rep *report.Capacity) Annotations {
	list := Annotations{tool: rep.Tool.Name}
	found := rep.Outcome()
	title := strings.TrimSpace(rep.Tool.Name + ": " + found.Word + " " + found.Head)
	if rep.Result.ExitCode != exitcode.OK {
		list.errors = append(list.errors, annotation{title, strings.Join(found.Reasons, " ")})
	}
	for _, warning := range found.Warnings {
		list.warnings = append(list.warnings, annotation{title, warning})
	}
	return list
}

// Write writes the commands that make the annotations, a line each. Of those beyond GitHub's number, it writes how many
// there are.
func (a Annotations) Write(w io.Writer) error {
	for _, level := range []struct {
		command, more string
		list          []annotation
	}{{"error", "More errors", a.errors}, {"warning", "More warnings", a.warnings}} {
		list := level.list
		if more := len(list) - maxAnnotations + 1; more > 1 {
			list = append(list[:maxAnnotations-1:maxAnnotations-1], annotation{
				a.tool + ": " + level.more, fmt.Sprintf("and %s more: see the report", units.Count(uint64(more))),
			})
		}
		for _, one := range list {
			if _, err := fmt.Fprintf(w, "::%s title=%s::%s\n", level.command, property(one.title),
				data(one.text)); err != nil {
				return fmt.Errorf("write annotations: %w", err)
			}
		}
	}
	return nil
}

// data escapes the text of a command, as the runner undoes it.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").
		Replace(report.Shorten(maxText, plain.Line(s, '?')))
}

// property escapes the value of a property of a command, as the runner undoes it.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").
		Replace(report.Shorten(maxTitle, plain.Line(s, '?')))
}
