package scenario

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/schedule"
)

func TestParseAbortRule(t *testing.T) {
	for in, want := range map[string]string{
		"error_rate>0.5 for 10s":               "error_rate>0.5 for 10s",
		"success_rate < 20% for 5":             "success_rate<0.2 for 5s",
		"p95_response_time_s > 500ms for 1m":   "p95_response_time_s>0.5 for 1m0s",
		"mean_response_time_s>=1e-1 for 1m30s": "mean_response_time_s>=0.1 for 1m30s",
		" error_rate>+.5 for 1h ":              "error_rate>0.5 for 1h0m0s",
	} {
		if r, err := ParseAbortRule(in); err != nil || r.String() != want {
			t.Errorf("%q: %v, %v, want %s", in, r, err, want)
		}
	}
}

func TestParseAbortRuleRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "a figure must stand here; write one such as 'error_rate>0.5 for 10s'",
		"error_rate":                   "one of < <= > >= must stand here",
		"error_rate>0.5":               "it lacks for how long",
		"speed>3 for 5s":               "there is no figure \"speed\", only error_rate, success_rate,",
		"error_rat>3 for 5s":           "did you mean error_rate?",
		"error_rate>x for 5s":          "a number must stand here",
		"error_rate>NaN for 5s":        "NaN is no number",
		"error_rate=1 for 5s":          "one of < <= > >= must stand here",
		"error_rate>0.5 for 10ms":      "the time must be 1s or more",
		"error_rate>0.5 for ever":      "\"ever\" is not a duration",
		"error_rate>0.5 over 10s":      "\"over\" is not expected here, only for 10s",
		"error_rate>0.5 for 1s for 2s": "for is there twice",
	} {
		if _, err := ParseAbortRule(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

// parsedBefore reads a rule as it was read before there was one language for all limits.
func parsedBefore(text string) (r AbortRule, ok bool) {
	condition, length, ok := strings.Cut(text, " for ")
	at := strings.IndexAny(condition, "<>")
	if !ok || at < 0 {
		return AbortRule{}, false
	}
	r.Figure, r.Op = strings.TrimSpace(condition[:at]), condition[at:at+1]
	var err, lengthErr error
	r.Limit, err = strconv.ParseFloat(strings.TrimSpace(condition[at+1:]), 64)
	r.For, lengthErr = schedule.ParseDuration(length)
	known := map[string]bool{
		"error_rate": true, "success_rate": true, "mean_response_time_s": true, "p95_response_time_s": true,
	}[r.Figure]
	return r, known && err == nil && lengthErr == nil && r.For >= time.Second &&
		!math.IsNaN(r.Limit) && !math.IsInf(r.Limit, 0)
}

// Every rule that was valid keeps its meaning, but for limits that are no number or infinite.
func FuzzParseAbortRule(f *testing.F) {
	for _, text := range []string{
		"error_rate>0.5 for 10s", "p95_response_time_s < 1 for 1m", "success_rate<0x1p-2 for  1h2m",
		"mean_response_time_s>-1e3 for 5", "error_rate\u00a0>\t.5 for 1.5s", "error_rate>1_0 for 1s",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseAbortRule(s)
		if before, ok := parsedBefore(s); ok && (err != nil || r.String() != before.String()) {
			t.Fatalf("%q was %v, and is %v, %v", s, before, r, err)
		}
		if err != nil {
			return
		}
		if back, err := ParseAbortRule(r.String()); err != nil || back.String() != r.String() {
			t.Errorf("%q is written back as %q, which reads as %q, %v", s, r, back, err)
		}
	})
}
