package report_test

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

func TestReadRefusesRetries(t *testing.T) {
	for name, change := range map[string]func(*measure.Retries){
		"the counts do not add up to the 100 calls":    func(r *measure.Retries) { r.Pending++ },
		"attempt 2: the counts do not add up":          func(r *measure.Retries) { r.Tries[0].Failed++ },
		"do not add up to 106 sent":                    func(r *measure.Retries) { r.Sent++ },
		"calls got through":                            func(r *measure.Retries) { r.Recovered--; r.GivenUp++ },
		"a count of 18446744073709551615":              func(r *measure.Retries) { r.NotKept -= 6 },
		"retries: a count of 9223372036854775808 is n": func(r *measure.Retries) { r.Tries[1].Accepted = 1 << 63 },
	} {
		res := results.Repeated()
		change(res.Retries)
		_, err := report.Read(strings.NewReader(string(reporttest.JSON(t, report.New(res, "dev", nil)))))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
}
