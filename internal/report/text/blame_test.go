package text

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

// No report says that there is no problem while uploads fail or a threshold is missed.
func TestNoProblemIsNoWordForFailures(t *testing.T) {
	const none = "No problem of the server shows"
	if text := shown(t, results.Passing()); !strings.Contains(text, none+" in this run;") {
		t.Errorf("a pass: %s", text)
	}
	for _, status := range []int{302, 404, 413, 415, 418} {
		res := results.Of(900, 100, time.Millisecond, 2*time.Millisecond)
		res.Errors.HTTP = map[string]uint64{"599": 100}
		res.ErrorDetails[0].Status, res.ErrorDetails[0].Sample = status, "as the server \x1b[1msays\n"
		if text := shown(t, res); strings.Contains(text, none) ||
			!strings.Contains(text, "10 % of all uploads (100): answered") {
			t.Errorf("%d: %s", status, text)
		}
	}
	few := results.Of(9_999, 1, time.Millisecond, 2*time.Millisecond)
	if text := shown(t, few); !strings.Contains(text, "except that 1 of 10,000 uploads failed") {
		t.Errorf("a failure: %s", text)
	}
	slow := results.Of(1_000, 0, 2*time.Second, 4*time.Second)
	if text := shown(t, slow); strings.Contains(text, none) ||
		!strings.Contains(text, "Why a threshold was missed does not show") {
		t.Errorf("slow: %s", text)
	}
}

// Beside a pass, a generator at its limit is one warning with one number, and nothing else.
func TestOneWarningBesideAPass(t *testing.T) {
	res := results.Passing()
	res.Generator.Limited, res.Generator.Reasons = true, []string{"the generator used 1.9 of 2 processors: give it " +
		"more, or a machine of its own"}
	rep := report.New(res, "1.2.3", nil)
	want := "the generator was at its limit: the server may take more than 102.9 uploads/s"
	about := slices.DeleteFunc(slices.Clone(rep.Verdict.Warnings),
		func(w string) bool { return !strings.Contains(w, "generator") })
	if len(about) != 1 || about[0] != want || len(rep.Diagnosis) > 0 {
		t.Errorf("warnings %q, findings %+v", rep.Verdict.Warnings, rep.Diagnosis)
	}
	if text := shown(t, res); strings.Count(text, "1.9 of 2 processors") != 1 {
		t.Errorf("the reason is to be with the generator's figures, once: %s", text)
	}
}
