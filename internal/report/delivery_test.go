package report_test

import (
	"fmt"
	"strings"
	"testing"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// A report from before the verdict said so can still be read, and says it then.
func TestReadWithoutStorage(t *testing.T) {
	for want, res := range map[judge.Storage]measure.Result{
		judge.StorageVerified: results.Behind(), judge.StorageLost: results.Lossy(),
		judge.StoragePending: results.Pending(), judge.StorageUnknown: results.Passing(),
	} {
		text := string(reporttest.JSON(t, report.New(res, "1.2.3", nil)))
		old := strings.Replace(text, fmt.Sprintf("    %q: %q,\n", "storage", want), "", 1)
		if old == text {
			t.Fatalf("the report does not say %q", want)
		}
		rep, err := report.Read(strings.NewReader(old))
		if err != nil || rep.Verdict.Storage != want {
			t.Errorf("%q, want %q: %v", rep.Verdict.Storage, want, err)
		}
		if _, err := report.Read(strings.NewReader(strings.Replace(text, fmt.Sprintf("%q: %q", "storage", want),
			`"storage": "hoped"`, 1))); err == nil {
			t.Error("an unknown word is taken")
		}
	}
}
