package scenario

import (
	"strings"
	"testing"
	"time"
)

func TestParseRetries(t *testing.T) {
	for _, tt := range []struct{ text, want, problem string }{
		{"client", "client", ""},
		{"off", "", ""},
		{"5s,10s", "5s,10s", ""},
		{"5, 1m30s", "5s,1m30s", ""},
		{"", "", "is not a duration"},
		{"5s,,1s", "", "is not a duration"},
		{"0", "", "more than 0"},
		{"2h", "", "at most 1h"},
		{"1,1,1,1,1,1,1,1,1,1,1", "", "at most 10 times, not 11"},
	} {
		got, err := ParseRetries(tt.text)
		if err != nil {
			if tt.problem == "" || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("%q: %v, want %q", tt.text, err, tt.problem)
			}
			continue
		}
		if tt.problem != "" || got.String() != tt.want {
			t.Errorf("%q: %q, want %q%s", tt.text, got, tt.want, tt.problem)
		}
	}
}

func TestDescribeRetries(t *testing.T) {
	for _, tt := range []struct {
		retries, clients, plan, warning string
		length                          time.Duration
	}{
		{"off", "sdrtrunk", "", "", time.Hour},
		{"client", "sdrtrunk,trunk-recorder", "sdrtrunk does not; trunk-recorder sends a failed call again after " +
			"62-71 s, after another 122-131 s", "", time.Hour},
		{
			"client", "trunk-recorder-5.2",
			"trunk-recorder-5.2 sends a failed call again after 120-129 s, after another " +
				"240-249 s", "again after 2m0s, and the run ends before", time.Minute,
		},
		{"client", "voxcall", "", "voxcall sends no failed call again", time.Hour},
		{"5s", "voxcall", "every client sends a failed call again after 5 s", "", time.Hour},
	} {
		s := testScenario()
		s.Duration = tt.length
		var err error
		if s.Retries, err = ParseRetries(tt.retries); err != nil {
			t.Fatal(err)
		}
		if err := setMix(&s.Clients, tt.clients); err != nil {
			t.Fatal(err)
		}
		plan, warning := s.DescribeRetries()
		if plan != tt.plan || !strings.Contains(string(warning), tt.warning) || (warning == "") != (tt.warning == "") {
			t.Errorf("%s of %s: %q, %q", tt.retries, tt.clients, plan, warning)
		}
	}
}
