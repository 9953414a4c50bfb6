// Package results has measured runs of many kinds, for the tests of packages that judge and show them.
package results

import (
	"math"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// OneSlowOfEleven is a run of eleven uploads, of which one took longer than a 95th percentile may be.
func OneSlowOfEleven() measure.Result {
	res := Of(11, 0, 40*time.Millisecond, 50*time.Millisecond)
	h := measure.NewHistogram()
	for range 10 {
		h.Record(45 * time.Millisecond)
	}
	h.Record(3200 * time.Millisecond)
	res.Latency, res.ServiceTime = h.Distribution(""), h.Distribution("")
	setCounts(&res, 11, 0)
	return res
}

// Of returns a Result of a closed run of n uploads, of which the failed ones got a 503. Response times run evenly from
// low to high.
func Of(accepted, failed uint64, low, high time.Duration) measure.Result {
	const seconds = 120
	res := measure.Result{
		Run: measure.Run{
			ID: "7f3a9c21", StartedAt: time.Date(2026, 5, 14, 19, 30, 0, 0, time.UTC),
			DurationS: seconds, SendingS: seconds,
		},
		Target: measure.Target{URL: "http://localhost:8000"},
		Scenario: measure.Scenario{
			Model: "closed", MaxConcurrent: 50, Connections: 50, KeepAlive: true, HTTP: "1.1", DurationS: seconds,
			TimeoutS: 30,
			Client:   "sdrtrunk", Systems: "1-4", Talkgroups: "1001-1040", Seed: 42,
		},
		Totals:       measure.Totals{BytesSent: (accepted + failed) * 21_137},
		Latency:      SpreadOut(accepted, low, high),
		ServiceTime:  SpreadOut(accepted, low-low/20, high-high/20),
		Steps:        stepsOf(accepted, low, high),
		Errors:       measure.Errors{HTTP: map[string]uint64{}},
		ErrorDetails: []measure.ErrorDetail{},
		Series:       []measure.Point{},
		Generator: measure.Generator{
			CPUS: 4.25, RSSBytes: 34 << 20, Processors: 2, Shared: true, Connects: 50,
			GCPauseMaxS: 0.000_21, SchedulerMaxS: 0.001_2, AllocBytesPerS: 4_096,
		},
	}
	setCounts(&res, accepted, failed)
	if failed > 0 {
		res.Errors.HTTP["503"] = failed
		res.ErrorDetails = []measure.ErrorDetail{{
			Class: measure.Status.String(), Parent: string(measure.ParentHTTP), Status: 503, Count: failed,
			FirstS: 1.02, LastS: 118.4, Sample: "upload queue full, retry later",
		}}
	}
	return res
}

// setCounts makes the totals, the only phase and a series of two intervals agree with the counts.
func setCounts(res *measure.Result, accepted, failed uint64) {
	t := &res.Totals
	t.Attempted, t.Accepted, t.Failed = accepted+failed, accepted, failed
	defer func() {
		res.Phases = []measure.Phase{{
			Name: "sustained", Scored: true, DurationS: res.Run.SendingS, Load: "50 uploaders", Totals: *t,
			Latency: res.Latency, ServiceTime: res.ServiceTime,
		}}
	}()
	if t.Attempted == 0 {
		return
	}
	success, failure := stat.Share(accepted, t.Attempted), stat.Share(failed, t.Attempted)
	t.SuccessRate, t.ErrorRate = &success, &failure
	t.UploadsPerS = float64(t.Attempted) / res.Run.SendingS
	half := res.Run.SendingS / 2
	res.Series = []measure.Point{
		{WidthS: half, Attempted: accepted / 2, Accepted: accepted / 2, InFlight: 50},
		{
			TS: half, WidthS: half, Attempted: accepted - accepted/2 + failed, Accepted: accepted - accepted/2,
			Failed: failed,
		},
	}
	if f := res.Latency.Figures; f != nil {
		for i := range res.Series {
			res.Series[i].MeanS, res.Series[i].P50S, res.Series[i].P95S, res.Series[i].MaxS = &f.MeanS, &f.P50S,
				&f.P95S, &f.MaxS
		}
	}
}

// stepsOf returns the steps of n uploads of 50 uploaders over HTTP.
func stepsOf(n uint64, low, high time.Duration) measure.Steps {
	const absent = "no accepted upload had this step, or it cannot be seen"
	if n == 0 {
		d := measure.Distribution{Absent: absent}
		return measure.Steps{Connect: d, TLS: d, Write: d, Wait: d, Read: d}
	}
	return measure.Steps{
		Connect: SpreadOut(min(n, 50), 210*time.Microsecond, 2*time.Millisecond),
		TLS:     measure.Distribution{Absent: absent},
		Write:   SpreadOut(n, 18*time.Microsecond, 900*time.Microsecond),
		Wait:    SpreadOut(n, low-low/10, high-high/10),
		Read:    SpreadOut(n, 3*time.Microsecond, 60*time.Microsecond),
	}
}

// SpreadOut returns the distribution of n samples, a skewed way from low to high.
func SpreadOut(n uint64, low, high time.Duration) measure.Distribution {
	h := measure.NewHistogram()
	for i := range n {
		share := float64(i) / math.Max(float64(n-1), 1)
		h.Record(low + time.Duration(math.Pow(share, 6)*float64(high-low)))
	}
	return h.Distribution("no upload was accepted")
}

// Passing is a run without a flaw.
func Passing() measure.Result { return Of(12_345, 0, 21*time.Millisecond, 180*time.Millisecond) }

// NoSampleResult is a run that was stopped before its first upload ended.
func NoSampleResult() measure.Result {
	res := Of(0, 0, 0, 0)
	res.Run.DurationS, res.Run.SendingS = 0, 0
	setCounts(&res, 0, 0)
	return res
}

// Interrupted is a run that the user stopped.
func Interrupted() measure.Result {
	res := Of(1_310, 0, 21*time.Millisecond, 180*time.Millisecond)
	res.Run.Interrupted = true
	res.Run.DurationS, res.Run.SendingS = 13.42, 13.2
	setCounts(&res, 1_310, 0)
	return res
}

// Failing is a run with failures of many kinds, some with text that no terminal should get as it is.
func Failing() measure.Result {
	res := Of(9_800, 0, 60*time.Millisecond, 9*time.Second)
	details := []measure.ErrorDetail{
		{
			Class: "http_status", Parent: "http", Status: 503, Count: 1_204, FirstS: 1.02, LastS: 118.4,
			Sample: "upload queue full, retry later\n",
		},
		{
			Class: "reply_timeout", Parent: "timeout", Count: 311, FirstS: 31.4, LastS: 120,
			Sample: "no complete reply within 30s",
		},
		{
			Class: "http_status", Parent: "http", Status: 500, Count: 80, FirstS: 44, LastS: 97,
			Sample: "\x1b[31mInternal Server Error: database is locked (5) (SQLITE_BUSY) while inserting call",
		},
		{
			Class: "connect_refused", Parent: "connection", Count: 22, FirstS: 99, LastS: 101.5,
			Sample: "dial tcp 127.0.0.1:8000: connect: connection refused",
		},
		{Class: "duplicate", Parent: "rejected", Count: 1, FirstS: 7.3, LastS: 7.3, Sample: "duplicate call rejected"},
	}
	setCounts(&res, 9_800, 1_618)
	res.Errors = measure.Errors{
		Timeout: 311, Connection: 22, HTTP: map[string]uint64{"503": 1_204, "500": 80},
		Rejected: 1,
	}
	res.ErrorDetails = details
	return res
}

// Unsent is an open run whose server left no slot free.
func Unsent() measure.Result {
	res := Of(22_960, 40, 12*time.Millisecond, 2900*time.Millisecond)
	res.Run.DurationS = 122.6
	res.Scenario.Model, res.Scenario.RatePerS, res.Scenario.Arrival = "open", 200, "constant"
	res.Phases[0].Load = "200 calls/s"
	res.Totals.Unsent = 1_000
	res.Generator.SlotWaits = 9_120
	lag := []float64{65e-6, 0.0009, 0.0021}
	res.Generator.LagP50S, res.Generator.LagP99S, res.Generator.LagMaxS = &lag[0], &lag[1], &lag[2]
	return res
}

// Limited is an open run that the generator could not drive.
func Limited() measure.Result {
	res := Unsent()
	res.Generator.Limited = true
	res.Generator.Reasons = []string{"both processors were busy 98 % of the time"}
	return res
}

// Monitored is a run that meets everything but the success rate.
func Monitored() measure.Result {
	return Of(11_500, 845, 21*time.Millisecond, 180*time.Millisecond)
}

// Before puts a phase that is not scored in front of those of res.
func Before(res *measure.Result, name, load string, length float64, accepted, failed uint64) {
	early := Of(accepted, failed, 30*time.Millisecond, 420*time.Millisecond)
	p := early.Phases[0]
	p.Name, p.Scored, p.DurationS, p.Load = name, false, length, load
	p.Totals.UploadsPerS = float64(accepted+failed) / length
	for i := range res.Phases {
		res.Phases[i].StartS += length
	}
	for i := range res.Series {
		res.Series[i].TS += length
	}
	res.Phases = append([]measure.Phase{p}, res.Phases...)
	res.Series = append([]measure.Point{{
		WidthS: length, Attempted: accepted + failed, Accepted: accepted, Failed: failed, InFlight: 50,
	}}, res.Series...)
	res.Run.DurationS += length
	res.Run.SendingS += length
}

// Phased is an open run at random that ramps up and warms up.
func Phased() measure.Result {
	res := Of(23_988, 12, 12*time.Millisecond, 290*time.Millisecond)
	res.Scenario.Model, res.Scenario.RatePerS, res.Scenario.Arrival = "open", 200, "poisson"
	res.Scenario.RampUpS, res.Scenario.WarmUpS = 10, 30
	res.Phases[0].Load = "200 calls/s"
	res.Generator.Shared = false
	res.Generator.Reconnects, res.Generator.Connects = 3, 53
	lag := []float64{65e-6, 0.0009, 0.0021}
	res.Generator.LagP50S, res.Generator.LagP99S, res.Generator.LagMaxS = &lag[0], &lag[1], &lag[2]
	Before(&res, "warm-up", "200 calls/s", 30, 6_000, 0)
	Before(&res, "ramp-up", "0 to 200 calls/s", 10, 998, 2)
	return res
}

// Guided is a run of the guide's profile whose server broke in the batches.
func Guided() measure.Result {
	res := Passing()
	res.Scenario.Profile = "guide"
	Before(&res, "batches", "batches of 1, 6, 11 … up to 50 uploads at once", 7.31, 30, 4)
	at := 16
	res.Guide = &measure.Guide{BreakingPoint: &at, Batches: []measure.Batch{
		{Concurrent: 1, Attempted: 1, Accepted: 1, DurationS: 0.03},
		{Concurrent: 6, Attempted: 6, Accepted: 6, DurationS: 0.08},
		{Concurrent: 11, Attempted: 11, Accepted: 11, DurationS: 0.2},
		{Concurrent: 16, Attempted: 16, Accepted: 12, DurationS: 2},
	}}
	return res
}

// Staged is a run in stages with much that is unusual, which its own rule ended.
func Staged() measure.Result {
	res := Of(9_000, 300, 12*time.Millisecond, 290*time.Millisecond)
	s := &res.Scenario
	s.Model, s.Arrival, s.DurationS, s.Stages = "open", "constant", 420, "1m:50/s,5m:200/s,1m:0/s"
	s.Connections, s.KeepAlive, s.HTTP, s.Total = 10, false, "2", 50_000
	s.AbortOn = []string{"error_rate>0.5 for 10s", "p95_response_time_s>5 for 30s"}
	res.Run.Aborted = "error_rate>0.5 for 10s (at last 0.6213)"
	first := Of(1_500, 0, 12*time.Millisecond, 60*time.Millisecond).Phases[0]
	first.Name, first.DurationS, first.Load = "stage 1", 60, "0 to 50 calls/s"
	second := Of(7_500, 300, 12*time.Millisecond, 290*time.Millisecond).Phases[0]
	second.Name, second.StartS, second.DurationS, second.Load = "stage 2", 60, 60, "50 to 200 calls/s"
	third := NoSampleResult().Phases[0]
	third.Name, third.StartS, third.Load = "stage 3", 120, "200 to 0 calls/s"
	res.Phases = []measure.Phase{first, second, third}
	return res
}

// Thinking is a closed run whose uploaders pause, stopped in its warm-up by its own rule.
func Thinking() measure.Result {
	res := NoSampleResult()
	res.Scenario.ThinkTimeS, res.Scenario.WarmUpS, res.Scenario.Connections = 2.5, 30, 20
	Before(&res, "warm-up", "50 uploaders", 12, 100, 240)
	res.Run.Aborted = "success_rate<0.5 for 10s (at last 0.294)"
	return res
}

// Primed is a run on a server that takes longer for each talkgroup that it learns, and had not learned all in time.
func Primed() measure.Result {
	res := Passing()
	known, stored, unknown, usual, longest := uint64(40), uint64(52), uint64(11), 0.005, 0.02
	res.Scenario.Prime = true
	res.Priming = &measure.Priming{
		Talkgroups: 100, KnownBefore: &known, Calls: 53, Accepted: 53, Stored: &stored, NotKnown: &unknown, LeftOut: 11,
		DurationS: 60.02, TimeUp: true, UsualS: &usual, UsualMaxS: &longest,
	}
	for i := range uint64(10) {
		part := measure.LearningCost{Known: 40 + 5*i, Talkgroups: 5, MeanS: 0.9 + 0.1*float64(i)}
		res.Priming.Learning = append(res.Priming.Learning, part)
	}
	return res
}

// Repeated is a run whose failed calls were sent again.
func Repeated() measure.Result {
	res := Passing()
	res.Scenario.ClientRetries = "5s,10s"
	res.Retries = &measure.Retries{
		Calls: 100, Recovered: 60, AlreadyThere: 2, GivenUp: 20, Pending: 15, NotKept: 5, Sent: 105,
		Tries: []measure.RetryAttempt{
			{Try: 2, Sent: 80, Accepted: 50, Failed: 30},
			{Try: 3, Sent: 25, Accepted: 8, AlreadyThere: 2, Failed: 15},
		},
		Errors: measure.Errors{Timeout: 45, HTTP: map[string]uint64{"503": 100}},
	}
	return res
}

// NoDistribution is the least that a run can leave behind.
func NoDistribution() measure.Result {
	return measure.Result{
		Run:         measure.Run{StartedAt: time.Unix(0, 0).UTC(), Interrupted: true},
		Scenario:    measure.Scenario{Model: "closed", HTTP: "1.1"},
		Latency:     measure.NewHistogram().Distribution("no upload was accepted"),
		ServiceTime: measure.NewHistogram().Distribution("no upload was accepted"),
	}
}
