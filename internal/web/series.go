package web

import (
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/trial/event"
)

// maxIntervals limits the intervals that a document keeps. When they are full, pairs are merged.
const maxIntervals = 300

// slack is how much too narrow an interval may be: seconds are never exactly as long as each other.
const slack = time.Second / 2

// series is the run so far in intervals.
type series struct {
	width time.Duration // of an interval; 0 is a second
	list  []interval

	stored   uint64        // when storage was last looked at
	storedAt time.Duration // when that was; 0 before
}

// interval is a part of the run.
type interval struct {
	start, end        time.Duration
	accepted, failed  uint64
	retried, leftOut  uint64
	inFlight          int
	response, service measure.Times
	server            measure.Observation
	stored, backlog   *uint64 // nil if storage was not looked at
	// What was stored since storage was looked at before, and how long ago that was.
	newlyStored uint64
	storedOver  time.Duration

	histograms *measure.Histograms // nil if not made yet
	point      *measure.Point
}

// add adds the second that ended with an event. Before is the state at its start.
func (s *series) add(start time.Duration, before *measure.Cumulative, e *event.Second) {
	now := e.Cumulative
	next := interval{
		start: start, end: e.Elapsed, inFlight: e.InFlight, server: e.Server,
		accepted: now.Accepted - before.Accepted, failed: failures(now) - failures(before),
		retried: now.Retried - before.Retried, leftOut: now.LeftOut - before.LeftOut,
		response: now.Response.Since(&before.Response), service: now.Service.Since(&before.Service),
	}
	if p := e.Storage; p != nil && p.At > s.storedAt && p.Err == nil {
		stored, backlog := p.Stored, p.Backlog
		next.stored, next.backlog = &stored, &backlog
		next.newlyStored, next.storedOver = stored-min(s.stored, stored), p.At-s.storedAt
		s.stored, s.storedAt = stored, p.At
	}
	if last := len(s.list) - 1; last >= 0 {
		if s.list[last].end-s.list[last].start+slack < s.width {
			s.list[last] = merged(&s.list[last], &next)
			return
		}
	}
	if len(s.list) == maxIntervals {
		for i := range maxIntervals / 2 {
			s.list[i] = merged(&s.list[2*i], &s.list[2*i+1])
		}
		clear(s.list[maxIntervals/2:])
		s.list, s.width = s.list[:maxIntervals/2], 2*max(s.width, time.Second)
	}
	s.list = append(s.list, next)
}

func failures(c *measure.Cumulative) (n uint64) {
	for _, f := range c.Failures {
		n += f.Count
	}
	return n
}

// merged returns two consecutive intervals as one.
func merged(a, b *interval) interval {
	sum := *b // with what is of the end of an interval
	sum.start = a.start
	if sum.stored == nil {
		sum.stored, sum.backlog = a.stored, a.backlog
	}
	sum.newlyStored += a.newlyStored
	sum.storedOver += a.storedOver
	sum.accepted += a.accepted
	sum.failed += a.failed
	sum.retried += a.retried
	sum.leftOut += a.leftOut
	sum.response, sum.service = a.response, a.service
	sum.response.Add(&b.response)
	sum.service.Add(&b.service)
	sum.histograms, sum.point = nil, nil
	return sum
}

// fill writes the series to a result.
func (s *series) fill(res *measure.Result) {
	for i := range s.list {
		one := &s.list[i]
		if one.point == nil {
			p, h := one.asPoint(), measure.HistogramsOf(one.start, one.end, &one.response, &one.service)
			one.point, one.histograms = &p, &h
		}
		res.Series = append(res.Series, *one.point)
		res.Histograms = append(res.Histograms, *one.histograms)
		if b := one.backlog; b != nil && (res.Delivery.BacklogMax == nil || *b > *res.Delivery.BacklogMax) {
			res.Delivery.BacklogMax = b
		}
	}
}

// asPoint returns the interval as a point of a result's series.
func (v *interval) asPoint() measure.Point {
	server := v.server // the interval is overwritten while the point is shown
	p := measure.Point{
		TS: v.start.Seconds(), WidthS: (v.end - v.start).Seconds(), Attempted: v.accepted + v.failed,
		Accepted: v.accepted, Failed: v.failed, InFlight: v.inFlight, LeftOut: v.leftOut, FailedAttempts: v.retried,
		Server: &server, Stored: v.stored, Backlog: v.backlog,
	}
	if v.response.Count > 0 {
		p.SetTimes(v.response.Histogram())
	}
	if v.storedOver > 0 {
		stored := float64(v.newlyStored) / v.storedOver.Seconds()
		p.StoredPerS = &stored
	}
	return p
}
