package judge

import (
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

func TestThresholdText(t *testing.T) {
	value := func(name string, limit, v float64) string {
		return ValueText(Threshold{Name: name, Unit: UnitOf(name), Limit: limit, Value: &v})
	}
	for _, tc := range []struct{ got, want string }{
		{value(SuccessRate, 0.95, 0.9500001), "95.00001 %"},
		{value(SuccessRate, 0.95, 0.95), "95.00 %"},
		{value(SuccessRate, 0.95, 0.9996), "99.96 %"},
		{value(MeanResponse, 1, 0.0271), "27.1 ms"},
		{value(MeanResponse, 1, 0.9999), "0.9999 s"},
		{value(P95Response, 3, 3), "3.00 s"},
		{ValueText(Threshold{}), "–"},

		{value("new_s", 1, 1.25), "1.25"},
		{LimitText(Threshold{Name: "new", Unit: units.InSeconds, Op: "!=", Limit: 1.25}), "other than 1.25 s"},
		{LimitText(Threshold{Name: "new_s", Op: "~", Limit: 1.25}), "~ 1.25"},
		{ThresholdTitle("new_s"), "new_s"},
		{FailureText(measure.ErrorDetail{Class: "new"}), "new"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}

// TestKindWords makes sure that no class of failure is shown by its name in the code.
func TestKindWords(t *testing.T) {
	for c := measure.Timeout; c.String() != "unknown"; c++ {
		if got := FailureText(measure.ErrorDetail{Class: c.String(), Status: 500}); got == c.String() || len(got) > 26 {
			t.Errorf("%s: %q", c, got)
		}
	}
}
