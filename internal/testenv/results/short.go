package results

import "rdiostress/internal/measure"

// Halted adds n accepted uploads to res whose times are left out, as the generator was stopped for 2 s meanwhile.
func Halted(res measure.Result, n uint64) measure.Result {
	add := func(t *measure.Totals) { t.Attempted, t.Accepted = t.Attempted+n, t.Accepted+n }
	add(&res.Totals)
	p := &res.Phases[len(res.Phases)-1]
	add(&p.Totals)
	point := &res.Series[len(res.Series)-1]
	point.Attempted, point.Accepted, point.LeftOut = point.Attempted+n, point.Accepted+n, n
	for _, d := range []*measure.Distribution{&res.Latency, &res.ServiceTime, &p.Latency, &p.ServiceTime} {
		d.LeftOut = n
	}
	mean, p95 := 0.21, 1.9
	res.Generator.Stops = &measure.Stops{
		Count: 1, StoppedS: 2.01, LongestS: 2.01, Accepted: n, MeanBoundS: &mean, P95BoundS: &p95,
		Times: []measure.StopTime{{FromS: 41.2, ToS: 43.21}},
	}
	return res
}

// Short returns res with a generator that a quota of 0.02 processors held back.
func Short(res measure.Result) measure.Result {
	quota, throttled, share, waited, each := 0.02, 117.4, 0.99, 121.0, 0.021
	g := &res.Generator
	g.QuotaProcessors, g.ThrottledS, g.ThrottledShare, g.RunDelayS = &quota, &throttled, &share, &waited
	g.RunDelayMeanS = &each
	g.Limited = true
	g.Reasons = append(g.Reasons, "the generator was short of processor time: a quota of 0.02 processors held it "+
		"back in 99 % of the run")
	return res
}
