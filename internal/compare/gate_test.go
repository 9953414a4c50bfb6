package compare

import (
	"slices"
	"strings"
	"testing"
)

func TestParseGate(t *testing.T) {
	for text, want := range map[string]Gate{
		"p95_response_time_s +10%":        {Figure: "p95_response_time_s", Tolerance: 0.1},
		"  p99_response_time_s  + 2.5 % ": {Figure: "p99_response_time_s", Tolerance: 0.025},
		"server_memory_bytes+0%":          {Figure: "server_memory_bytes", Tolerance: 0},
		"success_rate -1%":                {Figure: "success_rate", Tolerance: -0.01},
	} {
		want.Kind, want.Outcome = FailOn, NotSettled
		if got, err := ParseGate(FailOn, text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                            `column 1: want a figure and a tolerance, such as p95_response_time_s +10%`,
		"p95 +10%":                    `column 1: there is no figure "p95"; did you mean p95_response_time_s?`,
		" p95_response_times +10%":    `column 2: there is no figure "p95_response_times"; did you mean p95_`,
		"voltage +10%":                `the figures are p50_response_time_s, p95`,
		"p95_response_time_s":         `column 20: want the tolerance in percent, such as +10%`,
		"p95_response_time_s +10":     `column 21: want the tolerance in percent`,
		"p95_response_time_s 10%":     `p95_response_time_s is worse when it rises: write the tolerance as +10%`,
		"p95_response_time_s -10%":    `p95_response_time_s is worse when it rises`,
		"success_rate +1%":            `success_rate is worse when it falls: write the tolerance as -10%`,
		"p95_response_time_s +x%":     `"x" is no number`,
		"p95_response_time_s +1e3%":   `"1e3" is no number`,
		"p95_response_time_s +NaN%":   `"NaN" is no number`,
		"p95_response_time_s +20000%": `a change of 20,000 % has no meaning`,
		"stored_per_s -100%":          `a change of 100 % has no meaning`,
	} {
		if _, err := ParseGate(Prove, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseGate(f *testing.F) {
	for _, text := range []string{"p95_response_time_s +10%", "success_rate -1%", "x", "stored_per_s - 1 0 %", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := ParseGate(FailOn, text)
		if err != nil {
			if !strings.Contains(err.Error(), "column ") {
				t.Errorf("%q: %v says no column", text, err)
			}
			return
		}
		if !slices.Contains(FigureNames(), g.Figure) || !(g.Tolerance > -1 && g.Tolerance <= 100) {
			t.Errorf("%q: %+v", text, g)
		}
	})
}
