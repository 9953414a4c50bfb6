package report

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// repeated is a run whose failed calls were sent again.
func repeated() measure.Result {
	res := passing()
	res.Scenario.ClientRetries = "5s,10s"
	res.Retries = &measure.Retries{
		Calls: 100, Recovered: 60, AlreadyThere: 2, GivenUp: 20, Pending: 15, NotKept: 5, Sent: 105,
		Tries:  []measure.RetryAttempt{{Try: 2, Sent: 80, Accepted: 50, Failed: 30}, {Try: 3, Sent: 25, Accepted: 8, AlreadyThere: 2, Failed: 15}},
		Errors: measure.Errors{Timeout: 45, HTTP: map[string]uint64{"503": 100}},
	}
	return res
}

func TestReadRefusesRetries(t *testing.T) {
	for name, change := range map[string]func(*measure.Retries){
		"the counts do not add up to the 100 calls":    func(r *measure.Retries) { r.Pending++ },
		"attempt 2: the counts do not add up":          func(r *measure.Retries) { r.Tries[0].Failed++ },
		"do not add up to 106 sent":                    func(r *measure.Retries) { r.Sent++ },
		"calls got through":                            func(r *measure.Retries) { r.Recovered--; r.GivenUp++ },
		"a count of 18446744073709551615":              func(r *measure.Retries) { r.NotKept -= 6 },
		"retries: a count of 9223372036854775808 is n": func(r *measure.Retries) { r.Tries[1].Accepted = 1 << 63 },
	} {
		res := repeated()
		change(res.Retries)
		_, err := Read(strings.NewReader(string(written(t, New(res, "dev")))))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
}
