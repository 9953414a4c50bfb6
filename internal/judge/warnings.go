package judge

import (
	"fmt"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// minUploads is how many uploads a verdict needs to not depend on a single one: with fewer, the 95th percentile is the
// slowest one, and one failure brings the success rate to 95 % or less.
const minUploads = 20

// warnings returns a line for everything that the reader must know and that does not affect the verdict.
func (j *judgement) warnings() []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if n := j.Totals.Attempted; n > 0 && n < minUploads {
		add("this verdict rests on few uploads (%s): a single slow or failed one can decide it; send %d or more",
			units.Count(n), minUploads)
	}
	switch {
	case j.met && j.Generator.Limited && j.Latency.LeavesTooMuchOut() && len(j.Generator.Reasons) <= 1:
		// that it was stopped, a warning of its own, is all
	case j.met && j.Generator.Limited:
		add("the generator was at its limit: the server may take more than %s uploads/s",
			units.Rate(j.Totals.UploadsPerS))
	case j.Generator.Limited && !j.inconclusive():
		add("the generator was at its limit%s, but the server failed too many uploads by itself",
			GeneratorReasons(&j.Generator))
	}
	lines = append(lines, replayWarnings(j.Traffic)...)
	lines = append(lines, j.shortageWarnings()...)
	lines = append(lines, storageWarnings(j.Result, j.names)...)
	lines = append(lines, deliveryWarnings(&j.Delivery)...)
	lines = append(lines, stalls(j.Result)...)
	if n := j.Latency.Clamped; n > 0 {
		add("%s longer than the histogram's range: percentiles beyond it are too low, mean and maximum are exact",
			units.Plural(n, "response time"))
	}
	return lines
}

// shortageWarnings says how the system kept the generator from running, if the reasons do not say it.
func (j *judgement) shortageWarnings() (lines []string) {
	g, inconclusive := &j.Generator, j.inconclusive()
	if n := g.QuotaProcessors; n != nil && *n < 1 {
		lines = append(lines, fmt.Sprintf("the generator was short of processor time: a quota leaves it %s of a "+
			"processor, so response times may be too long; give it one at least", units.Trim(units.Number(*n))))
	} else if s := g.ThrottledShare; s != nil && *s >= measure.ThrottledMuch && !inconclusive {
		lines = append(lines, fmt.Sprintf("the generator was short of processor time: a quota held it back in %s of "+
			"the run, so response times may be too long", units.Trim(units.Percent(*s))))
	}
	switch s := g.Stops; {
	case s == nil || !stopsMatter(s, j.Totals.Attempted):
	case !inconclusive || g.Limited && !j.Latency.LeavesTooMuchOut():
		lines = append(lines, StopsWarnings(s, "")...)
	case j.Latency.LeavesTooMuchOut():
		lines = append(lines, StopsWarnings(s, "")[1:]...)
	}
	return lines
}

// StopsWarnings says what the generator's stops did to the uploads, a line each. when, such as " during steps", says
// when they were, if not at any time of a run.
func StopsWarnings(s *measure.Stops, when string) []string {
	lines := []string{fmt.Sprintf("the generator itself was stopped %s%s, for %s in all: the times of %s that were "+
		"due, sent or answered then are left out", units.Plural(s.Count, "time"), when, units.Duration(s.StoppedS),
		units.Plural(s.Accepted, "accepted upload"))}
	if s.Failed > 0 {
		lines = append(lines, fmt.Sprintf("%s around these stops failed, and that may not be the server's fault",
			units.Plural(s.Failed, "upload")))
	}
	return lines
}

// stopsMatter reports whether the reader must know about the generator's stops: a stop of a second or more, failed
// uploads, or at least one in a hundred uploads held up. Other stops are only in the report.
func stopsMatter(s *measure.Stops, attempted uint64) bool {
	held := s.Accepted + s.Failed
	return held > 0 && (s.LongestS >= 1 || s.Failed > 0 || 100*held >= attempted)
}

// minStallS is the minimum length of a stall in seconds. Points are a second wide, and at low rates a single silent
// second can be chance.
const minStallS = 2

// stalls describes the times in which uploads were in flight and none ended. The closed model hides these in a few slow
// calls.
func stalls(res *measure.Result) []string {
	var lines []string
	from := -1.0
	killed, settled, crashed := res.Delivery.Crash.Span()
	for i, p := range res.Series {
		silent := p.Attempted+p.FailedAttempts == 0 && p.InFlight > 0 &&
			!(crashed && p.TS+p.WidthS > killed && p.TS < settled)
		if silent && from < 0 {
			from = p.TS
		}
		end := p.TS + p.WidthS
		last := i == len(res.Series)-1
		if !silent {
			end, last = p.TS, true
		}
		if from >= 0 && last && end-from >= minStallS {
			lines = append(lines, fmt.Sprintf("no upload was answered for %s, though some were under way (%s)",
				units.Duration(end-from), units.Interval(from, end)))
		}
		if !silent {
			from = -1
		}
	}
	const most = 3
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("and %s like it", units.Plural(uint64(more), "more stall")))
	}
	return lines
}
