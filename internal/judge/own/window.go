package own

import (
	"fmt"
	"math"
	"slices"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
	"rdiostress/internal/threshold"
	"rdiostress/internal/units"
)

// span is an interval of a run, in seconds since its start.
type span struct{ from, to float64 }

// contains reports whether an interval counts: whether it lies mostly in the phase, or in the scored part.
func (q *question) contains(s span) bool {
	middle := (s.from + s.to) / 2
	if q.isRate() && s.to > q.res.Run.SendingS+slack { // after the end of sending there are only the last replies
		return false
	}
	if q.phase != nil {
		return middle >= q.phase.StartS && middle <= q.phase.StartS+q.phase.DurationS
	}
	i := slices.IndexFunc(q.res.Phases, func(p measure.Phase) bool { return p.Scored })
	return i < 0 || middle >= q.res.Phases[i].StartS
}

// slack is by how much intervals may miss the length that they should have.
const slack = 0.2

// isRate reports whether the figure is a number per second, of which the end of a run has less.
func (q *question) isRate() bool { return q.figure.Unit == threshold.InPerSecond }

func spanOf(p measure.Point) span { return span{p.TS, p.TS + p.WidthS} }

// points returns the intervals that count.
func (q *question) points() []measure.Point {
	return slices.DeleteFunc(slices.Clone(q.res.Series), func(p measure.Point) bool { return !q.contains(spanOf(p)) })
}

// worstWindow returns the value of the window in which the rule is farthest from being met.
func (q *question) worstWindow() value {
	var spans []span
	var of func(from, to int) value // of the intervals from one to before another
	if _, isPercentile := percentile(q.figure.Name); isPercentile || q.figure.Kind == threshold.Service {
		list, err := q.histograms()
		if err != nil {
			return absent("the histograms of the report are damaged")
		}
		if len(q.res.Histograms) == 0 {
			return absent("the report has no times of its intervals")
		}
		for _, h := range list {
			spans = append(spans, h.span)
		}
		of = func(from, to int) value { return q.ofHistograms(list[from:to]) }
	} else {
		points := q.points()
		for _, p := range points {
			spans = append(spans, spanOf(p))
		}
		of = func(from, to int) value { return q.ofPoints(points[from:to]) }
	}
	return q.worst(spans, of)
}

// worst goes through the windows: from each interval on, as many as it takes for their length.
func (q *question) worst(spans []span, of func(from, to int) value) value {
	over := q.rule.Over.Seconds()
	var worst value
	var at span
	windows, empty, longest, most := 0, 0, 0.0, math.Inf(-1)
	for from, to := 0, 0; from < len(spans); from++ {
		for to < len(spans) && (to <= from || spans[to-1].to-spans[from].from < over-slack) {
			to++
		}
		window := span{spans[from].from, spans[to-1].to}
		if window.to-window.from < over-slack { // the rest is too short
			break
		}
		windows, longest = windows+1, max(longest, window.to-window.from)
		v := of(from, to)
		switch {
		case v.absent == noUpload || v.absent == notObserved:
			empty++
		case v.absent != "":
			v.absent += " " + between(window)
			return v
		default:
			if bad := q.badness(v.figure); bad > most {
				worst, at, most = v, window, bad
			}
		}
	}
	switch {
	case windows == 0:
		return absent("what counts is shorter than %s", units.Compact(q.rule.Over))
	case windows == empty:
		return absent("%s", of(0, len(spans)).absentOr("no window has a value"))
	}
	return value{figure: worst.figure, note: q.windowNote(worst.note, at, windows, empty, longest)}
}

func (v value) absentOr(text string) string {
	if v.absent != "" {
		return v.absent
	}
	return text
}

// windowNote says which window is the worst, and what is special about the windows.
func (q *question) windowNote(note string, at span, windows, empty int, longest float64) string {
	text := fmt.Sprintf("worst of %s: %s", units.Plural(uint64(windows), "window"), between(at))
	if note != "" {
		text += ", " + note
	}
	if empty > 0 {
		text += fmt.Sprintf("; %s had no value", units.Count(uint64(empty)))
	}
	if longest > q.rule.Over.Seconds()+slack {
		text += fmt.Sprintf("; the report's intervals make the windows up to %s long", units.Duration(longest))
	}
	return text
}

func between(s span) string { return units.Interval(s.from, s.to) }

// badness is the larger, the less a value meets the rule.
func (q *question) badness(v float64) float64 {
	switch q.rule.Op {
	case "<", "<=":
		return v
	case ">", ">=":
		return -v
	case "==":
		return math.Abs(v - q.rule.Limit)
	default:
		return -math.Abs(v - q.rule.Limit)
	}
}

// timed is the histogram of an interval.
type timed struct {
	span
	*measure.Histogram
	attempted bool // an upload ended in it
}

// histograms returns the times of the intervals that count.
func (q *question) histograms() (list []timed, err error) {
	for i := range q.res.Histograms {
		h := &q.res.Histograms[i]
		s := span{h.TS, h.TS + h.WidthS}
		if !q.contains(s) {
			continue
		}
		response, service, err := h.Decode()
		if err != nil {
			return nil, err
		}
		if q.figure.Kind == threshold.Service {
			response = service
		}
		list = append(list, timed{s, response, q.attemptedIn(s)})
	}
	return list, nil
}

func (q *question) attemptedIn(s span) bool {
	return slices.ContainsFunc(q.res.Series, func(p measure.Point) bool {
		return p.Attempted > 0 && p.TS < s.to && p.TS+p.WidthS > s.from
	})
}

// ofHistograms merges the times of some intervals.
func (q *question) ofHistograms(list []timed) value {
	all, attempted := measure.NewHistogram(), false
	for _, one := range list {
		all.Merge(one.Histogram)
		attempted = attempted || one.attempted
	}
	n := all.Count()
	share, isPercentile := percentile(q.figure.Name)
	switch {
	case n == 0 && attempted:
		return absent(noAccepted)
	case n == 0:
		return absent(noUpload)
	case !isPercentile && q.figure.Name == "max_service_time_s":
		return value{figure: all.Max().Seconds()}
	case !isPercentile:
		return value{figure: all.Mean().Seconds()}
	}
	v := value{figure: all.Quantile(share).Seconds()}
	if measure.TooFew(share, n) {
		v.note = fewText(n)
	}
	return v
}

func fewText(n uint64) string {
	if n == 1 {
		return "of the only upload"
	}
	return fmt.Sprintf("of so few (%s), that is the slowest", units.Count(n))
}

// notObserved is why a figure of the server is absent in some intervals.
const notObserved = "it was not observed"

// ofPoints returns the figure of some intervals of the series.
func (q *question) ofPoints(points []measure.Point) value {
	switch q.figure.Kind {
	case threshold.Server:
		return q.observed(points)
	case threshold.Response:
		return q.timesOfPoints(points)
	case threshold.Delivery:
		return storedRate(points, q.whyNotStored())
	default:
		return q.countsOfPoints(points)
	}
}

// observed returns a figure of the server.
func (q *question) observed(points []measure.Point) value {
	kpi := judge.SignalKPI(points, q.figure.Signal)
	if kpi.Mean == nil {
		if why := q.res.Watch.Absent[q.figure.Signal.Name()]; why != "" && q.rule.Over == 0 {
			return absent("%s", why)
		}
		return absent(notObserved)
	}
	switch q.rule.Aggregate {
	case "max":
		return value{figure: *kpi.Max}
	case "last":
		return value{figure: *kpi.Last}
	case "mean":
		return value{figure: *kpi.Mean}
	}
	least := math.Inf(1)
	for _, p := range points {
		if v, ok := p.Server.Get(q.figure.Signal); ok {
			least = min(least, v)
		}
	}
	return value{figure: least}
}

// timesOfPoints returns the mean or the longest response time.
func (q *question) timesOfPoints(points []measure.Point) value {
	var sum, weight, longest float64
	var attempted uint64
	for _, p := range points {
		attempted += p.Attempted
		if p.MeanS != nil && p.MaxS != nil {
			sum, weight, longest = sum+*p.MeanS*p.Timed(), weight+p.Timed(), max(longest, *p.MaxS)
		}
	}
	switch {
	case weight > 0 && q.figure.Name == "max_response_time_s":
		return value{figure: longest}
	case weight > 0:
		return value{figure: sum / weight}
	case attempted > 0:
		return absent(noAccepted)
	default:
		return absent(noUpload)
	}
}

// storedRate returns how many calls were stored per second.
func storedRate(points []measure.Point, why string) value {
	var sum, width float64
	for _, p := range points {
		if p.StoredPerS != nil {
			sum, width = sum+*p.StoredPerS*p.WidthS, width+p.WidthS
		}
	}
	if width == 0 {
		return absent("%s", why)
	}
	return value{figure: sum / width}
}

// countsOfPoints returns a count or a share of uploads.
func (q *question) countsOfPoints(points []measure.Point) value {
	var attempted, accepted, failed, picked, listed uint64
	var width float64
	for _, p := range points {
		attempted, accepted, failed, width = attempted+p.Attempted, accepted+p.Accepted, failed+p.Failed, width+p.WidthS
		for _, f := range p.Failures {
			listed += f.Count
			if matches(q.rule.Labels, f.Class, parentOf(f.Class), f.Status) {
				picked += f.Count
			}
		}
	}
	if len(q.rule.Labels) > 0 {
		if listed < failed {
			return absent("the report does not have every kind of failure of its intervals")
		}
		failed = picked
	}
	isCount := q.figure.Unit == threshold.InCalls
	switch {
	case attempted == 0 && !q.isRate():
		return absent(noUpload)
	case q.figure.Name == "success_rate":
		return value{figure: stat.Share(accepted, attempted)}
	case q.figure.Name == "error_rate":
		return value{figure: stat.Share(failed, attempted)}
	case q.figure.Name == "uploads_per_s":
		return value{figure: float64(attempted) / width}
	case q.figure.Name == "accepted_per_s":
		return value{figure: float64(accepted) / width}
	case isCount && q.figure.Name == "failed":
		return value{figure: float64(failed)}
	case isCount && q.figure.Name == "accepted":
		return value{figure: float64(accepted)}
	default:
		return value{figure: float64(attempted)}
	}
}

// parentOf returns what a class of failures is summed up as.
func parentOf(class string) string {
	for c := measure.Timeout; c <= measure.Duplicate; c++ {
		if c.String() == class {
			return string(c.Parent())
		}
	}
	return ""
}
