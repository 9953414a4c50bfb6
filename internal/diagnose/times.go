package diagnose

import (
	"slices"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
)

// times sets how long accepted uploads took, and where the time went.
func (s Signals) times(res *measure.Result) {
	s.distribution("response", &res.Latency)
	s.distribution("service", &res.ServiceTime)
	s.step("connect_step", &res.Steps.Connect, res)
	s.step("write_step", &res.Steps.Write, res)
	s.step("wait_step", &res.Steps.Wait, res)
	if n := res.Totals.Attempted; n > 0 && res.Generator.SlotWaits > 0 {
		s.set("slot_wait_share", float64(res.Generator.SlotWaits)/float64(n), Share)
	}
	if res.ServiceTime.Figures != nil && res.ServiceTime.P50S > 0 && !fewFor95(&res.ServiceTime) {
		// A wait that is the same for every call leaves little spread.
		s.set("service_spread", res.ServiceTime.P95S/res.ServiceTime.P50S, Times)
	}
	if inTrouble(res) {
		s.set("trouble", 1, Truth)
	}
}

// inTrouble reports whether the run missed a threshold. Rules about what limits a server require trouble: every server
// has a limit, and reaching it in a closed loop is not a fault.
func inTrouble(res *measure.Result) bool {
	return res.Totals.Attempted > 0 &&
		missed(res, judge.SuccessRate, judge.MeanResponse, judge.P95Response, judge.RateAchieved)
}

// missed reports whether the run missed one of some thresholds of the guide.
func missed(res *measure.Result, names ...string) bool {
	return slices.ContainsFunc(judge.Guide().Thresholds(*res), func(t judge.Threshold) bool {
		return !t.OK && t.Value != nil && slices.Contains(names, t.Name)
	})
}

func (s Signals) distribution(name string, d *measure.Distribution) {
	if d.Figures == nil {
		return
	}
	s.set(name+"_mean", d.MeanS, Seconds)
	s.set(name+"_p50", d.P50S, Seconds)
	if !fewFor95(d) {
		s.set(name+"_p95", d.P95S, Seconds)
	}
	s.set(name+"_max", d.MaxS, Seconds)
}

// fewFor95 reports whether a distribution has so few samples that its 95th percentile is just the slowest.
func fewFor95(d *measure.Distribution) bool { return measure.TooFew(0.95, d.Count) }

// step sets a step's mean, and its share of the service time of accepted uploads.
func (s Signals) step(name string, d *measure.Distribution, res *measure.Result) {
	if d.Figures == nil || res.ServiceTime.Figures == nil || res.ServiceTime.MeanS == 0 {
		return
	}
	s.set(name+"_mean", d.MeanS, Seconds)
	total := d.MeanS * float64(d.Count)
	s.set(name+"_share", min(1, total/(res.ServiceTime.MeanS*float64(res.ServiceTime.Count))), Share)
}
