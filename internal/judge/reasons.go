package judge

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// reasons returns a line for every fault of the run, the most serious first.
func (j *judgement) reasons() []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if j.Run.Interrupted {
		add("interrupted after %s%s: judged by what was measured", units.Duration(j.Run.SendingS),
			ofPlanned(&j.Scenario))
	}
	if rule := j.Run.Aborted; rule != "" {
		add("stopped early after %s: %s", units.Duration(j.Run.SendingS), rule)
	}
	if noSample(j.Result) {
		add("%s, so no threshold counts as met", whyNoSample(j.Result))
	}
	lines = append(lines, deliveryReasons(&j.Delivery)...)
	if j.Scenario.MustVerify && unknown(j.Result) && !j.Delivery.Failed {
		lines = append(lines, j.names.Text(
			"it is not known if acknowledged calls were stored, and {require_storage} asks for that"))
	}
	if lacksTranscripts(j.Result) {
		lines = append(lines, j.names.Text("it was not measured when calls are transcribed, and {transcripts} asks "+
			"for that: ")+j.Transcription.WhyAbsent())
	}
	switch {
	case !j.inconclusive():
	case j.Latency.LeavesTooMuchOut():
		add("inconclusive: the generator itself was stopped%s while %s of %s accepted uploads were due, sent or "+
			"answered", stoppedFor(j.Generator.Stops), units.Count(j.Latency.LeftOut),
			units.Count(j.Latency.Count+j.Latency.LeftOut))
	case !j.Generator.Limited:
		add("inconclusive: the generator itself was stopped for %s in all, and %s around that failed without an answer",
			units.Duration(j.Generator.Stops.StoppedS), units.Plural(j.Generator.Stops.Failed, "upload"))
	default:
		add("inconclusive: the generator was the limit%s", GeneratorReasons(&j.Generator))
	}
	if noSample(j.Result) {
		return lines
	}
	if j.Totals.Accepted == 0 {
		add("no upload was accepted, so there is no response time to judge")
	}
	for _, t := range j.thresholds {
		switch {
		case t.OK:
		case t.Value != nil:
			lines = append(lines, j.missed(t))
		case t.Own():
			add("%s has no value, must be %s: %s", t.Title(), LimitText(t), t.Absent)
		}
	}
	return lines
}

// ProfileGuide is the profile that begins with the guide's batches. Their length depends on the server.
const ProfileGuide = "guide"

// PlannedS returns how many seconds a run was planned to send, without the guide's batches.
func PlannedS(s *measure.Scenario) float64 { return s.RampUpS + s.WarmUpS + s.DurationS }

// ofPlanned returns the planned length of a run for a sentence; empty if the plan does not have it.
func ofPlanned(s *measure.Scenario) string {
	if s.Profile == ProfileGuide {
		return ""
	}
	return " of " + units.Duration(PlannedS(s))
}

// stoppedFor says for how long the generator was stopped, where that is known.
func stoppedFor(s *measure.Stops) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf(" for %s in all,", units.Duration(s.StoppedS))
}

// missed describes a threshold with a value that was missed. It does not repeat that the generator was the limit.
func (j *judgement) missed(t Threshold) string {
	res := j.Result
	value := ValueText(t)
	if *t.Value == t.Limit {
		value = "exactly " + value
	}
	if t.Own() {
		line := fmt.Sprintf("%s was %s, must be %s: %s", t.Title(), value, LimitText(t), t.Note)
		return strings.TrimSuffix(line, ": ")
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
		line += fmt.Sprintf(": %s %s not sent", units.Plural(totals.Unsent, "call"), units.Were(totals.Unsent))
		if !res.Generator.Limited || !j.inconclusive() {
			line += " because " + unsentBecause(res)
		}
	}
	return strings.ToLower(line[:1]) + line[1:]
}

// mostly names the most frequent kind of failure, and when it occurred.
func mostly(res *measure.Result) string {
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

// unsentBecause says why due calls were not sent: the generator could not keep up, or no slot was free.
func unsentBecause(res *measure.Result) string {
	if res.Generator.Limited {
		return "the generator could not keep up"
	}
	if stopped := stoppedByClients(res); 2*stopped > res.Totals.Unsent {
		return fmt.Sprintf("the clients had stopped after failed uploads, or had never connected (%s)",
			units.Plural(stopped, "call"))
	}
	return fmt.Sprintf("all %s slots were busy waiting for the server",
		units.Count(uint64(max(res.Scenario.MaxConcurrent, 0))))
}

// stoppedByClients returns how many calls clients did not send that behave as real ones: they dropped them, or still
// waited for a connection at the end.
func stoppedByClients(res *measure.Result) (n uint64) {
	for _, b := range res.ClientBehavior {
		if b.Pauses > 0 || b.Tests > b.TestsPassed {
			n += b.Outdated + b.Left
		}
	}
	return n
}

// GeneratorReasons returns, in brackets, why the generator was at its limit; empty without reasons.
func GeneratorReasons(g *measure.Generator) string {
	if len(g.Reasons) == 0 {
		return ""
	}
	return " (" + strings.Join(g.Reasons, "; ") + ")"
}
