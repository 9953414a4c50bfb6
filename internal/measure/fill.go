package measure

import "time"

// TimeSpan is a part of a run's time.
type TimeSpan struct {
	Start, Length time.Duration // Start is since the start of the run
}

// FillResult writes everything recorded to res, after the last roll. The run's totals, times and errors are those of
// its scored phases. sent is when each phase was sent; its rates are per that length.
func (r *Recorder) FillResult(res *Result, sent []TimeSpan) {
	var scored, end time.Duration // sent in all, and when the last scored phase ended
	for i, p := range r.phases {
		t := p.tally
		if t == nil {
			t = newTally()
		}
		out := p.Phase
		out.StartS, out.DurationS = sent[i].Start.Seconds(), sent[i].Length.Seconds()
		out.Totals = t.totals(sent[i].Length, sent[i].Start+sent[i].Length)
		out.Latency, out.ServiceTime = t.distributions()
		res.Phases = append(res.Phases, out)
		if p.Scored {
			scored += sent[i].Length
			end = sent[i].Start + sent[i].Length
		}
	}
	s := r.scored
	res.Servers = r.serverTotals(scored, end)
	unsent := res.Totals.Unsent
	res.Totals = s.totals(scored, end)
	res.Totals.Unsent = unsent
	res.Latency, res.ServiceTime = s.distributions()
	res.Steps = s.stepDistributions()
	res.FirstCalls = s.firstCalls()
	res.Errors, res.ErrorDetails = ReportFailures(s.failures)
	res.UploadSizes = s.sizes.report()
	res.Series, res.FineSeries = r.saved.finish(), r.judged.finish()
	res.Histograms = r.times.finish()
	res.Trend = r.trend.finish()
	g := &res.Generator
	if g.Stops != nil {
		s.fillStops(g.Stops)
	}
	g.SlotWaits, g.Connects, g.Reconnects = s.slotWaits, s.connects, s.reconnects
	if s.lag.Count() > 0 {
		lag := s.lag.Quantiles(0.5, 0.99)
		p50, p99, most := lag[0].Seconds(), lag[1].Seconds(), s.lag.Max().Seconds()
		g.LagP50S, g.LagP99S, g.LagMaxS = &p50, &p99, &most
		for _, name := range FewSamples(s.lag.Count(), "p50_s", "p99_s") {
			g.FewSamples = append(g.FewSamples, "lag_"+name)
		}
	}
}

// fillStops counts the uploads that a stop of the generator held up.
func (t *tally) fillStops(s *Stops) {
	s.Accepted, s.Failed = t.leftOut, t.heldUpFailed
	if s.Accepted == 0 {
		return
	}
	all := NewHistogram()
	all.Merge(t.response)
	all.Merge(t.heldUp)
	mean, p95 := all.Mean().Seconds(), all.Quantile(0.95).Seconds()
	s.MeanBoundS, s.P95BoundS = &mean, &p95
}

// totals summarises the tally. Its rate is per second of sending and of waiting for the last reply: uploads that are
// still in flight when sending ends were not done in the sending time.
func (t *tally) totals(sending, end time.Duration) Totals {
	out := Totals{Attempted: t.attempted, Accepted: t.accepted, Failed: t.attempted - t.accepted, BytesSent: t.bytes}
	if t.attempted > 0 {
		success := float64(t.accepted) / float64(t.attempted)
		failure := float64(t.attempted-t.accepted) / float64(t.attempted)
		out.SuccessRate, out.ErrorRate = &success, &failure
	}
	if took := sending + max(0, t.last-end); took > 0 {
		out.UploadsPerS = float64(t.attempted) / took.Seconds()
	}
	return out
}

// noAccepted says why there are no times of accepted uploads, given how many of them are left out.
func noAccepted(leftOut uint64) string {
	if leftOut > 0 {
		return "the generator was stopped while each accepted upload was due, sent or answered"
	}
	return "no upload was accepted"
}

func (t *tally) distributions() (response, service Distribution) {
	none := noAccepted(t.leftOut)
	response, service = t.response.Distribution(none), t.service.Distribution(none)
	response.LeftOut, service.LeftOut = t.leftOut, t.leftOut
	return response, service
}

func (t *tally) stepDistributions() Steps {
	const none = "no accepted upload had this step, or it cannot be seen"
	var d [numSteps]Distribution
	for i, h := range t.steps {
		d[i] = h.Distribution(none)
	}
	return Steps{Connect: d[Connect], TLS: d[Handshake], Write: d[Send], Wait: d[Wait], Read: d[Read]}
}

// firstCalls compares the first calls of talkgroups with the others; nil without both.
func (t *tally) firstCalls() *FirstCalls {
	later := t.service.Count() - t.firsts
	if t.firsts == 0 || later == 0 {
		return nil
	}
	all := t.service.Mean() * time.Duration(t.service.Count())
	return &FirstCalls{
		Count: t.firsts, MeanS: (t.firstTime / time.Duration(t.firsts)).Seconds(),
		LaterMeanS: (max(0, all-t.firstTime) / time.Duration(later)).Seconds(),
	}
}
