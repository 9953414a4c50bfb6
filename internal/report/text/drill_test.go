package text

import (
	"strings"
	"testing"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/judge"
	"rdiostress/internal/report"
)

func TestDrills(t *testing.T) {
	take := func(name, want string, found ...string) report.Drill {
		d := report.Drill{Name: name, Want: want, Command: "run --defect=" + name}
		var rep report.Report
		rep.Verdict.Grade = judge.Fail
		for _, id := range found {
			rep.Diagnosis = append(rep.Diagnosis, diagnose.Finding{ID: id})
		}
		d.SetReport(&rep)
		return d
	}
	drills := []report.Drill{
		take("stalls", "periodic-stalls", "periodic-stalls"), take("leak", "memory-leak", "blocking-work"),
		take("both", "queue-full", "queue-full", "timeouts"), take("healthy 1", ""), take("healthy 2", "", "timeouts"),
	}
	for i, ok := range []bool{true, false, false, true, false} {
		if drills[i].OK() != ok {
			t.Errorf("%s: OK is %t", drills[i].Name, !ok)
		}
	}
	const sum = "2 of 3 defects found, with 2 findings besides; nothing found in 1 of 2 runs against the healthy " +
		"server."
	var table, markdown strings.Builder
	if err := WriteDrills(&table, drills, 100); err != nil {
		t.Fatal(err)
	}
	if err := WriteDrillsMarkdown(&markdown, drills, 0); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{table.String(), markdown.String()} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), sum) {
			t.Errorf("the sum is missing:\n%s", text)
		}
	}
	for want, part := range map[string][]report.Drill{
		"1 of 1 defects found, with 0 findings besides.":           drills[:1],
		"nothing found in 1 of 2 runs against the healthy server.": drills[3:],
	} {
		if got := drillSum(part); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	const row = "| leak | `run --defect=leak` | memory-leak | NO | blocking-work | fail |"
	if !strings.Contains(markdown.String(), row) {
		t.Errorf("no row %s in\n%s", row, markdown.String())
	}
}
