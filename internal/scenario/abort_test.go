package scenario

import (
	"strings"
	"testing"
)

func TestParseAbortRuleRefuses(t *testing.T) {
	for _, in := range []string{
		"", "error_rate", "error_rate>0.5", "speed>3 for 5s", "error_rate>x for 5s",
		"error_rate=1 for 5s",
	} {
		_, err := ParseAbortRule(in)
		if err == nil || !strings.Contains(err.Error(), "is not a rule; write one such as") {
			t.Errorf("%q: %v", in, err)
		}
	}
	for _, in := range []string{"error_rate>0.5 for 10ms", "error_rate>0.5 for ever"} {
		if _, err := ParseAbortRule(in); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

func FuzzParseAbortRule(f *testing.F) {
	f.Add("error_rate>0.5 for 10s")
	f.Add("p95_response_time_s < 1 for 1m")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseAbortRule(s)
		if err != nil {
			return
		}
		if back, err := ParseAbortRule(r.String()); err != nil || back.String() != r.String() {
			t.Errorf("%q is written back as %q, which reads as %q, %v", s, r, back, err)
		}
	})
}
