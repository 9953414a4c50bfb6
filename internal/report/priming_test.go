package report

import (
	"bytes"
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// primed is a run on a server that takes longer for each talkgroup that it learns, and had not learned all in time.
func primed() measure.Result {
	res := passing()
	known, stored, unknown, usual, longest := uint64(40), uint64(52), uint64(11), 0.005, 0.02
	res.Scenario.Prime = true
	res.Priming = &measure.Priming{
		Talkgroups: 100, KnownBefore: &known, Calls: 53, Accepted: 53, Stored: &stored, NotKnown: &unknown, LeftOut: 11,
		DurationS: 60.02, TimeUp: true, UsualS: &usual, UsualMaxS: &longest,
	}
	for i := range uint64(10) {
		part := measure.LearningCost{Known: 40 + 5*i, Talkgroups: 5, MeanS: 0.9 + 0.1*float64(i)}
		res.Priming.Learning = append(res.Priming.Learning, part)
	}
	return res
}

func TestPrimingWords(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	for _, tt := range []struct {
		name string
		m    *measure.Priming
		want string
	}{
		{"not looked at", nil, ""},
		{
			"all known", &measure.Priming{Talkgroups: 100, KnownBefore: n(100), NotKnown: n(0)},
			"not needed: the server knew all 100 talkgroups",
		},
		{
			"none added", &measure.Priming{Talkgroups: 9, KnownBefore: n(7), NotKnown: n(2)},
			"no calls; 7 of 9 talkgroups known before; 2 not known when the run began",
		},
		{
			"all learned", &measure.Priming{Talkgroups: 57, Calls: 62, Accepted: 62, Stored: n(62), NotKnown: n(0), DurationS: 3.2},
			"62 calls before the run, 62 stored, in 3.2 s",
		},
		{
			"time up", primed().Priming,
			"53 calls before the run, 52 stored, in 1 min (the limit); 40 of 100 talkgroups known before; " +
				"11 not known when the run began; 11 left out of it; a new talkgroup took 900 ms at first, 1.80 s at last, a known one 5.00 ms",
		},
		{
			"not seen",
			&measure.Priming{Talkgroups: 100, Calls: 3, DurationS: 0.7, Unseen: "what is stored cannot be seen", Refused: "503 busy"},
			"3 calls before the run, 0 accepted, in 700 ms; what is stored cannot be seen; the server answered 503 busy",
		},
	} {
		if got := primingWords(tt.m); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// What learning costs is a finding with figures, of a run that is judged without the calls that showed it.
func TestLearningIsAFinding(t *testing.T) {
	rep := New(primed(), "1.2.3")
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
	flat := primed()
	for i := range flat.Priming.Learning {
		flat.Priming.Learning[i].MeanS = 0.012
	}
	if rep := New(flat, "1.2.3"); len(rep.Diagnosis) != 0 {
		t.Errorf("a server that learns quickly: %+v", rep.Diagnosis)
	}
	slow := primed() // to store, whatever it knows
	*slow.Priming.UsualS, *slow.Priming.UsualMaxS = 1.2, 1.3
	if rep := New(slow, "1.2.3"); len(rep.Diagnosis) != 0 {
		t.Errorf("a server that stores slowly: %+v", rep.Diagnosis)
	}
	uneven := primed()
	*uneven.Priming.UsualS, *uneven.Priming.UsualMaxS = 0.2, 1.5
	if rep := New(uneven, "1.2.3"); len(rep.Diagnosis) != 0 {
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
		before, after, _ := strings.Cut(string(written(t, New(primed(), "1.2.3"))), `"priming": {`)
		if !strings.Contains(after, tt.from) {
			t.Fatalf("no %s in the report", tt.from)
		}
		_, err := Read(bytes.NewReader([]byte(before + `"priming": {` + strings.Replace(after, tt.from, tt.to, 1))))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.to, err, tt.want)
		}
	}
}

// A report from before priming was a stage of its own has it as a phase.
func TestReadTakesThePhaseThatPrimingWas(t *testing.T) {
	res := passing()
	res.Scenario.Prime = true
	d := spreadOut(100, 1e6, 5e6)
	res.Phases = append([]measure.Phase{{
		Name: "prime", Load: "a call of each talkgroup", DurationS: 8, Totals: measure.Totals{Attempted: 100, Accepted: 100},
		Latency: d, ServiceTime: d,
	}}, res.Phases...)
	res.Series[0].Attempted += 100
	res.Series[0].Accepted += 100
	rep, err := Read(bytes.NewReader(written(t, New(res, "1.2.3"))))
	if err != nil || rep.Phases[0].Name != "prime" || rep.Priming != nil {
		t.Errorf("%v: %+v", err, rep.Phases)
	}
}
