package report_test

import (
	"strings"
	"testing"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// Findings miss a threshold of their own, whatever the generator's limits; mischief counts in nothing else.
func TestScoreOfMischief(t *testing.T) {
	unfinished := results.Harmless()
	unfinished.Mischief.Kinds[0].Sound, unfinished.Mischief.Kinds[0].Busy = 0, 0
	unfinished.Mischief.Kinds[0].Unfinished, unfinished.Mischief.Unfinished = 123, 123
	busyToo := results.Busy(results.Mischievous())
	for name, c := range map[string]struct {
		res    measure.Result
		grade  judge.Grade
		exit   int
		reason string
	}{
		"sound": {results.Harmless(), judge.Pass, exitcode.OK, ""},
		"unsound": {
			results.Mischievous(), judge.Monitor, exitcode.Missed,
			"mischief: 2 findings, such as: wrong-key: the server accepted a valid call with a wrong key (61 times",
		},
		"unsound, and limited":   {busyToo, judge.Monitor, exitcode.Missed, "mischief: 2 findings"},
		"nothing came to an end": {unfinished, judge.Monitor, exitcode.Missed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rep := report.New(c.res, "1.2.3", nil)
			if v := rep.Verdict; v.Grade != c.grade || v.ExitCode != c.exit ||
				!strings.Contains(strings.Join(v.Reasons, "\n"), c.reason) {
				t.Errorf("%+v", v)
			}
			if rep.Totals != c.res.Totals {
				t.Error("mischief changes the totals")
			}
		})
	}
}

func TestReadRefusesMischief(t *testing.T) {
	text := string(reporttest.JSON(t, report.New(results.Mischievous(), "1.2.3", nil)))
	for _, tc := range []struct{ from, to, want string }{
		{`"sound": 122`, `"sound": 121`, "mischief: truncated: the counts do not add up to the 123 that were sent"},
		{`"sent": 190`, `"sent": 191`, "mischief: the kinds do not add up to the 191 that were sent"},
		{
			`"sound": 122`, `"sound": 18446744073709551615`,
			"mischief: truncated: a count of 18446744073709551615 is not possible",
		},
	} {
		spoiled := strings.Replace(text, tc.from, tc.to, 1)
		if _, err := report.Read(strings.NewReader(spoiled)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v, want %q", err, tc.want)
		}
	}
}
