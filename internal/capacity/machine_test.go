package capacity

import (
	"slices"
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// A report of a search says how the machine of the generator held back its steps.
func TestMachineWarnings(t *testing.T) {
	of := func(n float64) *float64 { return &n }
	for name, tc := range map[string]struct {
		g    measure.Generator
		want []string
	}{
		"nothing":          {measure.Generator{Stops: &measure.Stops{}}, nil},
		"enough":           {measure.Generator{QuotaProcessors: of(2), ThrottledShare: of(0.04)}, nil},
		"a small quota":    {measure.Generator{QuotaProcessors: of(0.5)}, []string{"leaves it 0.5 of a processor"}},
		"held back":        {measure.Generator{ThrottledShare: of(0.3)}, []string{"30 % of the step at 20 calls/s"}},
		"stops of no note": {measure.Generator{Stops: &measure.Stops{Count: 3, StoppedS: 0.2}}, nil},
		"times left out": {
			measure.Generator{Stops: &measure.Stops{Count: 2, StoppedS: 0.2, Accepted: 12}},
			[]string{"stopped 2 times during steps", "12 accepted uploads"},
		},
		"failures": {measure.Generator{Stops: &measure.Stops{Count: 2, Failed: 1}}, []string{"1 upload around these"}},
	} {
		var m machine
		m.add(10, &measure.Result{Totals: measure.Totals{Attempted: 100}})
		m.add(20, &measure.Result{Totals: measure.Totals{Attempted: 100}, Generator: tc.g})
		got := strings.Join(m.warnings(), "; ")
		if (got == "") != (tc.want == nil) ||
			slices.ContainsFunc(tc.want, func(w string) bool { return !strings.Contains(got, w) }) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
