package github_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/github"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

func commands(t *testing.T, list github.Annotations) string {
	t.Helper()
	return reporttest.Text(t, list.Write)
}

func TestAnnotationsOfRuns(t *testing.T) {
	failing := report.New(results.Failing(), "1.2.3", nil)
	for name, tc := range map[string]struct {
		rep  report.Report
		want string
	}{
		"pass": {report.New(results.Passing(), "1.2.3", nil), ""},
		"monitor": {
			report.New(results.Monitored(), "1.2.3", nil),
			"::error title=rdiostress%3A Monitor::success rate 93.15 %25, " +
				"must be over 95 %25: 845 of 12,345 failed, all with HTTP 503 (1.0–118 s)\n",
		},
		"loss": {report.New(results.Lossy(), "1.2.3", nil), "::error title=rdiostress%3A Data loss::data loss: of "},
		"fail": {failing, "::warning title=rdiostress%3A " + failing.Diagnosis[0].Title + "::the server said "},
	} {
		if got := commands(t, github.OfRun(&tc.rep)); !strings.Contains(got, tc.want) || tc.want == "" && got != "" {
			t.Errorf("%s: no %q in\n%s", name, tc.want, got)
		}
	}
	if got := commands(t, github.OfRun(&failing)); strings.Count(got, "::error ") != len(failing.Verdict.Reasons) ||
		strings.Count(got, "::warning ") != len(failing.Diagnosis) {
		t.Errorf("not one for each fault and finding:\n%s", got)
	}
}

func TestAnnotationsOfSearches(t *testing.T) {
	found, unfound := reporttest.Searched(), reporttest.Unfound()
	if got := commands(t, github.OfSearch(&found)); got != "" {
		t.Errorf("a capacity that was found has\n%s", got)
	}
	none, limited := unfound["capacity-none"], unfound["capacity-limited"]
	if got := commands(t, github.OfSearch(&none)); got != "::error title=rdiostress%3A No capacity found::The search "+
		"ended because the server does not even take 0.05 calls/s.\n" {
		t.Errorf("got\n%s", got)
	}
	if got := commands(t, github.OfSearch(&limited)); strings.Count(got, "\n::warning ") != 2 {
		t.Errorf("got\n%s", got)
	}
}

// GitHub keeps ten of a level: the last one says how many more there are.
func TestNoMoreThanGitHubKeeps(t *testing.T) {
	rep := report.New(results.Failing(), "1.2.3", nil)
	for n, want := range map[int]string{
		9: "reason 9\n", 10: "reason 10\n", 11: "and 2 more: see the report\n", 500: "and 491 more",
	} {
		rep.Verdict.Reasons = nil
		for i := range n {
			rep.Verdict.Reasons = append(rep.Verdict.Reasons, fmt.Sprintf("reason %d", i+1))
		}
		got := commands(t, github.OfRun(&rep))
		title := "Fail"
		if n > 10 {
			title = "More errors"
		}
		if count := strings.Count(got, "::error "); count != min(n, 10) ||
			!strings.Contains(got, "::error title=rdiostress%3A "+title+"::"+want) {
			t.Errorf("%d reasons: %d annotations\n%s", n, count, got)
		}
	}
}

// The warning for those left out is not told as one of the first finding.
func TestMoreFindings(t *testing.T) {
	rep := report.New(results.Passing(), "1.2.3", nil)
	for i := range 12 {
		rep.Diagnosis = append(rep.Diagnosis, report.Finding{Title: fmt.Sprintf("finding %d", i+1), Fix: "wait"})
	}
	const want = "\n::warning title=rdiostress%3A More warnings::and 3 more: see the report\n"
	if got := commands(t, github.OfRun(&rep)); !strings.HasSuffix(got, want) || strings.Count(got, "\n") != 10 {
		t.Errorf("got\n%s", got)
	}
}

// unescape undoes the escapes as the runner does, which replaces them one after the other.
func unescape(s string) string {
	for _, one := range [][2]string{{"%0D", "\r"}, {"%0A", "\n"}, {"%3A", ":"}, {"%2C", ","}, {"%25", "%"}} {
		s = strings.ReplaceAll(s, one[0], one[1])
	}
	return s
}

// No foreign text is a command or a property of its own, and what is shown is what was said.
func TestHostileAnnotations(t *testing.T) {
	const evil = "a,b=c::d\n::error file=x::y\r\n##[error]z 100 %25 %0A\x1b[31m\u202E"
	rep := report.New(results.Failing(), "1.2.3", nil)
	rep.Tool.Name, rep.Verdict.Reasons = evil, []string{evil, strings.Repeat("x", 5000)}
	rep.Diagnosis = []report.Finding{{Title: evil, Evidence: []string{evil, evil}, Fix: evil}}
	got := commands(t, github.OfRun(&rep))
	for line := range strings.Lines(got) {
		command, rest, ok := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		name, properties, _ := strings.Cut(command, " ")
		if !ok || name != "error" && name != "warning" || strings.ContainsAny(properties, ",:") ||
			strings.Count(properties, "title=") != 1 {
			t.Errorf("not one command with a title: %q", line)
		}
		if len(rest) > 7000 || strings.ContainsAny(line, "\r\x1b\u202E") {
			t.Errorf("too long, or what cannot be seen: %.200q", line)
		}
	}
	if n := strings.Count(got, "\n"); n != 3 {
		t.Errorf("%d lines, want 3:\n%s", n, got)
	}
	if words := unescape(got); !strings.Contains(words, "title=a,b=c::d ::error file=x::y ##[error]z 100 %25 %0A?[") {
		t.Errorf("the runner shows\n%s", words)
	}
}

func TestPassesErrorsOn(t *testing.T) {
	rep := report.New(results.Failing(), "1.2.3", nil)
	reporttest.PassesErrorsOn(t, github.OfRun(&rep).Write)
}

// part writes as much of a text as may be.
func part(text string, asked *int) func(io.Writer, int) error {
	return func(w io.Writer, most int) error {
		*asked = most
		if len(text) > most {
			return nil
		}
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestAppendSummary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary.md")
	var room int
	if err := github.AppendSummary(path, part("# first\n", &room)); err != nil || room != 1<<20 {
		t.Fatalf("%v, room for %d", err, room)
	}
	if err := github.AppendSummary(path, part("# second\n", &room)); err != nil || room != 1<<20-len("# first\n\n\n") {
		t.Fatalf("%v, room for %d", err, room)
	}
	want := "# first\n\n\n# second\n"
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%v, %q", err, got)
	}
	// What fails, or has no room, leaves the file as it was.
	broken := errors.New("broken")
	fails := func(w io.Writer, _ int) error {
		_, _ = io.WriteString(w, "half")
		return broken
	}
	if err := github.AppendSummary(path, fails); !errors.Is(err, broken) {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%v, %q", err, got)
	}
	for _, size := range []int64{1<<20 - 5, 1 << 20, 2 << 20} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		err := github.AppendSummary(path, part("# third\n", &room))
		if err == nil || !strings.Contains(err.Error(), "the step's summary is full") {
			t.Errorf("%d bytes: %v", size, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != size {
			t.Errorf("%d bytes: %v, %d bytes", size, err, info.Size())
		}
	}
	if err := github.AppendSummary(t.TempDir(), part("x", &room)); err == nil ||
		!strings.Contains(err.Error(), "it is a folder") {
		t.Error(err)
	}
}

// A finding without evidence says what to do all the same.
func TestFindingWithoutEvidence(t *testing.T) {
	rep := report.New(results.Passing(), "1.2.3", nil)
	rep.Alerts = []measure.Alert{}
	rep.Diagnosis = []report.Finding{{Title: "Queue full", Fix: "more workers"}}
	const want = "::warning title=rdiostress%3A Queue full::To do: more workers\n"
	if got := commands(t, github.OfRun(&rep)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
