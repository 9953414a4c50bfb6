package diagnose

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// limitedRun is a run of that many seconds at a rate, of which a token bucket lets a burst through, and then so many
// a second.
func limitedRun(seconds int, rate, burst, refill uint64) measure.Result {
	res := run(make([]float64, seconds))
	res.Totals = measure.Totals{UploadsPerS: float64(rate)}
	left, first := burst, -1.0
	for i := range res.Series {
		p := &res.Series[i]
		left = min(left+refill, max(burst, refill))
		p.Attempted, p.Accepted = rate, min(rate, left)
		left -= p.Accepted
		if p.Failed = p.Attempted - p.Accepted; p.Failed > 0 && first < 0 {
			first = p.TS + float64(p.Accepted)/float64(rate)
		}
		res.Totals.Attempted += p.Attempted
		res.Totals.Accepted += p.Accepted
		res.Totals.Failed += p.Failed
	}
	res.ErrorDetails = []measure.ErrorDetail{{
		Class: "http_status", Parent: "http", Status: 429, Count: res.Totals.Failed, FirstS: first,
		LastS: float64(seconds), Sample: "Rate limit exceeded: 60 per 1 minute",
	}}
	res.Errors = errorsOf(res.ErrorDetails)
	return res
}

// The burst that a rate limit lets through at the start is no part of the rate that it lets through, however late it
// ends.
func TestBurstIsNoRate(t *testing.T) {
	for name, tt := range map[string]struct {
		res  measure.Result
		want []string
		not  string
	}{
		"over at once": {limitedRun(30, 50, 60, 1), []string{
			"about 61 calls got through before the first refusal",
			"about 1/s got through once that first burst was over",
			"answered 429 (Too Many Requests)", `such as "Rate limit exceeded: 60 per 1 minute"`,
		}, ""},
		"over late":         {limitedRun(20, 5, 60, 1), []string{"about 74 calls got", "about 1/s got"}, ""},
		"over near the end": {limitedRun(14, 7, 57, 1), []string{"about 66 calls got", "about 1/s got"}, ""},
		"over at the end":   {limitedRun(10, 7, 57, 1), []string{"before the first refusal"}, "/s got through"},
	} {
		found := Findings(tt.res, false, nil)
		if len(found) != 1 || found[0].ID != "rate-limiting" {
			t.Fatalf("%s: found %+v", name, found)
		}
		text := strings.Join(found[0].Evidence, "; ")
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %s", name, want, text)
			}
		}
		if tt.not != "" && strings.Contains(text, tt.not) {
			t.Errorf("%s: %q in %s", name, tt.not, text)
		}
	}
}
