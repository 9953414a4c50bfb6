package delivery

import (
	"fmt"
	"sort"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// transcriptCounts say what became of the transcripts of the run's stored calls.
type transcriptCounts struct{ calls, made, failed, skipped, waiting, unseen uint64 }

// eachStored calls f with every acknowledged call of the run that is stored, and its transcript.
func (t *Transcripts) eachStored(f func(r *receipt, e transcriptEntry)) {
	t.watch.ledger.each(func(n uint64, r *receipt) {
		e := t.table.get(n)
		if r.owed() && (r.state.Load()&once != 0 || e.state != TranscriptUnseen) {
			f(r, e)
		}
	})
}

func (t *Transcripts) count() (c transcriptCounts) {
	t.eachStored(func(_ *receipt, e transcriptEntry) {
		c.calls++
		switch e.state {
		case TranscriptMade:
			c.made++
		case TranscriptFailed:
			c.failed++
		case TranscriptSkipped:
			c.skipped++
		case TranscriptWaiting:
			c.waiting++
		default:
			c.unseen++
		}
	})
	return c
}

// correction returns how far the clock that dates transcripts is ahead; false, with the reason, if that is not known
// well enough.
func (t *Transcripts) correction() (ahead, within time.Duration, unknown string) {
	o := t.knownOffset()
	switch {
	case o == nil && t.clockErr != nil:
		return 0, 0, fmt.Sprintf("the server's clock could not be compared with this machine's: %v", t.clockErr)
	case o == nil && t.NoClock != "":
		return 0, 0, t.NoClock
	case o == nil:
		return 0, 0, "the server's clock was not compared with this machine's"
	case o.Error() > maxClockError:
		return 0, 0, fmt.Sprintf("the server's clock is known to within %s only", units.Duration(o.Error().Seconds()))
	default:
		return o.Middle(), o.Error(), ""
	}
}

// fill writes what was found out to m. ended is when the last reply came.
func (t *Transcripts) fill(m *measure.Transcription, ended time.Duration) {
	c := t.count()
	m.Calls, m.Transcribed, m.Failed, m.Skipped = &c.calls, &c.made, &c.failed, &c.skipped
	m.Waiting, m.Unseen = &c.waiting, &c.unseen
	if t.stored.Count() > 0 {
		d := t.stored.Distribution("")
		m.StoredToTranscript = &d
	} else if m.StoredUnknown = t.source.DelayUnknown; m.StoredUnknown == "" {
		m.StoredUnknown = "no transcript shows how long it took"
	}
	ahead, within, unknown := t.correction()
	if m.ClockUnknown = unknown; unknown != "" {
		return
	}
	offset, off := ahead.Seconds(), within.Seconds()
	m.ClockOffsetS, m.ClockErrorS = &offset, &off
	t.fillDelays(m, ahead, within, ended)
}

// fillDelays writes to m how long transcripts took, from the reply. The clock that dates them is ahead, as far as known
// within some time.
func (t *Transcripts) fillDelays(m *measure.Transcription, ahead, within, ended time.Duration) {
	all, before := measure.NewHistogram(), measure.NewHistogram()
	early, late := measure.NewHistogram(), measure.NewHistogram()
	var there, waited uint64
	var last time.Duration
	now := t.watch.elapsed()
	t.eachStored(func(r *receipt, e transcriptEntry) {
		done := r.doneAt()
		made, isMade := e.made-ahead, e.state == TranscriptMade && e.dated
		if !isMade && e.state != TranscriptWaiting {
			return
		}
		if !isMade {
			made = now // at least
		}
		if made > ended {
			waited++
		}
		const quarters = 4
		switch delay := max(made-done, 0); {
		case done < ended/quarters:
			early.Record(delay)
		case done >= ended-ended/quarters:
			late.Record(delay)
		}
		if !isMade {
			return
		}
		all.Record(max(made-done, 0))
		before.Record(max(done-made, 0))
		if made <= done+within {
			there++
		}
		last = max(last, made)
	})
	m.WaitingEnd = &waited
	if d := all.Distribution("no call had a transcript with a date when the wait ended"); d.Figures != nil {
		gap := before.Quantile(0.5).Seconds()
		m.AckToTranscript, m.ThereAtReply, m.BeforeReplyP50S = &d, &there, &gap
	} else {
		m.ClockUnknown = d.Absent
	}
	for h, to := range map[*measure.Histogram]**float64{early: &m.EarlyP50S, late: &m.LateP50S} {
		if h.Count() > 0 {
			p50 := h.Quantile(0.5).Seconds()
			*to = &p50
		}
	}
	if m.WaitEnd == measure.TranscriptsDone && *m.Waiting == 0 {
		drain := max(last-ended, 0).Seconds()
		m.DrainS = &drain
	}
}

// FillSeries writes to the points of a series how many calls were transcribed and how many waited, and how long
// transcripts took. It returns the most that waited. It is called after Finish, and changes nothing if the delays are
// not known.
func (t *Transcripts) FillSeries(points []measure.Point) (most uint64) {
	ahead, _, unknown := t.correction()
	if unknown != "" || len(points) == 0 || !t.sees() {
		return 0
	}
	began, made := make([]uint64, len(points)+1), make([]uint64, len(points)+1)
	took := make([]time.Duration, len(points)+1)
	at := func(d time.Duration) int {
		s := d.Seconds()
		return sort.Search(len(points), func(i int) bool { return points[i].TS+points[i].WidthS >= s })
	}
	t.eachStored(func(r *receipt, e transcriptEntry) {
		done := r.doneAt()
		switch {
		case e.state == TranscriptWaiting:
			began[at(done)]++
		case e.state == TranscriptMade && e.dated:
			ready := max(e.made-ahead, done)
			i := at(ready)
			began[at(done)]++
			made[i]++
			took[i] += ready - done
		}
	})
	var begun, ready uint64
	for i := range points {
		begun, ready = begun+began[i], ready+made[i]
		transcribed, waiting := ready, begun-ready
		points[i].Transcribed, points[i].Untranscribed = &transcribed, &waiting
		if made[i] > 0 {
			mean := took[i].Seconds() / float64(made[i])
			points[i].TranscriptDelayS = &mean
		}
		most = max(most, waiting)
	}
	return most
}
