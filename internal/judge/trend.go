package judge

import (
	"cmp"
	"fmt"
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
	"rdiostress/internal/units"
)

// minTrendS is the minimum length in seconds of a run with a trend.
const minTrendS = 1800

// TrendSpan summarises a span of a long run, such as an hour.
type TrendSpan struct {
	FromS        float64  `json:"from_s"`
	ToS          float64  `json:"to_s"`
	AcceptedPerS float64  `json:"accepted_per_s"`
	ErrorRate    *float64 `json:"error_rate,omitempty"`
	P95S         *float64 `json:"p95_s,omitempty"`        // of the accepted uploads
	FewSamples   []string `json:"few_samples,omitempty"`  // p95_s if there are too few samples for it
	StoredPerS   *float64 `json:"stored_per_s,omitempty"` // as verified, else by the server's own count
	RSSBytes     *float64 `json:"rss_bytes,omitempty"`    // mean
}

// Trend returns the spans of a run, which show how the server changes over a long time. A run under half an hour has
// none.
func Trend(res measure.Result) []TrendSpan {
	list := []TrendSpan{}
	series := Scored(res)
	if len(series) == 0 || res.Run.SendingS-series[0].TS < minTrendS {
		return list
	}
	for _, s := range res.Trend {
		first, last := pointAt(series, s.FromS), pointAt(series, s.ToS)
		if last > first {
			h := NewTrendSpan(series[first:last])
			h.P95S, h.FewSamples = s.P95S, s.FewSamples
			list = append(list, h)
		}
	}
	return list
}

// pointAt returns the index of the first point that lies mostly after t.
func pointAt(series []measure.Point, t float64) int {
	i, _ := slices.BinarySearchFunc(series, t,
		func(p measure.Point, t float64) int { return cmp.Compare(p.TS+p.WidthS/2, t) })
	return i
}

// NewTrendSpan summarises a part of a series, which must have points. It leaves out the response times, since those of
// the points cannot be combined.
func NewTrendSpan(series []measure.Point) TrendSpan {
	last := series[len(series)-1]
	h := TrendSpan{FromS: series[0].TS, ToS: last.TS + last.WidthS}
	var attempted, accepted uint64
	var rss []float64
	var stored, verified []stat.Point
	for _, p := range series {
		attempted += p.Attempted
		accepted += p.Accepted
		if v, ok := p.Server.Get(measure.RSS); ok {
			rss = append(rss, v)
		}
		if p.Stored != nil { // by delivery verification
			verified = append(verified, stat.Point{T: p.TS + p.WidthS, V: float64(*p.Stored)})
		}
		if v, ok := p.Server.Get(measure.StoredCalls); ok {
			stored = append(stored, stat.Point{T: p.TS + p.WidthS, V: v})
		}
	}
	if took := h.ToS - h.FromS; took > 0 {
		h.AcceptedPerS = float64(accepted) / took
	}
	if attempted > 0 {
		failed := stat.Share(attempted-accepted, attempted)
		h.ErrorRate = &failed
	}
	if len(rss) > 0 {
		mean := stat.Mean(rss)
		h.RSSBytes = &mean
	}
	if len(verified) > 1 {
		stored = verified
	}
	// A count that goes down was restarted, and says nothing about the number in between.
	back := func(a, b stat.Point) int { return cmp.Compare(a.V, b.V) }
	if n := len(stored); n > 1 && stored[n-1].T > stored[0].T && slices.IsSortedFunc(stored, back) {
		perS := (stored[n-1].V - stored[0].V) / (stored[n-1].T - stored[0].T)
		h.StoredPerS = &perS
	}
	return h
}

// ShownP95 returns the 95th percentile, or nil if there were too few uploads for it.
func (h TrendSpan) ShownP95() *float64 {
	if len(h.FewSamples) > 0 {
		return nil
	}
	return h.P95S
}

// String returns the span in one line.
func (h TrendSpan) String() string {
	line := fmt.Sprintf("%s: %s accepted/s", units.Interval(h.FromS, h.ToS), units.Rate(h.AcceptedPerS))
	if h.ErrorRate != nil {
		line += ", " + units.Percent(*h.ErrorRate) + " failed"
	}
	if p95 := h.ShownP95(); p95 != nil {
		line += ", p95 " + units.Seconds(*p95)
	}
	if h.StoredPerS != nil {
		line += ", " + units.Rate(*h.StoredPerS) + " stored/s"
	}
	if h.RSSBytes != nil {
		line += ", server's memory " + units.Bytes(*h.RSSBytes)
	}
	return line
}
