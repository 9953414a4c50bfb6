package report

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
)

// The delivery method of a run that did not look, and why there are no counts then.
const (
	methodNone = "none"
	notChecked = "this run did not check what was stored"
)

// delivery says so where nobody looked whether calls were stored, so that nobody takes accepted for stored.
func delivery(d measure.Delivery) measure.Delivery {
	if d.Method == "" {
		d.Method = methodNone
	}
	if d.Method == methodNone && d.Absent == "" {
		d.Absent = notChecked
	}
	return d
}

// num is a count, or 0 where there is none.
func num(n *uint64) uint64 {
	if n == nil {
		return 0
	}
	return *n
}

// lost is the number of acknowledged calls that are known not to have been stored, or not as they were sent.
func lost(res measure.Result) uint64 { return num(res.Delivery.Lost) + num(res.Delivery.Corrupted) }

// ran ahead: so large a part of the acknowledged calls was not stored at the end that it is told, in percent.
const aheadPercent = 1

// deliveryReasons says what is wrong with what was stored.
func deliveryReasons(d measure.Delivery) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if c := d.Crash; c != nil && c.Lost != nil && *c.Lost > 0 {
		add("lost in the crash: %s of the %s acknowledged before the server was killed %s not stored",
			count(*c.Lost), plural(c.Acknowledged, "call"), were(*c.Lost))
	}
	if n := num(d.Lost); n > 0 {
		line := fmt.Sprintf("data loss: %s %s not stored", plural(n, "acknowledged call"), were(n))
		if d.Acknowledged != nil {
			line = fmt.Sprintf("data loss: of %s, %s %s not stored", plural(*d.Acknowledged, "acknowledged call"), count(n), were(n))
		}
		if dropped := num(d.Dropped); dropped > 0 {
			line += fmt.Sprintf(" (%s dropped as %s although unique, %s missing)", count(dropped), duplicates(dropped), count(num(d.Missing)))
		}
		lines = append(lines, line)
		if given := givenReasons(d); given != "" {
			lines = append(lines, given)
		}
		if num(d.BacklogEnd) > n { // some were stored later
			lines = append(lines, ahead(d))
		}
	}
	if n := num(d.Corrupted); n > 0 {
		add("altered: %s stored otherwise than sent: %s", is(n, "call"), alterations(d.Altered))
	}
	if n := num(d.Pending); n > 0 {
		add("not stored in time: %s; %s still pending, %s%s", ahead(d), is(n, "call"), whyPending(d), needs(d))
	}
	if d.Failed {
		add("could not verify delivery: %s", d.Absent)
	}
	return lines
}

// ahead says in a line how far acceptance had run ahead of storage.
func ahead(d measure.Delivery) string {
	acknowledged, backlog := num(d.Acknowledged), num(d.BacklogEnd)
	return fmt.Sprintf("acknowledged %s, stored %s when the run ended; %s %s only in memory",
		count(acknowledged), count(acknowledged-min(backlog, acknowledged)), count(backlog), were(backlog))
}

// whyPending says why it was waited no longer for pending calls.
func whyPending(d measure.Delivery) string {
	switch d.WaitEnd {
	case measure.WaitStopped:
		return "as the wait for them was stopped"
	case measure.WaitUnread:
		return "as what is stored could not be read any more"
	default:
		return "as the wait for them has ended"
	}
}

// needs is how long pending calls would need.
func needs(d measure.Delivery) string {
	if d.PendingS == nil {
		return ""
	}
	return fmt.Sprintf("; at %s calls/s they need %s more", trimZeros(rate(float64(num(d.Pending))/max(*d.PendingS, 1e-9))), span(*d.PendingS))
}

func duplicates(n uint64) string {
	if n == 1 {
		return "a duplicate"
	}
	return "duplicates"
}

func is(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing + " is"
	}
	return plural(n, thing) + " are"
}

// alterations says what is other in calls that are stored.
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
			parts = append(parts, fmt.Sprintf("other %s in %s", p.what, count(p.n)))
		}
	}
	return strings.Join(parts, ", ")
}

// deliveryWarnings says what to know of what was stored although it changes nothing.
func deliveryWarnings(d measure.Delivery) (lines []string) {
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	backlog := num(d.BacklogEnd)
	if num(d.Lost)+num(d.Pending) == 0 && backlog*100 > num(d.Acknowledged)*aheadPercent && d.DrainS != nil {
		line := fmt.Sprintf("%s, and a crash would have lost them; storing them took %s more", ahead(d), span(*d.DrainS))
		if d.StoredPerS != nil {
			line += fmt.Sprintf(" at %s calls/s", trimZeros(rate(*d.StoredPerS)))
		}
		lines = append(lines, line)
	}
	if words := staleWords(d); words != "" {
		lines = append(lines, words)
	}
	if n := num(d.Duplicated); n > 0 {
		add("%s stored more than once", is(n, "call"))
	}
	if n := num(d.RejectedStored); n > 0 {
		add("%s stored although the upload was refused: a client that sends again makes a duplicate", is(n, "call"))
	}
	if n := num(d.UnansweredStored); n > 0 {
		add("%s stored although the upload got no answer: a client that sends again makes a duplicate", is(n, "call"))
	}
	if c := d.Crash; c != nil {
		lines = append(lines, crashWords(c))
	}
	return lines
}

// crashWords says how the server stood being killed.
func crashWords(c *measure.Crash) string {
	line := fmt.Sprintf("the server was killed at %s", moments(c.KilledS, c.KilledS))
	switch {
	case c.AnsweredS == nil:
		line += " and did not answer again"
	default:
		line += fmt.Sprintf(" and answered again after %s; uploads that failed meanwhile count as failed", span(*c.AnsweredS-c.KilledS))
	}
	if c.Lost != nil && *c.Lost == 0 {
		line += fmt.Sprintf("; none of the %s acknowledged before is lost", plural(c.Acknowledged, "call"))
	}
	return line
}

// delivered shows what became of the acknowledged calls.
func (p *page) delivered(rep *Report) {
	d := rep.Delivery
	if d.Acknowledged == nil || d.Stored == nil || d.Missing == nil {
		return
	}
	bad := func(n *uint64) string { return p.ink.redIf(num(n) > 0, count(num(n))) }
	header := []string{"acknowledged", "stored", "altered", "dropped", "missing", "pending", "stored/s"}
	row := []string{
		count(*d.Acknowledged), count(*d.Stored), bad(d.Corrupted), bad(d.Dropped), bad(d.Missing), bad(d.Pending), none,
	}
	if d.StoredPerS != nil {
		row[len(row)-1] = rate(*d.StoredPerS)
	}
	p.section("Storage of acknowledged calls")
	p.grid(header, [][]string{row}, strings.Repeat("r", len(header)))
	p.note(fmt.Sprintf("Verified by %s, through %s%s.", d.Method, d.Source, audioWord(d)), p.ink.dim)
	if k := d.Duplicates; k != nil {
		p.note(fmt.Sprintf("Of %s on purpose that were acknowledged, %s %s stored; they are not counted above.",
			plural(k.Acknowledged, "duplicate"), count(k.Stored), were(k.Stored)), p.ink.dim)
	}
	if n := num(d.BacklogMax); n > 0 {
		text := fmt.Sprintf("Storage was behind by %s at most", plural(n, "call"))
		if d.DrainS != nil && num(d.BacklogEnd) > 0 {
			done := "all were stored"
			if num(d.Lost) > 0 {
				done = "the backlog was gone"
			}
			text += fmt.Sprintf("; %s %s after the last reply", done, span(*d.DrainS))
		}
		p.note(text+".", p.ink.dim)
	}
	if f := d.AckToStored; f != nil && f.Figures != nil && d.ResolutionS != nil {
		to, how := "stored", fmt.Sprintf(", seen every %s", span(*d.ResolutionS))
		if *d.ResolutionS == 0 {
			to, how = "delivered", ""
		}
		times := figures(f, "p50_s", "p95_s", "max_s")
		line := fmt.Sprintf("Acknowledged → %s: p50 %s, p95 %s, max %s%s.", to, times[0], times[1], times[2], how)
		p.note(line, p.ink.dim)
	}
	if words := waitWords(d); words != "" {
		p.note(words, p.ink.dim)
	}
	if words := staleWords(d); words != "" {
		p.note("These are not the counts of the end: "+words+".", p.ink.yellow)
	}
	for _, example := range d.Examples[:min(len(d.Examples), 3)] {
		p.note("For example "+example+".", p.ink.dim)
	}
}

// audioWord says whether the audio was compared, or checked where the server converted it, and why not where it was
// not.
func audioWord(d measure.Delivery) string {
	compared, converted, checked := num(d.AudioCompared), num(d.AudioConverted), num(d.AudioConvertedChecked)
	if d.AudioConverted == nil { // a report of before
		converted = num(d.AudioReencoded)
	}
	why := clean(d.AudioNotCompared)
	if compared+converted == 0 {
		if why != "" {
			why = ": " + why
		}
		return "; audio not compared" + why
	}
	line := ""
	if compared > 0 {
		line = "; audio compared in " + plural(compared, "call")
	}
	if converted > 0 {
		line += "; the server converted the audio of " + plural(converted, "call") + ", of which " +
			convertedWord(d, checked)
	}
	if why != "" {
		line += "; not compared: " + why
	}
	return line
}

// convertedWord says how far converted audio was looked into.
func convertedWord(d measure.Delivery, checked uint64) string {
	decoded := num(d.AudioDecoded)
	switch {
	case checked == 0:
		return "none was checked"
	case decoded > 0:
		return fmt.Sprintf("%s %s checked and %s decoded", count(checked), were(checked), count(decoded))
	}
	line := fmt.Sprintf("%s %s checked and none decoded", count(checked), were(checked))
	if d.AudioNotDecoded != "" {
		line += " (" + clean(d.AudioNotDecoded) + ")"
	}
	return line
}

// checkDelivery makes sure that every acknowledged call is in exactly one place.
func checkDelivery(d measure.Delivery) error {
	var sum uint64
	parts := []*uint64{d.Stored, d.Corrupted, d.Dropped, d.Missing, d.Pending}
	for _, n := range append(parts, d.Acknowledged, d.Lost, d.Duplicated) {
		if num(n) > maxCount {
			return fmt.Errorf("delivery: a count of %d is not possible", *n)
		}
	}
	for _, n := range parts {
		if n == nil { // not looked at
			return nil
		}
		sum += *n
	}
	if sum != num(d.Acknowledged) {
		return fmt.Errorf("delivery: the counts of what became of calls add up to %d, but %d were acknowledged", sum, num(d.Acknowledged))
	}
	if num(d.Lost) != *d.Dropped+*d.Missing {
		return fmt.Errorf("delivery: %d lost are not %d dropped and %d missing", num(d.Lost), *d.Dropped, *d.Missing)
	}
	if k := d.Duplicates; k != nil && (k.Acknowledged > maxCount || k.Stored > k.Acknowledged || k.NotStored > k.Acknowledged || k.Stored+k.NotStored != k.Acknowledged) {
		return fmt.Errorf("delivery: of %d duplicates, %d stored and %d not stored", k.Acknowledged, k.Stored, k.NotStored)
	}
	if num(d.AudioConvertedChecked) > num(d.AudioConverted) || num(d.AudioConverted) > *d.Stored+*d.Corrupted {
		return fmt.Errorf("delivery: the audio of %d of %d converted calls was checked, but only %d are stored",
			num(d.AudioConvertedChecked), num(d.AudioConverted), *d.Stored+*d.Corrupted)
	}
	if num(d.Duplicated) > *d.Stored+*d.Corrupted {
		return fmt.Errorf("delivery: %d duplicated, but only %d stored", *d.Duplicated, *d.Stored+*d.Corrupted)
	}
	return nil
}
