package judge

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// lost counts the acknowledged calls that are known to be unstored or altered.
func lost(res *measure.Result) uint64 {
	return measure.OrZero(res.Delivery.Lost) + measure.OrZero(res.Delivery.Corrupted)
}

// aheadPercent is the percentage of acknowledged calls that may be unstored at the end without a warning.
const aheadPercent = 1

// deliveryReasons returns a line for every fault of storage.
func deliveryReasons(d *measure.Delivery) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if c := d.Crash; c != nil && c.Lost != nil && *c.Lost > 0 {
		add("lost in the crash: %s of the %s acknowledged before the server was killed %s not stored",
			units.Count(*c.Lost), units.Plural(c.Acknowledged, "call"), units.Were(*c.Lost))
	}
	if n := measure.OrZero(d.Lost); n > 0 {
		line := fmt.Sprintf("data loss: %s %s not stored", units.Plural(n, "acknowledged call"), units.Were(n))
		if d.Acknowledged != nil {
			line = fmt.Sprintf("data loss: of %s, %s %s not stored", units.Plural(*d.Acknowledged, "acknowledged call"),
				units.Count(n), units.Were(n))
		}
		if dropped := measure.OrZero(d.Dropped); dropped > 0 {
			line += fmt.Sprintf(" (%s dropped as %s although unique, %s missing)", units.Count(dropped),
				duplicates(dropped), units.Count(measure.OrZero(d.Missing)))
		}
		lines = append(lines, line)
		if given := givenReasons(d); given != "" {
			lines = append(lines, given)
		}
		if measure.OrZero(d.BacklogEnd) > n { // some were stored later
			lines = append(lines, ahead(d))
		}
	}
	if n := measure.OrZero(d.Corrupted); n > 0 {
		add("altered: %s stored differently than sent: %s", is(n, "call"), alterations(d.Altered))
	}
	if n := measure.OrZero(d.Pending); n > 0 {
		add("not stored in time: %s; %s still pending, %s%s", ahead(d), is(n, "call"), whyPending(d), needs(d))
	}
	if d.Failed {
		add("could not verify delivery: %s", d.Absent)
	}
	return lines
}

// ahead says how far acceptance was ahead of storage.
func ahead(d *measure.Delivery) string {
	acknowledged, backlog := measure.OrZero(d.Acknowledged), measure.OrZero(d.BacklogEnd)
	return fmt.Sprintf("acknowledged %s, stored %s when the run ended; %s %s only in memory",
		units.Count(acknowledged), units.Count(acknowledged-min(backlog, acknowledged)), units.Count(backlog),
		units.Were(backlog))
}

// whyPending says why the wait for pending calls ended.
func whyPending(d *measure.Delivery) string {
	switch d.WaitEnd {
	case measure.WaitStopped:
		return "as the wait for them was stopped"
	case measure.WaitUnread:
		return "as what is stored could not be read any more"
	default:
		return "as the wait for them has ended"
	}
}

// needs says how much more time pending calls need, if known.
func needs(d *measure.Delivery) string {
	if d.PendingS == nil {
		return ""
	}
	return fmt.Sprintf("; at %s calls/s they need %s more",
		units.Trim(units.Rate(float64(measure.OrZero(d.Pending))/max(*d.PendingS, 1e-9))), units.Duration(*d.PendingS))
}

// duplicates returns what n dropped calls were taken for.
func duplicates(n uint64) string {
	if n == 1 {
		return "a duplicate"
	}
	return "duplicates"
}

// is returns "1 call is" or "5 calls are".
func is(n uint64, thing string) string { return units.Plural(n, thing) + " " + units.Are(n) }

// alterations lists how stored calls differ from the sent ones.
func alterations(a *measure.Altered) string {
	if a == nil {
		return "something"
	}
	var parts []string
	for _, p := range []struct {
		n    uint64
		what string
	}{{a.Audio, "audio"}, {a.System, "system"}, {a.Talkgroup, "talkgroup"}, {a.Time, "time"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("different %s in %s", p.what, units.Count(p.n)))
		}
	}
	return strings.Join(parts, ", ")
}

// deliveryWarnings returns a line for everything about storage that the reader should know and that does not affect the
// verdict.
func deliveryWarnings(d *measure.Delivery) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	backlog := measure.OrZero(d.BacklogEnd)
	if measure.OrZero(d.Lost)+measure.OrZero(d.Pending) == 0 &&
		backlog*100 > measure.OrZero(d.Acknowledged)*aheadPercent && d.DrainS != nil {
		line := fmt.Sprintf("%s, and a crash would have lost them; storing them took %s more", ahead(d),
			units.Duration(*d.DrainS))
		if d.StoredPerS != nil {
			line += fmt.Sprintf(" at %s calls/s", units.Trim(units.Rate(*d.StoredPerS)))
		}
		lines = append(lines, line)
	}
	if words := StaleText(d); words != "" {
		lines = append(lines, words)
	}
	if n := measure.OrZero(d.Duplicated); n > 0 {
		add("%s stored more than once", is(n, "call"))
	}
	if n := measure.OrZero(d.RejectedStored); n > 0 {
		add("%s stored although the upload was refused: a client that sends again makes a duplicate", is(n, "call"))
	}
	if n := measure.OrZero(d.UnansweredStored); n > 0 {
		add("%s stored although the upload got no answer: a client that sends again makes a duplicate", is(n, "call"))
	}
	if c := d.Crash; c != nil {
		lines = append(lines, crashText(c))
	}
	return lines
}

// crashText says how the server recovered from being killed.
func crashText(c *measure.Crash) string {
	line := fmt.Sprintf("the server was killed at %s", units.Interval(c.KilledS, c.KilledS))
	switch {
	case c.AnsweredS == nil:
		line += " and did not answer again"
	default:
		line += fmt.Sprintf(" and answered again after %s; uploads that failed meanwhile count as failed",
			units.Duration(*c.AnsweredS-c.KilledS))
	}
	if c.Lost != nil && *c.Lost == 0 {
		line += fmt.Sprintf("; none of the %s acknowledged before is lost", units.Plural(c.Acknowledged, "call"))
	}
	return line
}
