package diagnose

import (
	"math"
	"strconv"

	"rdiostress/internal/measure"
)

// withoutCrash returns a run that killed the server without the time of the crash and its consequences: failures, waits
// and memory that starts again. Its series is the longer part before or after. Lost calls stay.
func withoutCrash(res measure.Result) measure.Result {
	from, to, ok := res.Delivery.Crash.Span()
	if !ok || len(res.Series) == 0 {
		return res
	}
	var rest []measure.Point
	var failedBefore, failedAfter uint64
	for _, p := range scoredPoints(&res) {
		switch {
		case p.TS+p.WidthS <= from:
			failedBefore += p.Failed
		case p.TS >= to:
			failedAfter += p.Failed
		default:
			continue
		}
		rest = append(rest, p)
	}
	res.Totals = totalsOf(rest, res.Totals)
	res.Latency.Figures = figuresOf(rest)
	res.ErrorDetails = failuresBeside(res.ErrorDetails, failedBefore, failedAfter, from, to, res.Scenario.TimeoutS)
	res.Errors = errorsOf(res.ErrorDetails)
	res.Series = res.Delivery.Crash.LongestUninterrupted(res.Series)
	return res
}

// totalsOf adds up points. It leaves out unsent calls, which the crash may have caused.
func totalsOf(points []measure.Point, whole measure.Totals) (t measure.Totals) {
	took := 0.0
	for _, p := range points {
		t.Attempted += p.Attempted
		t.Accepted += p.Accepted
		t.Failed += p.Failed
		took += p.WidthS
	}
	if whole.Attempted > 0 {
		t.BytesSent = uint64(float64(whole.BytesSent) / float64(whole.Attempted) * float64(t.Attempted))
	}
	if took > 0 {
		t.UploadsPerS = float64(t.Attempted) / took
	}
	return t
}

// figuresOf returns the response times of points together: mean and maximum are exact, percentiles are means of those
// of the seconds.
func figuresOf(points []measure.Point) *measure.Figures {
	var f measure.Figures
	n := 0.0
	for _, p := range points {
		if p.MeanS == nil || p.P50S == nil || p.P95S == nil || p.MaxS == nil {
			continue
		}
		accepted := p.Timed()
		n += accepted
		f.MeanS += *p.MeanS * accepted
		f.P50S += *p.P50S * accepted
		f.P95S += *p.P95S * accepted
		f.MaxS = max(f.MaxS, *p.MaxS)
	}
	if n == 0 {
		return nil
	}
	f.MeanS, f.P50S, f.P95S = f.MeanS/n, f.P50S/n, f.P95S/n
	return &f
}

// failuresBeside returns the failures that the crash does not explain. How many of a kind came before and after it is
// not known, but no more than failed then.
func failuresBeside(
	details []measure.ErrorDetail, before, after uint64, from, to, timeout float64,
) (list []measure.ErrorDetail) {
	for _, d := range details {
		end := to
		if d.Class == measure.Timeout.String() || d.Class == measure.ConnectTimeout.String() {
			end += timeout // they were sent in the span
		}
		var most uint64
		if d.FirstS < from {
			most += before
		}
		if d.LastS > end {
			most += after
		}
		if d.Count = min(d.Count, most); d.Count > 0 {
			list = append(list, d)
		}
	}
	return list
}

// errorsOf counts failures as the report does.
func errorsOf(details []measure.ErrorDetail) measure.Errors {
	errs := measure.Errors{HTTP: make(map[string]uint64)}
	for _, d := range details {
		switch measure.Parent(d.Parent) {
		case measure.ParentTimeout:
			errs.Timeout += d.Count
		case measure.ParentHTTP:
			errs.HTTP[strconv.Itoa(d.Status)] += d.Count
		case measure.ParentRejected:
			errs.Rejected += d.Count
		case measure.ParentConnection, measure.ParentNone:
			errs.Connection += d.Count
		}
	}
	return errs
}

// endedBesideCrash returns the first event that the server's process ended, outside of the time in which it was killed;
// an empty text where there is none.
func endedBesideCrash(res *measure.Result) string {
	from, to, killed := res.Delivery.Crash.Span()
	for _, e := range res.Watch.Events {
		during := killed && e.AtS >= math.Floor(from) && e.AtS <= to
		if e.Kind == measure.EventProcessEnded && !during {
			return e.String()
		}
	}
	return ""
}
