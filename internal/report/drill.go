package report

import (
	"slices"

	"rdiostress/internal/judge"
)

// Drill is the outcome of a run against a server with a known defect, or with none: what the diagnosis found of it.
type Drill struct {
	Name    string
	Command string      // that made the run
	Want    string      // id of the finding that must be made; empty for none
	Found   []string    // ids of the findings that were made
	Grade   judge.Grade // of the run: many a defect passes the thresholds
}

// SetReport records what the report of the drill's run says.
func (d *Drill) SetReport(rep *Report) {
	d.Grade = rep.Verdict.Grade
	for _, f := range rep.Diagnosis {
		d.Found = append(d.Found, f.ID)
	}
}

// Hit reports whether the defect was found.
func (d *Drill) Hit() bool { return d.Want == "" || slices.Contains(d.Found, d.Want) }

// Others returns the findings of defects that the server does not have.
func (d *Drill) Others() []string {
	return slices.DeleteFunc(slices.Clone(d.Found), func(id string) bool { return id == d.Want })
}

// OK reports whether the defect was found, and nothing else.
func (d *Drill) OK() bool { return d.Hit() && len(d.Others()) == 0 }

// DrillSummary counts the outcomes of drills.
type DrillSummary struct {
	Defects, Hits int // drills with a defect, and those of them that found it
	Others        int // findings of defects that such a server does not have
	Healthy       int // drills without a defect
	Clean         int // of these, drills that found nothing
}

// SummariseDrills counts the outcomes of drills.
func SummariseDrills(drills []Drill) DrillSummary {
	var s DrillSummary
	for _, d := range drills {
		switch {
		case d.Want != "":
			s.Defects++
			s.Others += len(d.Others())
			if d.Hit() {
				s.Hits++
			}
		case len(d.Found) == 0:
			s.Clean++
			fallthrough
		default:
			s.Healthy++
		}
	}
	return s
}
