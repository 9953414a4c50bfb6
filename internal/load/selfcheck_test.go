package load

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

func TestShortage(t *testing.T) {
	of := func(n float64) *float64 { return &n }
	for name, tc := range map[string]struct {
		g     measure.Generator
		words string // empty if there is no shortage
	}{
		"nothing seen":  {measure.Generator{CPUS: 3}, ""},
		"a small quota": {measure.Generator{CPUS: 3, QuotaProcessors: of(0.4), ThrottledShare: of(0)}, ""},
		"throttled": {
			measure.Generator{CPUS: 3, QuotaProcessors: of(0.4), ThrottledShare: of(0.06)},
			"a quota of 0.4 processors held it back in 6 % of the run",
		},
		"rarely throttled": {measure.Generator{CPUS: 3, QuotaProcessors: of(0.4), ThrottledShare: of(0.04)}, ""},
		"throttled by a quota that was lifted": {
			measure.Generator{CPUS: 3, ThrottledShare: of(0.5)}, "a quota held it back in 50 % of the run",
		},
		"a quota that cannot be seen": {
			measure.Generator{CPUS: 0.2, RunDelayS: of(9.7), RunDelayMeanS: of(0.02)},
			"it got 200 ms, and its threads waited for 9.7 s, 20 ms each time",
		},
		"a shared machine":   {measure.Generator{CPUS: 5, RunDelayS: of(9.7), RunDelayMeanS: of(0.02)}, ""},
		"many short waits":   {measure.Generator{CPUS: 0.2, RunDelayS: of(9.7), RunDelayMeanS: of(0.002)}, ""},
		"few waits in a run": {measure.Generator{CPUS: 0.01, RunDelayS: of(0.4), RunDelayMeanS: of(0.02)}, ""},
	} {
		got := shortage(&tc.g, 10)
		if (got == "") != (tc.words == "") || !strings.Contains(got, tc.words) {
			t.Errorf("%s: %q, want %q", name, got, tc.words)
		}
	}
}
