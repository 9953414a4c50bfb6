package report

import (
	"cmp"
	"fmt"
	"slices"

	"rdiostress/internal/measure"
)

// trendLeastS is how long a run must be for its trend to be shown.
const trendLeastS = 1800

// Hour is a stretch of a long run, an hour or a few.
type Hour struct {
	FromS        float64  `json:"from_s"`
	ToS          float64  `json:"to_s"`
	AcceptedPerS float64  `json:"accepted_per_s"`
	ErrorRate    *float64 `json:"error_rate,omitempty"`
	P95S         *float64 `json:"p95_s,omitempty"`        // of the accepted uploads
	FewSamples   []string `json:"few_samples,omitempty"`  // p95_s where they are too few for it
	StoredPerS   *float64 `json:"stored_per_s,omitempty"` // as verified, else by the server's own count
	RSSBytes     *float64 `json:"rss_bytes,omitempty"`    // mean
}

// Hours shows a run stretch by stretch, as it was measured: how the server changes over a long time. A run under half an hour has
// none.
func Hours(res measure.Result) []Hour {
	list := []Hour{}
	series := scored(res)
	if len(series) == 0 || res.Run.SendingS-series[0].TS < trendLeastS {
		return list
	}
	for _, s := range res.Trend {
		first, last := pointAt(series, s.FromS), pointAt(series, s.ToS)
		if last > first {
			h := HourOf(series[first:last])
			h.P95S, h.FewSamples = s.P95S, s.FewSamples
			list = append(list, h)
		}
	}
	return list
}

// pointAt is the first point of a series most of which is after t.
func pointAt(series []measure.Point, t float64) int {
	i, _ := slices.BinarySearchFunc(series, t, func(p measure.Point, t float64) int { return cmp.Compare(p.TS+p.WidthS/2, t) })
	return i
}

// stretches is what Hours goes by.
func (r *Report) stretches() (list []measure.TrendPoint) {
	for _, h := range r.Trend {
		list = append(list, measure.TrendPoint{FromS: h.FromS, ToS: h.ToS, P95S: h.P95S, FewSamples: h.FewSamples})
	}
	return list
}

// HourOf sums up a stretch of a series, which has points, but for its response times: those of its points do not add up.
func HourOf(series []measure.Point) Hour {
	last := series[len(series)-1]
	h := Hour{FromS: series[0].TS, ToS: last.TS + last.WidthS}
	var attempted, accepted uint64
	var rss []float64
	var stored, verified []at
	for _, p := range series {
		attempted += p.Attempted
		accepted += p.Accepted
		if v, ok := p.Server.Get(measure.RSS); ok {
			rss = append(rss, v)
		}
		if p.Stored != nil { // as verified
			verified = append(verified, at{p.TS + p.WidthS, float64(*p.Stored)})
		}
		if v, ok := p.Server.Get(measure.StoredCalls); ok {
			stored = append(stored, at{p.TS + p.WidthS, v})
		}
	}
	if took := h.ToS - h.FromS; took > 0 {
		h.AcceptedPerS = float64(accepted) / took
	}
	if attempted > 0 {
		failed := ratio(attempted-accepted, attempted)
		h.ErrorRate = &failed
	}
	if len(rss) > 0 {
		sum := 0.0
		for _, v := range rss {
			sum += v / float64(len(rss))
		}
		h.RSSBytes = &sum
	}
	if len(verified) > 1 {
		stored = verified
	}
	back := func(a, b at) int { return cmp.Compare(a.v, b.v) } // a count that goes back began anew, and says nothing of how many there were
	if n := len(stored); n > 1 && stored[n-1].t > stored[0].t && slices.IsSortedFunc(stored, back) {
		perS := (stored[n-1].v - stored[0].v) / (stored[n-1].t - stored[0].t)
		h.StoredPerS = &perS
	}
	return h
}

// shownP95 is the 95th percentile as far as it is shown: nil where there were too few uploads for it.
func (h Hour) shownP95() *float64 {
	if len(h.FewSamples) > 0 {
		return nil
	}
	return h.P95S
}

// trendTable shows a long run stretch by stretch.
func (p *page) trendTable(rep *Report) {
	if len(rep.Trend) < 2 {
		return
	}
	show := func(v *float64, words func(float64) string) string {
		if v == nil {
			return none
		}
		return words(*v)
	}
	rows := make([][]string, len(rep.Trend))
	for i, h := range rep.Trend {
		rows[i] = []string{
			moments(h.FromS, h.ToS), rate(h.AcceptedPerS), show(h.ErrorRate, percent), show(h.shownP95(), seconds),
			show(h.StoredPerS, rate), show(h.RSSBytes, size),
		}
	}
	p.section("Over time")
	p.grid([]string{"", "accepted/s", "errors", "p95", "stored/s", "memory"}, rows, "lrrrrr")
	first, last := rep.Trend[0], rep.Trend[len(rep.Trend)-1]
	if change := changeWords(first, last); change != "" {
		p.note("From the first to the last: "+change+".", p.ink.dim)
	}
}

// changeWords compares the ends of a run.
func changeWords(first, last Hour) string {
	words := ""
	for _, c := range []struct {
		name      string
		from, to  *float64
		rendering func(float64) string
	}{
		{"p95", first.shownP95(), last.shownP95(), seconds},
		{"stored/s", first.StoredPerS, last.StoredPerS, rate},
		{"memory", first.RSSBytes, last.RSSBytes, size},
	} {
		if c.from == nil || c.to == nil || *c.from == 0 {
			continue
		}
		if words != "" {
			words += ", "
		}
		words += fmt.Sprintf("%s %s → %s (%+.0f %%)", c.name, c.rendering(*c.from), c.rendering(*c.to), (*c.to / *c.from - 1)*100)
	}
	return words
}

// Words sums a stretch up in a line.
func (h Hour) Words() string {
	line := fmt.Sprintf("%s: %s accepted/s", moments(h.FromS, h.ToS), rate(h.AcceptedPerS))
	if h.ErrorRate != nil {
		line += ", " + percent(*h.ErrorRate) + " failed"
	}
	if p95 := h.shownP95(); p95 != nil {
		line += ", p95 " + seconds(*p95)
	}
	if h.StoredPerS != nil {
		line += ", " + rate(*h.StoredPerS) + " stored/s"
	}
	if h.RSSBytes != nil {
		line += ", server's memory " + size(*h.RSSBytes)
	}
	return line
}
