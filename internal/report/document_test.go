package report_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/units"
)

// A document is read as what it is: a run or a search.
func TestReadDocument(t *testing.T) {
	full := reporttest.Full()
	doc, err := report.ReadDocument(bytes.NewReader(reporttest.JSON(t, full)))
	if err != nil || doc.Run == nil || doc.Search != nil {
		t.Fatalf("a run: %+v, %v", doc, err)
	}
	if diff := cmp.Diff(full, *doc.Run); diff != "" {
		t.Errorf("a run (-written +read):\n%s", diff)
	}
	for name, rep := range reporttest.Unfound() {
		var text bytes.Buffer
		if err := report.WriteCapacityJSON(&text, rep); err != nil {
			t.Fatal(err)
		}
		doc, err := report.ReadDocument(&text)
		if err != nil || doc.Search == nil || doc.Run != nil {
			t.Errorf("%s: %+v, %v", name, doc, err)
			continue
		}
		if diff := cmp.Diff(rep, *doc.Search); diff != "" {
			t.Errorf("%s (-written +read):\n%s", name, diff)
		}
	}
	old, err := os.ReadFile("testdata/versions/capacity-1.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err = report.ReadDocument(bytes.NewReader(old))
	if err != nil || doc.Search == nil || len(doc.Search.Steps) == 0 {
		t.Errorf("a search of an older version: %+v, %v", doc, err)
	}
}

// Objectives of a search that an older version saved, which named no units, have those of their figures.
func TestReadDocumentCompletesObjectives(t *testing.T) {
	old, err := os.ReadFile("testdata/versions/capacity-1.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]units.Unit{
		"success_rate": units.InRatio, "error_rate": units.InRatio, "mean_response_time_s": units.InSeconds,
		"p50_response_time_s": units.InSeconds, "p90_response_time_s": units.InSeconds,
		"p95_response_time_s": units.InSeconds, "p99_response_time_s": units.InSeconds, "of_a_later_version": "",
	} {
		renamed := strings.Replace(string(old), `"name": "success_rate"`, `"name": "`+name+`"`, 1)
		doc, err := report.ReadDocument(strings.NewReader(renamed))
		if err != nil || doc.Search == nil {
			t.Fatalf("%s: %v", name, err)
		}
		if o := doc.Search.Objectives[0]; o.Name != name || o.Unit != want {
			t.Errorf("%s: unit %q, want %q", o.Name, o.Unit, want)
		}
	}
}

func TestReadDocumentRefuses(t *testing.T) {
	var text strings.Builder
	if err := report.WriteCapacityJSON(&text, reporttest.Searched()); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ from, to, want string }{
		"no rate":  {`"rate_per_s": 100,`, `"rate_per_s": 0,`, "steps: 0: a rate of 0 calls/s"},
		"too many": {`"accepted": 1000,`, `"accepted": 1001,`, "steps: 0: 1001 accepted of 1000 attempted"},
		"time":     {`"duration_s": 10,`, `"duration_s": -10,`, "steps: 0: a negative time or rate"},
		"capacity": {`"capacity_per_s": 184`, `"capacity_per_s": -184`, "result: a negative capacity"},
		"other type": {
			`"attempted": 1000,`, `"attempted": "x",`,
			"steps.attempted is a JSON string, want a whole number of 0 or more",
		},
		"cut off":     {"\n}\n", "", "not a report: "},
		"another one": {`"rdiostress.capacity/v1"`, `"x/v9"`, `its schema is "x/v9"`},
	} {
		spoiled := strings.Replace(text.String(), tc.from, tc.to, 1)
		if spoiled == text.String() {
			t.Fatalf("%s: nothing to spoil", name)
		}
		_, err := report.ReadDocument(strings.NewReader(spoiled))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// A page that was given in place of the report that it was made of is told from a damaged report.
func TestReadDocumentKnowsAPage(t *testing.T) {
	for text, want := range map[string]bool{
		"<!doctype html>\n<html>": true, "\ufeff \r\n<!DOCTYPE HTML PUBLIC": true, "<HTML lang=en>": true,
		"{}": false, "": false, "<ht": false, "<svg>": false, "no <html>": false,
	} {
		_, err := report.ReadDocument(strings.NewReader(text))
		if err == nil || errors.Is(err, report.ErrPage) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
