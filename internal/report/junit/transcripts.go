package junit

import (
	"fmt"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// transcripts has when calls were transcribed, if that was measured or had to be. Its time is the wait for them. That a
// server is behind fails no gate, as it does not decide on the exit code.
func (w *writer) transcripts(rep *report.Report) {
	m := rep.Transcription
	required := rep.Scenario.Transcripts == "require"
	if m == nil || m.WhyAbsent() != "" && !required && !m.ReadFailed {
		return
	}
	s, class := w.suite("transcripts"), w.class+".transcripts"
	const name = "stored calls are transcribed"
	if why := m.WhyAbsent(); why != "" {
		how := skipped
		if required && rep.Verdict.ExitCode == exitcode.NoRun {
			how = broken
		}
		s.check(class, name, 0, how, "it was not measured: "+why)
		return
	}
	s.property("method", m.Method)
	s.count("transcribed_calls", m.Transcribed)
	s.count("failed_calls", m.Failed)
	s.count("waiting_calls", m.Waiting)
	s.count("unseen_calls", m.Unseen)
	s.count("waiting_max_calls", m.WaitingMax)
	s.number("drain_s", m.DrainS)
	if d, _ := m.Delay(); d != nil {
		s.number("delay_p50_s", &d.P50S)
		s.number("delay_p95_s", &d.P95S)
		s.number("delay_max_s", &d.MaxS)
	}
	took := 0.0
	if m.WaitedS != nil {
		took = *m.WaitedS
	}
	text := fmt.Sprintf("of %s, %s transcribed", units.Plural(measure.OrZero(m.Calls), "stored call"),
		units.Count(measure.OrZero(m.Transcribed)))
	open := measure.OrZero(m.Waiting) + measure.OrZero(m.Failed) + measure.OrZero(m.Unseen)
	if open == 0 {
		s.check(class, name, took, passed, text)
		return
	}
	s.check(class, name, took, warned(rep), fmt.Sprintf("%s, %s waiting, %s failed, %s without a trace", text,
		units.Count(measure.OrZero(m.Waiting)), units.Count(measure.OrZero(m.Failed)),
		units.Count(measure.OrZero(m.Unseen))))
}
