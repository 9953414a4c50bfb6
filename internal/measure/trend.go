package measure

import "time"

// trend collects the response times of accepted uploads over a run in spans. Its memory is bounded: when there are too
// many spans, several are merged.
type trend struct {
	width time.Duration // of a span
	spans []*trendSpan
	cur   *trendSpan // nil before the first
}

type trendSpan struct {
	from, to time.Duration
	response *Histogram
}

// TrendPoint summarises the response times of the uploads accepted in a span of a run.
type TrendPoint struct {
	FromS, ToS float64  // since the start of the run
	P95S       *float64 // nil without any
	FewSamples []string // p95_s if there are too few samples for it
}

const (
	firstTrendWidth = 5 * time.Minute
	maxTrendSpans   = 48 // 20 kB each
	maxTrendPoints  = 24
)

// widen returns the next span length, a usual multiple of the last one.
func widen(d time.Duration) time.Duration {
	switch d {
	case firstTrendWidth:
		return 15 * time.Minute
	case 15 * time.Minute:
		return time.Hour
	case time.Hour:
		return 4 * time.Hour
	default:
		return 3 * d // half a day, and so on
	}
}

func (t *trend) begun() bool { return t.width > 0 }

// add adds the uploads that ended between two times.
func (t *trend) add(h *Histogram, from, to time.Duration) {
	if t.cur == nil {
		t.width = max(t.width, firstTrendWidth)
		t.cur = &trendSpan{from: from, response: newHistogram(coarseDigits)}
	}
	t.cur.to = to
	t.cur.response.Merge(h)
	if to-t.cur.from < t.width-(to-from)/2 {
		return
	}
	t.spans, t.cur = append(t.spans, t.cur), nil
	if len(t.spans) == maxTrendSpans {
		wider := widen(t.width)
		t.spans = join(t.spans, int(wider/t.width))
		t.width = wider
	}
}

// join merges each n spans into one, and the rest. It consumes its argument.
func join(list []*trendSpan, n int) []*trendSpan {
	var joined []*trendSpan
	for i, s := range list {
		if i%n == 0 {
			joined = append(joined, s)
			continue
		}
		last := joined[len(joined)-1]
		last.to = s.to
		last.response.Merge(s.response)
	}
	return joined
}

// finish returns the spans, few enough to be shown. A last span that has hardly begun is merged with the one before it.
func (t *trend) finish() []TrendPoint {
	list := t.spans
	if t.cur != nil {
		list = append(list, t.cur)
	}
	each := (len(list) + maxTrendPoints - 1) / maxTrendPoints
	if each > 1 {
		list = join(list, each)
	}
	if n := len(list); n > 1 && list[n-1].to-list[n-1].from < t.width*time.Duration(each)/2 {
		list = append(list[:n-2], join(list[n-2:], 2)...)
	}
	var out []TrendPoint
	for _, s := range list {
		times := TrendPoint{FromS: s.from.Seconds(), ToS: s.to.Seconds()}
		if s.response.Count() > 0 {
			p95 := s.response.Quantile(0.95).Seconds()
			times.P95S, times.FewSamples = &p95, FewSamples(s.response.Count(), "p95_s")
		}
		out = append(out, times)
	}
	return out
}
