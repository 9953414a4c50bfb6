package cli

import (
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
)

func TestLeftText(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	const (
		left = " left on the server"
		how  = "; rdiostress cleanup --print --run abcdefg2 --verify DATABASE prints the SQL that removes them"
	)
	seen := measure.Delivery{Stored: n(1200), Corrupted: n(3), Pending: n(20), UnansweredStored: n(2), Missing: n(7)}
	before := measure.Target{CallsBefore: 1}
	phases := []measure.Phase{{Totals: measure.Totals{Accepted: 10}}, {Totals: measure.Totals{Accepted: 90}}}
	for _, tt := range []struct {
		res  measure.Result
		want string
	}{
		{measure.Result{}, ""},
		{measure.Result{Delivery: seen, Target: before, Phases: phases}, "1,226 calls of this run are" + left +
			", among them 1 probe from before the load" + how},
		{
			measure.Result{Phases: phases, Priming: &measure.Priming{Accepted: 50}},
			"up to 150 calls of this run are" + left + ", among them 50 calls for priming from before the load" +
				how,
		},
		{
			measure.Result{
				Target: measure.Target{CallsBefore: 2}, Phases: phases, Priming: &measure.Priming{Accepted: 1},
			},
			"up to 103 calls of this run are" + left + ", among them 2 probes and 1 call for priming from before " +
				"the load" + how,
		},
		{measure.Result{Target: before}, "up to 1 call of this run is" + left + ", sent before the load" + how},
		{
			measure.Result{Delivery: measure.Delivery{Stored: n(1), Corrupted: n(0)}},
			"1 call of this run is" + left + how,
		},
	} {
		tt.res.Run.ID = "abcdefg2"
		if got := leftText(&report.Report{Result: tt.res}); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
