package judge

import (
	"testing"

	"rdiostress/internal/exitcode"
)

func TestVerdictWord(t *testing.T) {
	for _, tc := range []struct {
		verdict Verdict
		want    string
	}{
		{Verdict{Grade: Pass}, "Pass"},
		{Verdict{Grade: Monitor, ExitCode: exitcode.Missed}, "Monitor"},
		{Verdict{Grade: Fail, ExitCode: exitcode.Missed}, "Fail"},
		{Verdict{Grade: Fail, ExitCode: exitcode.NoRun}, "Fail"},
		{Verdict{Grade: Pass, ExitCode: exitcode.NoRun, Storage: StorageUnknown}, "Not verified"},
		{Verdict{Grade: Fail, ExitCode: exitcode.DataLoss}, "Data loss"},
		{Verdict{Grade: Monitor, ExitCode: exitcode.Inconclusive}, "Inconclusive"},
		{Verdict{Grade: Pass, ExitCode: exitcode.Interrupted}, "Interrupted"},
	} {
		if got := tc.verdict.Word(); got != tc.want {
			t.Errorf("%+v is %q, want %q", tc.verdict, got, tc.want)
		}
	}
}
