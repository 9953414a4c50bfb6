package diagnose

import (
	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// coldS is for how many seconds a server that has just been started is slow for other reasons: connections open, caches
// fill.
const coldS = 5

// firstCalls compares the first calls of talkgroups with the others, and the seconds of the run that had many with
// those that had few: a server that stops for a new talkgroup makes all calls wait. It leaves out the first seconds, in
// which most first calls come and a cold server is slow for all calls.
func (s Signals) firstCalls(res *measure.Result) {
	f := res.FirstCalls
	if f == nil || f.LaterMeanS <= 0 {
		return
	}
	s.set("first_calls", float64(f.Count), Count)
	s.set("first_call_mean", f.MeanS, Seconds)
	s.set("later_call_mean", f.LaterMeanS, Seconds)
	s.set("first_call_times", f.MeanS/f.LaterMeanS, Times)
	s.set("first_call_excess", f.MeanS-f.LaterMeanS, Seconds)
	var share, took []float64
	for _, p := range scoredPoints(res) {
		if p.TS >= coldS && p.Accepted > 0 && p.MeanS != nil {
			share, took = append(share, float64(p.FirstCalls)/float64(p.Accepted)), append(took, *p.MeanS)
		}
	}
	if len(took) >= minGrowthPoints {
		s.set("new_talkgroup_correlation", stat.Spearman(share, took), Number)
	}
}

// slowClients compares good calls while clients misbehaved with good calls without, if slow clients were among them.
func (s Signals) slowClients(res *measure.Result) {
	if res.Mischief == nil {
		return
	}
	slow := false
	for _, k := range res.Mischief.Kinds {
		slow = slow || k.Sent > 0 && (k.Kind == "slow" || k.Kind == "stalled")
	}
	with, without := res.Mischief.GoodCalls.With, res.Mischief.GoodCalls.Without
	if !slow || with == nil || without == nil || without.MeanS <= 0 {
		return
	}
	s.set("harmed_mean", with.MeanS, Seconds)
	s.set("unharmed_mean", without.MeanS, Seconds)
	s.set("slow_client_harm", with.MeanS/without.MeanS, Times)
	s.set("slow_client_excess", with.MeanS-without.MeanS, Seconds)
}
