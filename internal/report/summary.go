package report

import (
	"math"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// Summary holds the figures that follow from those measured and that a reader is shown, so that whatever renders a
// report computes nothing. A figure that a run does not have is absent.
type Summary struct {
	PlannedS          float64  `json:"planned_s"`                     // without the guide's batches
	ReplyWaitS        float64  `json:"reply_wait_s"`                  // from the end of sending to the last reply
	AcceptedPerS      *float64 `json:"accepted_per_s,omitempty"`      // accepted uploads per second
	SentBytesPerS     *float64 `json:"sent_bytes_per_s,omitempty"`    // of all uploads
	SlotWaitShare     *float64 `json:"slot_wait_share,omitempty"`     // of the uploads; open model only
	GeneratorCPUShare *float64 `json:"generator_cpu_share,omitempty"` // of the processors that it may use
	// of all uploads, for each of the error details
	ErrorShares []float64      `json:"error_shares"`
	Server      []ServerFigure `json:"server"` // over the scored part of the run
	// from the first to the last span of the trend
	Change *TrendChange `json:"change,omitempty"`
}

// ServerFigure sums up one signal of the server.
type ServerFigure struct {
	Signal    string  `json:"signal"` // as the series calls it
	Mean      float64 `json:"mean"`   // over time
	Max       float64 `json:"max"`
	Last      float64 `json:"last"`
	Restarted bool    `json:"restarted,omitempty"` // a count went back, so that it was started again
}

// TrendChange is how much figures changed over the run, as shares: 0.5 is half as much again, -0.5 is half of it gone.
type TrendChange struct {
	P95Ratio    *float64 `json:"p95_ratio,omitempty"`
	StoredRatio *float64 `json:"stored_ratio,omitempty"`
	RSSRatio    *float64 `json:"rss_ratio,omitempty"`
}

// summarise computes the figures that a report shows.
func summarise(r *Report) Summary {
	s := Summary{
		PlannedS:    judge.PlannedS(&r.Scenario),
		ReplyWaitS:  r.Run.DurationS - r.Run.SendingS,
		ErrorShares: make([]float64, len(r.ErrorDetails)),
		Server:      serverFigures(&r.Result),
		Change:      change(r.TrendSpans),
	}
	t, g := &r.Totals, &r.Generator
	if n := t.Attempted; n > 0 {
		s.AcceptedPerS = finite(stat.Share(t.Accepted, n) * t.UploadsPerS)
		s.SentBytesPerS = finite(float64(t.BytesSent) / float64(n) * t.UploadsPerS)
		if g.SlotWaits > 0 && r.Scenario.Open() {
			s.SlotWaitShare = finite(stat.Share(g.SlotWaits, n))
		}
		for i, d := range r.ErrorDetails {
			s.ErrorShares[i] = stat.Share(d.Count, n)
		}
	}
	if took := r.Run.DurationS * float64(g.Processors); took > 0 {
		s.GeneratorCPUShare = finite(min(g.CPUS/took, 1))
	}
	return s
}

// serverFigures sums up every signal that was observed in the scored part of a run.
func serverFigures(res *measure.Result) []ServerFigure {
	points := judge.Scored(*res)
	list := []ServerFigure{}
	for sig := range measure.NumSignals {
		kpi := judge.SignalKPI(points, sig)
		if kpi.Mean != nil && finite(*kpi.Mean) != nil {
			list = append(list, ServerFigure{
				Signal: sig.Name(), Mean: *kpi.Mean, Max: *kpi.Max, Last: *kpi.Last,
				Restarted: sig == measure.StoredCalls && wentBack(points, sig),
			})
		}
	}
	return list
}

// ServerFigure returns the figures of a signal, and false if it was not observed.
func (s *Summary) ServerFigure(sig measure.Signal) (ServerFigure, bool) {
	for _, f := range s.Server {
		if f.Signal == sig.Name() {
			return f, true
		}
	}
	return ServerFigure{}, false
}

// wentBack reports whether a count was ever lower than before, as one is that starts again with its process.
func wentBack(points []measure.Point, sig measure.Signal) bool {
	last := 0.0
	for _, p := range points {
		if v, ok := p.Server.Get(sig); ok {
			if v < last {
				return true
			}
			last = v
		}
	}
	return false
}

// change compares the ends of a trend; nil if it has fewer than two spans, or none of the figures.
func change(spans []judge.TrendSpan) *TrendChange {
	if len(spans) < 2 {
		return nil
	}
	first, last := spans[0], spans[len(spans)-1]
	c := TrendChange{
		P95Ratio:    ratio(first.ShownP95(), last.ShownP95()),
		StoredRatio: ratio(first.StoredPerS, last.StoredPerS),
		RSSRatio:    ratio(first.RSSBytes, last.RSSBytes),
	}
	if c == (TrendChange{}) {
		return nil
	}
	return &c
}

// ratio returns by how much a figure changed; nil if either is absent, or the first is 0.
func ratio(from, to *float64) *float64 {
	if from == nil || to == nil || *from == 0 {
		return nil
	}
	return finite(*to / *from - 1)
}

// finite returns a figure, or nil for one that JSON cannot hold.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
