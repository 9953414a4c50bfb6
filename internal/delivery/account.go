package delivery

import (
	"context"
	"strings"
	"time"

	"rdiostress/internal/measure"
)

// account is what became of the calls of a run. Each acknowledged call is in exactly one of stored, altered, dropped,
// missing and pending, or was an intentional duplicate.
type account struct {
	acknowledged, stored, altered, dropped, missing, pending uint64

	refused                          uint64 // the missing calls that the server says it did not store
	reasons                          []measure.Reason
	twice                            uint64
	by                               measure.Altered
	compared, reencoded, checked     uint64
	rejectedStored, unansweredStored uint64
	duplicates                       measure.DuplicatesKept
	examples                         []string
	beforeCrash, crashLost           uint64
	ack, due                         *measure.Histogram
}

// maxExamples is how many calls an account names as examples of faults.
const maxExamples = 10

// newAccount reads the ledger. A call without a trace is missing if it was acknowledged before a given time, else
// pending. crash is when the server was killed; negative if it was not.
func newAccount(l *Ledger, before, crash time.Duration, why *reasons) *account {
	a := &account{ack: measure.NewHistogram(), due: measure.NewHistogram()}
	storedDuplicates := findStoredDuplicates(l)
	reasonCounts := newReasonCounts(why)
	l.each(func(n uint64, r *receipt) {
		state := r.state.Load()
		if state&intentional != 0 || state&once == 0 && r.accepted() && storedDuplicates.claim(r) {
			a.countDuplicate(r, state)
			return
		}
		if !r.accepted() {
			a.countUnacknowledged(r.class(), state)
			return
		}
		a.acknowledged++
		early := crash >= 0 && r.doneAt() < crash
		if early {
			a.beforeCrash++
		}
		what, lost := a.classify(r, state, before)
		if lost && early {
			a.crashLost++
		}
		switch {
		case lost:
			what += reasonCounts.count(l, n, state)
		case what != "":
			what += l.describeAudioFault(n)
		}
		if what != "" && len(a.examples) < maxExamples {
			a.examples = append(a.examples, l.fileName(n)+": "+what)
		}
	})
	a.reasons = reasonCounts.list()
	return a
}

// classify counts an acknowledged call in the one place where it belongs. It returns what is wrong with the call, if
// anything.
func (a *account) classify(r *receipt, state uint32, before time.Duration) (what string, lost bool) {
	if state&once != 0 {
		a.countStored(r, state)
	}
	switch {
	case state&once != 0 && state&altered != 0:
		a.altered++
		return "stored with other " + strings.Join(alteredWords(state), ", "), false
	case state&once != 0:
		a.stored++
		return "", false
	case state&wasDropped != 0:
		a.dropped++
		return "dropped as a duplicate", true
	case state&wasRefused != 0:
		a.refused++
		a.missing++
		return "missing", true
	case r.doneAt() < before:
		a.missing++
		return "missing", true
	default:
		a.pending++
		return "", false
	}
}

// countDuplicate counts an intentional duplicate, or a call that was dropped because its duplicate overtook it. Servers
// may keep duplicates or drop them.
func (a *account) countDuplicate(r *receipt, state uint32) {
	switch {
	case !r.accepted():
	case state&once != 0:
		a.duplicates.Acknowledged++
		a.duplicates.Stored++
	default:
		a.duplicates.Acknowledged++
		a.duplicates.NotStored++
	}
}

// countUnacknowledged counts a call that was stored although it was not acknowledged.
func (a *account) countUnacknowledged(class measure.Class, state uint32) {
	if state&once == 0 {
		return
	}
	switch class.Parent() {
	case measure.ParentHTTP, measure.ParentRejected:
		a.rejectedStored++
	case measure.ParentTimeout, measure.ParentConnection, measure.ParentNone:
		a.unansweredStored++
	}
}

// countStored counts an acknowledged call that is stored, intact or altered.
func (a *account) countStored(r *receipt, state uint32) {
	count := func(bit uint32, n *uint64) {
		if state&bit != 0 {
			*n++
		}
	}
	count(twice, &a.twice)
	count(otherSystem, &a.by.System)
	count(otherGroup, &a.by.Talkgroup)
	count(otherTime, &a.by.Time)
	count(otherAudio, &a.by.Audio)
	count(comparedWell, &a.compared)
	count(reencoded, &a.reencoded)
	if state&reencoded != 0 {
		count(checked, &a.checked)
	}
	if at, ok := r.seenAt(); ok {
		a.ack.Record(max(at-r.doneAt(), 0))
		a.due.Record(max(at-r.dueAt(), 0))
	}
}

func alteredWords(state uint32) (words []string) {
	for _, w := range []struct {
		bit  uint32
		word string
	}{{otherSystem, "system"}, {otherGroup, "talkgroup"}, {otherTime, "time"}, {otherAudio, "audio"}} {
		if state&w.bit != 0 {
			words = append(words, w.word)
		}
	}
	return words
}

// fillDelivery writes the account to d.
func (a *account) fillDelivery(d *measure.Delivery) {
	lost := a.dropped + a.missing
	d.Acknowledged, d.Stored, d.Lost = &a.acknowledged, &a.stored, &lost
	d.Duplicated, d.Corrupted = &a.twice, &a.altered
	d.Dropped, d.Missing, d.Pending = &a.dropped, &a.missing, &a.pending
	d.AudioCompared, d.AudioReencoded = &a.compared, &a.reencoded
	d.AudioConverted, d.AudioConvertedChecked = &a.reencoded, &a.checked
	d.RejectedStored, d.UnansweredStored = &a.rejectedStored, &a.unansweredStored
	d.Examples, d.Reasons = a.examples, a.reasons
	if a.duplicates.Acknowledged > 0 {
		d.Duplicates = &a.duplicates
	}
	if a.altered > 0 {
		d.Altered = &a.by
	}
	if a.ack.Count() > 0 { // only if single calls were seen as they came
		ack, due := a.ack.Distribution(""), a.due.Distribution("")
		d.AckToStored, d.DueToStored = &ack, &due
	}
}

// Account reads once what a server has stored of a run, without a Watch and without waiting: a call that is not found
// is missing. It does not read the server's settings.
func Account(ctx context.Context, l *Ledger, p Prober, o AudioOptions) (measure.Delivery, error) {
	m := newMatcher(l, &o)
	if err := p.ReadAll(ctx, m.visitAll()); err != nil {
		return measure.Delivery{}, err
	}
	m.checkAudio(ctx, p, &o, "")
	d := measure.Delivery{Method: p.Method(), Source: p.Source()}
	newAccount(l, forever, -1, m.copyReasons()).fillDelivery(&d)
	m.describeAudio(&d, &o)
	return d, nil
}
