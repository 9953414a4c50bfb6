package report_test

import (
	"bytes"
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// What learning costs is a finding with figures, of a run that is judged without the calls that showed it.
func TestLearningIsAFinding(t *testing.T) {
	rep := report.New(results.Primed(), "1.2.3", nil)
	if !rep.Verdict.OK || len(rep.Diagnosis) != 1 || rep.Diagnosis[0].ID != "talkgroup-learning" {
		t.Fatalf("%+v, %+v", rep.Verdict, rep.Diagnosis)
	}
	for _, want := range []string{
		"the first call of a talkgroup took 1.35 s until it was stored, a call of a known one 5 ms",
		"that rose from 900 ms each for the first 5 to 1.8 s each for the last 5, when it had 85",
		"each 1,000 talkgroups that the server has add 20 s to the next",
	} {
		if text := strings.Join(rep.Diagnosis[0].Evidence, "\n"); !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	flat := results.Primed()
	for i := range flat.Priming.Learning {
		flat.Priming.Learning[i].MeanS = 0.012
	}
	if rep := report.New(flat, "1.2.3", nil); len(rep.Diagnosis) != 0 {
		t.Errorf("a server that learns quickly: %+v", rep.Diagnosis)
	}
	slow := results.Primed() // to store, whatever it knows
	*slow.Priming.UsualS, *slow.Priming.UsualMaxS = 1.2, 1.3
	if rep := report.New(slow, "1.2.3", nil); len(rep.Diagnosis) != 0 {
		t.Errorf("a server that stores slowly: %+v", rep.Diagnosis)
	}
	uneven := results.Primed()
	*uneven.Priming.UsualS, *uneven.Priming.UsualMaxS = 0.2, 1.5
	if rep := report.New(uneven, "1.2.3", nil); len(rep.Diagnosis) != 0 {
		t.Errorf("a server that stores unevenly: %+v", rep.Diagnosis)
	}
}

func TestReadRefusesPrimingThatContradictsItself(t *testing.T) {
	for _, tt := range []struct{ from, to, want string }{
		{`"accepted": 53`, `"accepted": 54`, "of 53 calls, more were accepted or stored"},
		{`"stored": 52`, `"stored": 60`, "of 53 calls, more were accepted or stored"},
		{`"known_before": 40`, `"known_before": 101`, "of 100 talkgroups, more were known, not known or left out"},
		{`"left_out": 11`, `"left_out": 101`, "of 100 talkgroups, more were known, not known or left out"},
	} {
		before, after, _ := strings.Cut(string(reporttest.JSON(t, report.New(results.Primed(), "1.2.3", nil))),
			`"priming": {`)
		if !strings.Contains(after, tt.from) {
			t.Fatalf("no %s in the report", tt.from)
		}
		_, err := report.Read(bytes.NewReader([]byte(before + `"priming": {` +
			strings.Replace(after, tt.from, tt.to, 1))))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.to, err, tt.want)
		}
	}
}

// A report from before priming was a stage of its own has it as a phase.
func TestReadTakesThePhaseThatPrimingWas(t *testing.T) {
	res := results.Passing()
	res.Scenario.Prime = true
	d := results.SpreadOut(100, 1e6, 5e6)
	res.Phases = append([]measure.Phase{{
		Name: "prime", Load: "a call of each talkgroup", DurationS: 8, Totals: measure.Totals{
			Attempted: 100,
			Accepted:  100,
		},
		Latency: d, ServiceTime: d,
	}}, res.Phases...)
	res.Series[0].Attempted += 100
	res.Series[0].Accepted += 100
	rep, err := report.Read(bytes.NewReader(reporttest.JSON(t, report.New(res, "1.2.3", nil))))
	if err != nil || rep.Phases[0].Name != "prime" || rep.Priming != nil {
		t.Errorf("%v: %+v", err, rep.Phases)
	}
}
