package report

import (
	"slices"

	"rdiostress/internal/judge"
)

// Drill is what a run against a server with a known defect, or with none, was diagnosed as.
type Drill struct {
	Name    string
	Command string      // that made the run
	Want    string      // id of the finding that there is to be; empty for none
	Found   []string    // ids of the findings that there are
	Grade   judge.Grade // of the run by the score, which many a defect passes
}

// Take takes in the report of the drill's run.
func (d *Drill) Take(rep Report) {
	d.Grade = rep.Verdict.Grade
	for _, f := range rep.Diagnosis {
		d.Found = append(d.Found, f.ID)
	}
}

// Hit tells whether what there is to be found was.
func (d *Drill) Hit() bool { return d.Want == "" || slices.Contains(d.Found, d.Want) }

// Others are the findings of what is not there.
func (d *Drill) Others() []string {
	return slices.DeleteFunc(slices.Clone(d.Found), func(id string) bool { return id == d.Want })
}

// OK tells whether just that was found which there is.
func (d *Drill) OK() bool { return d.Hit() && len(d.Others()) == 0 }
