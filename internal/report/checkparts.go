package report

import (
	"errors"
	"fmt"

	"rdiostress/internal/measure"
)

// checkHistograms checks that the histograms of intervals hold the accepted uploads of the series, apart from those
// whose times are left out. Reports of older versions have none.
func checkHistograms(rep *Report) error {
	if len(rep.Histograms) == 0 {
		return nil
	}
	var inSeries, inHistograms uint64
	for _, p := range rep.Series {
		inSeries += p.Accepted - min(p.LeftOut, p.Accepted)
	}
	for i := range rep.Histograms {
		h := &rep.Histograms[i]
		if _, _, err := h.Decode(); err != nil {
			return fmt.Errorf("histograms: interval %d: %w", i, err)
		}
		if inHistograms += h.Count; inHistograms > maxCount {
			return fmt.Errorf("histograms: interval %d: an impossible number of uploads", i)
		}
	}
	if inHistograms != inSeries {
		return fmt.Errorf("histograms: have %d accepted uploads, but the series times of %d", inHistograms, inSeries)
	}
	return nil
}

// checkDelivery checks that every acknowledged call is in exactly one place.
func checkDelivery(d measure.Delivery) error {
	var sum uint64
	parts := []*uint64{d.Stored, d.Corrupted, d.Dropped, d.Missing, d.Pending}
	for _, n := range append(parts, d.Acknowledged, d.Lost, d.Duplicated) {
		if measure.OrZero(n) > maxCount {
			return fmt.Errorf("delivery: a count of %d is not possible", *n)
		}
	}
	for _, n := range parts {
		if n == nil { // not looked at
			return nil
		}
		sum += *n
	}
	if sum != measure.OrZero(d.Acknowledged) {
		return fmt.Errorf("delivery: the counts of what became of calls add up to %d, but %d were acknowledged", sum,
			measure.OrZero(d.Acknowledged))
	}
	if measure.OrZero(d.Lost) != *d.Dropped+*d.Missing {
		return fmt.Errorf("delivery: %d lost are not %d dropped and %d missing", measure.OrZero(d.Lost), *d.Dropped,
			*d.Missing)
	}
	if k := d.Duplicates; k != nil &&
		(k.Acknowledged > maxCount || k.Stored > k.Acknowledged || k.NotStored > k.Acknowledged ||
			k.Stored+k.NotStored != k.Acknowledged) {
		return fmt.Errorf("delivery: of %d duplicates, %d stored and %d not stored", k.Acknowledged, k.Stored,
			k.NotStored)
	}
	if measure.OrZero(d.AudioConvertedChecked) > measure.OrZero(d.AudioConverted) ||
		measure.OrZero(d.AudioConverted) > *d.Stored+*d.Corrupted {
		return fmt.Errorf("delivery: the audio of %d of %d converted calls was checked, but only %d are stored",
			measure.OrZero(d.AudioConvertedChecked), measure.OrZero(d.AudioConverted), *d.Stored+*d.Corrupted)
	}
	if measure.OrZero(d.Duplicated) > *d.Stored+*d.Corrupted {
		return fmt.Errorf("delivery: %d duplicated, but only %d stored", *d.Duplicated, *d.Stored+*d.Corrupted)
	}
	return nil
}

// checkMischief checks that each request is counted once.
func checkMischief(m *measure.Mischief) error {
	if m == nil {
		return nil
	}
	var sent uint64
	for _, k := range m.Kinds {
		for _, n := range []uint64{k.Sent, k.Sound, k.Unsound, k.Busy, k.Unreachable, k.Unfinished, k.Skipped} {
			if n > maxCount {
				return fmt.Errorf("mischief: %.40s: a count of %d is not possible", k.Kind, n)
			}
		}
		if k.Sound+k.Unsound+k.Busy+k.Unreachable+k.Unfinished != k.Sent {
			return fmt.Errorf("mischief: %.40s: the counts do not add up to the %d that were sent", k.Kind, k.Sent)
		}
		sent += k.Sent
	}
	if sent != m.Sent {
		return fmt.Errorf("mischief: the kinds do not add up to the %d that were sent", m.Sent)
	}
	return nil
}

// checkPriming checks that the counts of priming agree with each other.
func checkPriming(m *measure.Priming) error {
	if m == nil {
		return nil
	}
	over := func(n *uint64, of uint64) bool { return n != nil && *n > of }
	switch {
	case m.Talkgroups > maxCount || m.Calls > maxCount:
		return errors.New("priming: such counts are not possible")
	case m.Accepted > m.Calls || over(m.Stored, m.Accepted):
		return fmt.Errorf("priming: of %d calls, more were accepted or stored", m.Calls)
	case over(m.KnownBefore, m.Talkgroups) || over(m.NotKnown, m.Talkgroups) || m.LeftOut > m.Talkgroups:
		return fmt.Errorf("priming: of %d talkgroups, more were known, not known or left out", m.Talkgroups)
	}
	return nil
}

// checkRetries checks that each call and each retry is counted once.
func checkRetries(r *measure.Retries) error {
	if r == nil {
		return nil
	}
	for _, n := range []uint64{r.Calls, r.Recovered, r.AlreadyThere, r.GivenUp, r.Pending, r.NotKept, r.Sent} {
		if n > maxCount {
			return fmt.Errorf("retries: a count of %d is not possible", n)
		}
	}
	if r.Recovered+r.GivenUp+r.Pending+r.NotKept != r.Calls {
		return fmt.Errorf("retries: the counts do not add up to the %d calls", r.Calls)
	}
	var sent, through uint64
	for _, t := range r.Tries {
		for _, n := range []uint64{t.Sent, t.Accepted, t.AlreadyThere, t.Failed} {
			if n > maxCount {
				return fmt.Errorf("retries: a count of %d is not possible", n)
			}
		}
		if t.Accepted+t.AlreadyThere+t.Failed != t.Sent {
			return fmt.Errorf("retries: attempt %d: the counts do not add up to the %d that were sent", t.Try, t.Sent)
		}
		sent, through = sent+t.Sent, through+t.Accepted+t.AlreadyThere
	}
	if sent != r.Sent || through != r.Recovered {
		return fmt.Errorf("retries: the attempts do not add up to %d sent and %d calls got through", r.Sent,
			r.Recovered)
	}
	return nil
}
