package cli

import (
	"fmt"
	"strings"

	"rdiostress/internal/capacity"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// leftText says in a line how many calls a run has left on the server, and how they are removed; nothing without any.
func leftText(res *report.Report) string {
	n, exact := callsLeft(res)
	return leftLine(n, exact, "run", beforeText(res, n), "--run "+res.Run.ID)
}

// searchLeftText says in a line how many calls a search for a capacity has left on the server, and how they are
// removed; nothing without any. The report, if there is one in a file, has the IDs of all of its runs.
func searchLeftText(out *capacity.Outcome, file string) string {
	which := "--report " + file
	if file == "" || file == "-" {
		which = "--run " + strings.Join(out.Run.RunIDs, ",")
	}
	return leftLine(out.CallsLeft, !out.CallsLeftAtMost, "search", "", which)
}

// leftLine says how many calls a run or a search has left on the server, with words about what they are, and with which
// flag cleanup finds them; nothing without any.
func leftLine(n uint64, exact bool, of, words, which string) string {
	if n == 0 {
		return ""
	}
	about := ""
	if !exact {
		about = "up to "
	}
	return fmt.Sprintf("%s%s of this %s %s left on the server%s; rdiostress cleanup --print %s --verify DATABASE "+
		"prints the SQL that removes them", about, units.Plural(n, "call"), of, units.Are(n), words, which)
}

// beforeText says how many of n calls the server took before the load.
func beforeText(res *report.Report, n uint64) string {
	var kinds []string
	probes, all := res.Target.CallsBefore, res.Target.CallsBefore
	if probes > 0 {
		kinds = append(kinds, units.Plural(probes, "probe"))
	}
	if p := res.Priming; p != nil && p.Accepted > 0 {
		kinds, all = append(kinds, units.Plural(p.Accepted, "call")+" for priming"), all+p.Accepted
	}
	switch all {
	case 0:
		return ""
	case n:
		return ", sent before the load"
	default:
		return fmt.Sprintf(", among them %s from before the load", strings.Join(kinds, " and "))
	}
}

// callsLeft counts the calls that a run has left on the server, with those before it. Where it was not seen what is
// stored, that is as many as the server has acknowledged, and exact is false.
func callsLeft(res *report.Report) (n uint64, exact bool) {
	n, exact = res.CallsLeft()
	n += res.Target.CallsBefore
	if p := res.Priming; p != nil {
		n += p.Accepted
	}
	return n, exact
}
