package judge

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// reasons says in a line each what is wrong with the run, the most serious first.
func reasons(res measure.Result, rules []Threshold, met bool) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if res.Run.Interrupted {
		add("interrupted after %s%s: judged by what was measured", units.Duration(res.Run.SendingS),
			ofPlanned(res.Scenario))
	}
	if rule := res.Run.Aborted; rule != "" {
		add("stopped early: %s", rule)
	}
	if noSample(res) {
		add("%s, so no threshold counts as met", whyNoSample(res))
	}
	lines = append(lines, deliveryReasons(res.Delivery)...)
	if res.Scenario.MustVerify && unknown(res) && !res.Delivery.Failed {
		add("it is not known if acknowledged calls were stored, and --require-storage asks for that")
	}
	if inconclusive(res, met) {
		add("inconclusive: the generator was the limit, not the server%s", GeneratorReasons(res.Generator))
	}
	if noSample(res) {
		return lines
	}
	if res.Totals.Accepted == 0 {
		add("no upload was accepted, so there is no response time to judge")
	}
	for _, t := range rules {
		if !t.OK && t.Value != nil {
			lines = append(lines, missed(t, res))
		}
	}
	return lines
}

// ofPlanned says how long a run was to send. That of the guide's batches depends on the server.
func ofPlanned(s measure.Scenario) string {
	if s.Profile == ProfileGuide {
		return ""
	}
	return " of " + units.Duration(PlannedS(s))
}

// PlannedS is how long a run was to send, but for the guide's batches.
func PlannedS(s measure.Scenario) float64 { return s.RampUpS + s.WarmUpS + s.DurationS }

// ProfileGuide is the profile that begins with the guide's batches.
const ProfileGuide = "guide"

// missed says how a threshold with a value was missed.
func missed(t Threshold, res measure.Result) string {
	value := ValueText(t)
	if *t.Value == t.Limit {
		value = "exactly " + value
	}
	line := fmt.Sprintf("%s %s, must be %s", ThresholdTitle(t.Name), value, LimitText(t))
	totals := res.Totals
	switch t.Name {
	case SuccessRate:
		line += fmt.Sprintf(": %s of %s failed%s", units.Count(totals.Failed), units.Count(totals.Attempted),
			mostly(res))
	case P95Response:
		if n := res.Latency.Count; FewFor95(n) {
			line += ": of so few uploads, that is the slowest"
		}
	case MischiefFindings:
		f := res.Mischief.Findings[0]
		line = fmt.Sprintf("mischief: %s, such as: %s", units.Plural(uint64(len(res.Mischief.Findings)), "finding"),
			strings.TrimPrefix(FindingText(f), "Finding: "))
	case RateAchieved:
		line += fmt.Sprintf(": %s %s not sent because %s", units.Plural(totals.Unsent, "call"),
			units.Were(totals.Unsent), unsentBecause(res))
	}
	return strings.ToLower(line[:1]) + line[1:]
}

// mostly names the most frequent kind of failure and when it was seen.
func mostly(res measure.Result) string {
	if len(res.ErrorDetails) == 0 {
		return ""
	}
	d := res.ErrorDetails[0]
	which := "most"
	if d.Count == res.Totals.Failed {
		which = "all"
	}
	return fmt.Sprintf(", %s with %s (%s)", which, FailureText(d), units.Interval(d.FirstS, d.LastS))
}

// unsentBecause says why calls that were due were not sent: the generator could not, or the server left no uploader
// free.
func unsentBecause(res measure.Result) string {
	if res.Generator.Limited {
		return "the generator could not keep up"
	}
	return fmt.Sprintf("all %s slots were busy waiting for the server",
		units.Count(uint64(max(res.Scenario.MaxConcurrent, 0))))
}

// leastUploads is how many uploads it takes for a 95th percentile that is not just the slowest one, and for a success
// rate that a single failure does not bring under 95 %.
const leastUploads = 20

// fewUploads says that a verdict over so few uploads hangs on single ones.
func fewUploads(n uint64) string {
	return fmt.Sprintf("this verdict rests on few uploads (%s): a single slow or failed one can decide it; "+
		"send %d or more", units.Count(n), leastUploads)
}

// warnings says what a reader has to know although it changes nothing about the verdict.
func warnings(res measure.Result, met bool) []string {
	var lines []string
	if n := res.Totals.Attempted; n > 0 && n < leastUploads {
		lines = append(lines, fewUploads(n))
	}
	if met && res.Generator.Limited {
		lines = append(lines, fmt.Sprintf("the generator was at its limit: the server may take more than %s uploads/s",
			units.Rate(res.Totals.UploadsPerS)))
	}
	if !met && res.Generator.Limited && !inconclusive(res, met) {
		lines = append(lines, fmt.Sprintf("the generator was at its limit%s, but the server failed too many uploads "+
			"by itself",
			GeneratorReasons(res.Generator)))
	}
	lines = append(lines, storageWarnings(res)...)
	lines = append(lines, deliveryWarnings(res.Delivery)...)
	lines = append(lines, stalls(res)...)
	if n := res.Latency.Clamped; n > 0 {
		lines = append(lines, fmt.Sprintf("%s longer than the histogram's range: percentiles beyond it are too low, "+
			"mean and maximum are exact", units.Plural(n, "response time")))
	}
	return lines
}

// leastStallS is the shortest time without any reply that is told. Points are a second wide; one of them alone can be
// chance at low rates.
const leastStallS = 2

// stalls tells of the times in which uploads were under way and none ended: the closed model hides them in a few slow
// calls.
func stalls(res measure.Result) []string {
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
		if from >= 0 && last && end-from >= leastStallS {
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

// GeneratorReasons gives the generator's own reasons in brackets, if it has any.
func GeneratorReasons(g measure.Generator) string {
	if len(g.Reasons) == 0 {
		return ""
	}
	return " (" + strings.Join(g.Reasons, "; ") + ")"
}
