package junit

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// WriteReport writes the results of a run.
func WriteReport(out io.Writer, rep report.Report) error {
	w := &writer{
		about: rep.Tool.Name + " run " + rep.Run.ID, class: "rdiostress.run", started: rep.Run.StartedAt,
	}
	w.identify(rep.Tool, rep.Run.ID, &rep.Target)
	w.run(&rep)
	w.thresholds(&rep)
	w.delivery(&rep)
	w.transcripts(&rep)
	w.alerts(&rep)
	w.findings(&rep)
	return w.write(out)
}

// identify adds the properties that each suite has.
func (w *writer) identify(tool report.Tool, id string, target *measure.Target) {
	for _, p := range []property{
		{"tool", tool.Name + " " + tool.Version},
		{"run.id", id},
		{"target.url", target.URL},
		{"target.server", target.Server},
	} {
		if p.Value != "" {
			w.properties = append(w.properties, property{p.Name, line(p.Value)})
		}
	}
}

// figures adds what was sent, and how it went.
func (s *suite) figures(rep *report.Report) {
	sent, t := &rep.Scenario, &rep.Totals
	s.property("scenario.load", report.LoadText(sent))
	s.property("scenario.client", sent.Client)
	s.count("scenario.seed", &sent.Seed)
	s.count("totals.attempted_uploads", &t.Attempted)
	s.count("totals.accepted_uploads", &t.Accepted)
	s.count("totals.failed_uploads", &t.Failed)
	s.number("totals.success_ratio", t.SuccessRate)
	s.number("totals.accepted_uploads_per_s", rep.Summary.AcceptedPerS)
	if f := rep.Latency.Figures; f != nil {
		s.number("latency.mean_s", &f.MeanS)
		s.number("latency.p50_s", &f.P50S)
		s.number("latency.p95_s", &f.P95S)
		s.number("latency.max_s", &f.MaxS)
	}
	s.property("verdict.grade", string(rep.Verdict.Grade))
	s.property("verdict.exit_code", strconv.Itoa(rep.Verdict.ExitCode))
	s.property("verdict.storage", string(rep.Verdict.Storage))
}

// run has one case, which has the verdict and the length of the run.
func (w *writer) run(rep *report.Report) {
	v := rep.Verdict
	s := w.suite("run")
	s.figures(rep)
	s.check(w.class, "verdict", rep.Run.DurationS, kindOf(v.ExitCode),
		fmt.Sprintf("%s: %s (exit code %d)", v.Word(), v.Text, v.ExitCode), slices.Concat(v.Reasons, v.Warnings)...)
}

// kindOf returns how a run ended by its exit code.
func kindOf(code int) kind {
	switch code {
	case exitcode.OK:
		return passed
	case exitcode.Missed, exitcode.DataLoss:
		return failed
	default: // it could not be judged
		return broken
	}
}

func (w *writer) thresholds(rep *report.Report) {
	s := w.suite("thresholds")
	for _, t := range rep.Thresholds {
		how, state := passed, ""
		if !t.OK {
			how, state = failed, ", missed"
		}
		name := cmp.Or(t.Expression, t.Name)
		why := fmt.Sprintf("%s %s, must be %s%s", t.Title(), judge.ValueText(t), judge.LimitText(t),
			state)
		if t.Absent != "" {
			why = fmt.Sprintf("%s must be %s%s: %s", t.Title(), judge.LimitText(t), state, t.Absent)
		}
		if t.Note != "" {
			why += ": " + t.Note
		}
		s.number(name+".value", t.Value)
		s.number(name+".limit", &t.Limit)
		s.check(w.class+".thresholds", line(name), 0, how, why)
	}
}

// delivery has the account of the acknowledged calls, and of a crash test. Its time is the wait for storage.
func (w *writer) delivery(rep *report.Report) {
	d, s, class := &rep.Delivery, w.suite("delivery"), w.class+".delivery"
	took := 0.0
	if d.WaitedS != nil {
		took = *d.WaitedS
	}
	s.property("method", d.Method)
	s.count("acknowledged_calls", d.Acknowledged)
	s.count("stored_calls", d.Stored)
	s.count("lost_calls", d.Lost)
	s.count("corrupted_calls", d.Corrupted)
	s.count("pending_calls", d.Pending)
	s.count("duplicated_calls", d.Duplicated)
	s.count("backlog_max_calls", d.BacklogMax)
	s.number("stored_calls_per_s", d.StoredPerS)
	s.account(rep, class, took)
	if c := d.Crash; c != nil {
		s.crash(class, c)
	}
}

// account adds the case of the acknowledged calls.
func (s *suite) account(rep *report.Report, class string, took float64) {
	const name = "acknowledged calls are stored"
	d := &rep.Delivery
	var more []string
	if d.Source != "" {
		more = append(more, fmt.Sprintf("verified by %s, through %s", d.Method, d.Source))
	}
	if words := judge.StaleText(d); words != "" {
		more = append(more, words)
	}
	for _, reason := range d.Reasons {
		more = append(more,
			fmt.Sprintf("the server's log says of %s: %s", units.Plural(reason.Count, "call"), reason.Reason))
	}
	more = append(more, d.Examples...)
	switch storage := rep.Verdict.Storage; {
	case d.Failed:
		s.check(class, name, took, broken, "delivery could not be verified: "+d.Absent, more...)
	case storage == judge.StorageUnknown && rep.Verdict.ExitCode == exitcode.NoRun && rep.Scenario.MustVerify:
		s.check(class, name, took, broken, "it is not known if they are, and that was asked for: "+d.Absent, more...)
	case storage == judge.StorageUnknown:
		s.check(class, name, took, skipped, "it is not known if they are: "+d.Absent, more...)
	case storage == judge.StorageVerified:
		s.check(class, name, took, passed, accountText(d), more...)
	default:
		s.check(class, name, took, failed, accountText(d), more...)
	}
}

// accountText says what became of the acknowledged calls.
func accountText(d *measure.Delivery) string {
	text := fmt.Sprintf("of %s, %s stored as sent", units.Plural(measure.OrZero(d.Acknowledged), "acknowledged call"),
		units.Count(measure.OrZero(d.Stored)))
	for _, part := range []struct {
		n    *uint64
		what string
	}{
		{d.Lost, "lost"},
		{d.Corrupted, "stored differently"},
		{d.Pending, "still pending"},
		{d.Duplicated, "stored more than once"},
	} {
		if n := measure.OrZero(part.n); n > 0 {
			text += fmt.Sprintf(", %s %s", units.Count(n), part.what)
		}
	}
	return text
}

// crash adds the case of a crash test.
func (s *suite) crash(class string, c *measure.Crash) {
	const name = "no acknowledged call is lost in the crash"
	s.number("crash.killed_s", &c.KilledS)
	s.number("crash.answered_s", c.AnsweredS)
	s.count("crash.lost_calls", c.Lost)
	text := fmt.Sprintf("%s acknowledged before the server was killed", units.Plural(c.Acknowledged, "call"))
	switch lost := measure.OrZero(c.Lost); {
	case c.Lost == nil:
		s.check(class, name, 0, skipped, text+"; it is not known if they are stored")
	case lost > 0:
		s.check(class, name, 0, failed, fmt.Sprintf("%s, %s of them lost", text, units.Count(lost)))
	default:
		s.check(class, name, 0, passed, text+", none of them lost")
	}
}

// warned is how what does not decide about a run is shown: a run that passes has no failure.
func warned(rep *report.Report) kind {
	if rep.Verdict.ExitCode == exitcode.OK {
		return skipped
	}
	return failed
}

// alerts has a case for each alert, and one for each rule without an alert.
func (w *writer) alerts(rep *report.Report) {
	s, class := w.suite("alerts"), w.class+".alerts"
	seen := map[string]int{}
	for _, a := range rep.Alerts {
		name := a.KPI + " " + a.Severity
		if seen[name]++; seen[name] > 1 {
			name += " " + strconv.Itoa(seen[name])
		}
		s.number(name+".from_s", &a.FromS)
		s.number(name+".to_s", &a.ToS)
		s.number(name+".worst", &a.Value)
		s.number(name+".limit", &a.Limit)
		s.check(class, name, 0, warned(rep), fmt.Sprintf("%s alert: %s at worst %s, limit %s (%s)", a.Severity,
			judge.AlertTitle(a.KPI), judge.AlertValueText(a, a.Value), judge.AlertLimitText(a),
			units.Interval(a.FromS, a.ToS)))
	}
	for _, rule := range judge.Guide().Alerts {
		name := rule.KPI + " " + rule.Severity
		if seen[name] > 0 {
			continue
		}
		how, why := passed, "no alert: never "+judge.AlertLimitText(measure.Alert{
			KPI: rule.KPI, Unit: rule.Unit, Limit: rule.Limit,
		})
		if !observed(rep, rule) {
			how, why = skipped, judge.AlertTitle(rule.KPI)+" was not observed"
		}
		s.check(class, name, 0, how, why)
	}
}

// observed reports whether a run has values of what an alert limits.
func observed(rep *report.Report, rule judge.AlertRule) bool {
	switch rule.KPI {
	case judge.AlertErrorRate:
		return rep.KPIs.ErrorRate.Mean != nil
	case judge.AlertResponseTime:
		return rep.KPIs.AvgResponseTime.Mean != nil
	default:
		_, ok := rep.Summary.ServerFigure(measure.DiskFree)
		return ok
	}
}

// findings has a case for each finding of the diagnosis and of mischief.
func (w *writer) findings(rep *report.Report) {
	s := w.suite("findings")
	for _, f := range rep.Diagnosis {
		title := f.Title
		if f.Certainty != diagnose.Certain && f.Certainty != "" {
			title += " (" + string(f.Certainty) + ")"
		}
		more := append(slices.Clone(f.Evidence), fmt.Sprintf("To do (phase %d of the guide): %s", f.GuidePhase, f.Fix))
		s.property(f.ID+".guide_phase", strconv.Itoa(f.GuidePhase))
		s.check(w.class+".findings", f.ID, 0, warned(rep), title, more...)
	}
	if rep.Mischief == nil {
		return
	}
	for _, f := range rep.Mischief.Findings {
		s.check(w.class+".findings.mischief", f.Kind+" "+f.Problem, 0, warned(rep), judge.FindingText(f), f.Evidence)
	}
}
