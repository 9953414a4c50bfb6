package report_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
)

// Each of several servers has a row, why its uploads failed, and what was seen of it, or why nothing was.
func TestServersTable(t *testing.T) {
	rep := reporttest.Full()
	header, rows, failed, seen := report.ServersTable(&rep)
	if len(rows) != 2 || len(rows[0]) != len(header) || len(rows[1]) != len(header) {
		t.Fatalf("%q, %q", header, rows)
	}
	want := []string{"http://localhost:8001", "100", "40", "60.00 %", "–", "–", "–"}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("row of the second (-want +got):\n%s", diff)
	}
	if len(failed) != 1 || !strings.Contains(failed[0], "localhost:8001: 40 ") {
		t.Errorf("failed: %q", failed)
	}
	if len(seen) != 2 || !strings.Contains(seen[0], "rdio-scanner (4711), 0.6") ||
		!strings.HasSuffix(seen[1], "nothing seen of its process: the server runs on another machine") {
		t.Errorf("seen: %q", seen)
	}
	parts, events := report.EachServerSeen(&rep)
	if len(parts) != 2 || len(events) != len(rep.Servers[0].Watch.Events) {
		t.Errorf("%q, %q", parts, events)
	}
	most, more := 0.9, 96e6
	rep.Servers[1].Watch = &measure.ServerWatch{CPUSPerS: &most, RSSBytes: &more}
	if parts, _ = report.EachServerSeen(&rep); !slices.Contains(parts, "0.60 to 0.90 processors busy") {
		t.Errorf("%q", parts)
	}
	if text := report.TargetText(&rep.Target); !strings.HasSuffix(text, " and 1 other server") {
		t.Errorf("%q", text)
	}
	rep.Target.URLs = nil
	if text := report.TargetText(&rep.Target); text != rep.Target.URL {
		t.Errorf("%q", text)
	}
}

// Drills with a defect count by what was found of it, the others by whether anything was.
func TestSummariseDrills(t *testing.T) {
	rep := reporttest.Full()
	var all []report.Drill
	for _, want := range []string{"", "queue-full", "disk-bound", ""} {
		d := report.Drill{Want: want}
		d.SetReport(&rep)
		all = append(all, d)
	}
	all[3].Found = nil
	if all[0].OK() || !all[1].OK() || all[2].Hit() || !all[3].OK() || all[0].Grade != rep.Verdict.Grade {
		t.Errorf("%+v", all)
	}
	want := report.DrillSummary{Defects: 2, Hits: 1, Others: 1, Healthy: 2, Clean: 1}
	if got := report.SummariseDrills(all); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// What a search found is told in words, and never as a capacity if storage was not seen.
func TestOutcomeOfSearch(t *testing.T) {
	rate, broke := 184.0, 200.0
	found := report.CapacityResult{CapacityPerS: &rate, HighPerS: &broke, BrokeWords: "p95 was 4 s", Confirmed: true}
	for name, tt := range map[string]struct {
		change     func(*report.CapacityResult)
		word, head string
		says       string
	}{
		"found": {
			func(r *report.CapacityResult) { r.Verified = "api" }, "Capacity", "184 calls/s",
			"Storage kept up at that rate, as seen by api.",
		},
		"storage not seen": {
			(*report.CapacityResult).Queues, "Accepts", "184 calls/s, capacity not known", "Storage was not seen",
		},
		"nothing broke": {
			func(r *report.CapacityResult) {
				r.AtLeastPerS, r.CapacityPerS, r.HighPerS, r.Reason = r.CapacityPerS, nil, nil, "its time was up"
			}, "Capacity", "at least 184 calls/s", "The search ended because its time was up.",
		},
		"nothing held": {
			func(r *report.CapacityResult) { r.CapacityPerS = nil }, "No capacity found", "", "p95 was 4 s",
		},
	} {
		c := report.Capacity{Result: found}
		tt.change(&c.Result)
		o := c.Outcome()
		said := strings.Join(append(o.Reasons, o.Warnings...), "\n")
		if o.Word != tt.word || o.Head != tt.head || !strings.Contains(said, tt.says) {
			t.Errorf("%s: %q %q\n%s", name, o.Word, o.Head, said)
		}
		c.Run.Interrupted = true
		if o := c.Outcome(); o.Word != "Interrupted" {
			t.Errorf("%s: interrupted, it is %q", name, o.Word)
		}
	}
}

// A step of a search is told in a word or two, an objective as the command line reads it, and in words.
func TestStepsAndObjectives(t *testing.T) {
	for want, step := range map[string]report.CapacityStep{
		"held":             {OK: true},
		"confirmed":        {OK: true, Final: true},
		"held again later": {Repeated: true},
		"broke":            {},
		"data_loss":        {Broke: "data_loss"},
	} {
		if got := step.Outcome(); got != want {
			t.Errorf("%+v is %q, want %q", step, got, want)
		}
	}
	o := report.Objective{Name: judge.P95Response, Unit: "s", Op: "<", Limit: 2}
	if o.String() != "p95_response_time_s<2" || o.LimitText() != "under 2 s" ||
		!strings.HasSuffix(o.Title(), "under 2 s") {
		t.Errorf("%s, %s, %s", o, o.LimitText(), o.Title())
	}
}

func TestMischiefText(t *testing.T) {
	m := measure.Mischief{Sent: 12, Unsound: 3, Kinds: make([]measure.MischiefKind, 2)}
	if got := report.MischiefText(&m); got != "12 requests of 2 kinds, 3 answered unsoundly; no finding" {
		t.Errorf("%q", got)
	}
	m.Unsound, m.Findings = 0, make([]measure.MischiefFinding, 1)
	if got := report.MischiefText(&m); got != "12 requests of 2 kinds; 1 finding" {
		t.Errorf("%q", got)
	}
}
