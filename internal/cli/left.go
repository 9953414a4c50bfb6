package cli

import (
	"fmt"

	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// leftText says in a line how many calls a run has left on the server, and how they are removed; nothing without any.
func leftText(res *report.Report) string {
	n, about := callsLeft(res)
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s%s of this run %s left on the server; rdiostress cleanup --print --run %s --verify DATABASE "+
		"prints the SQL that removes them", about, units.Plural(n, "call"), units.Are(n), res.Run.ID)
}

// callsLeft counts the calls that a run has left on the server, with those before it. Where it was not seen what is
// stored, that is as many as the server has acknowledged.
func callsLeft(res *report.Report) (n uint64, about string) {
	d := &res.Delivery
	if d.Stored != nil && d.Corrupted != nil {
		n = *d.Stored + *d.Corrupted
		for _, more := range []*uint64{d.RejectedStored, d.UnansweredStored, d.Pending} {
			if more != nil {
				n += *more
			}
		}
	} else {
		about = "up to "
		for _, p := range res.Phases {
			n += p.Totals.Accepted
		}
	}
	n += res.Target.CallsBefore
	if p := res.Priming; p != nil {
		n += p.Accepted
	}
	return n, about
}
