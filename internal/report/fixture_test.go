package report

import (
	"math"
	"time"

	"rdiostress/internal/measure"
)

// result returns a Result of a closed run of n uploads, of which the failed ones got a 503. Response times run evenly from low
// to high.
func result(accepted, failed uint64, low, high time.Duration) measure.Result {
	const seconds = 120
	res := measure.Result{
		Run: measure.Run{
			ID: "7f3a9c21", StartedAt: time.Date(2026, 5, 14, 19, 30, 0, 0, time.UTC),
			DurationS: seconds, SendingS: seconds,
		},
		Target: measure.Target{URL: "http://localhost:8000"},
		Scenario: measure.Scenario{
			Model: "closed", MaxConcurrent: 50, DurationS: seconds, TimeoutS: 30,
			Client: "sdrtrunk", Systems: "1-4", Talkgroups: "1001-1040", Seed: 42,
		},
		Totals:       measure.Totals{BytesSent: (accepted + failed) * 21_137},
		Latency:      spreadOut(accepted, low, high),
		ServiceTime:  spreadOut(accepted, low-low/20, high-high/20),
		Errors:       measure.Errors{HTTP: map[string]uint64{}},
		ErrorDetails: []measure.ErrorDetail{},
		Series:       []measure.Point{},
		Generator:    measure.Generator{CPUS: 4.25, RSSBytes: 38 << 20},
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

// setCounts makes the totals and a series of two intervals agree with the counts.
func setCounts(res *measure.Result, accepted, failed uint64) {
	t := &res.Totals
	t.Attempted, t.Accepted, t.Failed = accepted+failed, accepted, failed
	if t.Attempted == 0 {
		return
	}
	success, failure := ratio(accepted, t.Attempted), ratio(failed, t.Attempted)
	t.SuccessRate, t.ErrorRate = &success, &failure
	t.UploadsPerS = float64(t.Attempted) / res.Run.SendingS
	half := res.Run.SendingS / 2
	res.Series = []measure.Point{
		{WidthS: half, Attempted: accepted / 2, Accepted: accepted / 2, InFlight: 50},
		{TS: half, WidthS: half, Attempted: accepted - accepted/2 + failed, Accepted: accepted - accepted/2, Failed: failed},
	}
	if f := res.Latency.Figures; f != nil {
		for i := range res.Series {
			res.Series[i].MeanS, res.Series[i].P50S, res.Series[i].P95S, res.Series[i].MaxS = &f.MeanS, &f.P50S, &f.P95S, &f.MaxS
		}
	}
}

// spreadOut returns the distribution of n samples, a skewed way from low to high.
func spreadOut(n uint64, low, high time.Duration) measure.Distribution {
	h := measure.NewHistogram()
	for i := range n {
		share := float64(i) / math.Max(float64(n-1), 1)
		h.Record(low + time.Duration(math.Pow(share, 6)*float64(high-low)))
	}
	return h.Distribution("no upload was accepted")
}

// passing is a run without a flaw.
func passing() measure.Result { return result(12_345, 0, 21*time.Millisecond, 180*time.Millisecond) }

// noSampleResult is a run that was stopped before its first upload ended.
func noSampleResult() measure.Result {
	res := result(0, 0, 0, 0)
	res.Run.DurationS, res.Run.SendingS = 0, 0
	return res
}

// interrupted is a run that the user stopped.
func interrupted() measure.Result {
	res := result(1_310, 0, 21*time.Millisecond, 180*time.Millisecond)
	res.Run.Interrupted = true
	res.Run.DurationS, res.Run.SendingS = 13.42, 13.2
	setCounts(&res, 1_310, 0)
	return res
}

// failing is a run with failures of many kinds, some with text that no terminal should get as it is.
func failing() measure.Result {
	res := result(9_800, 0, 60*time.Millisecond, 9*time.Second)
	details := []measure.ErrorDetail{
		{
			Class: "http_status", Parent: "http", Status: 503, Count: 1_204, FirstS: 1.02, LastS: 118.4,
			Sample: "upload queue full, retry later\n",
		},
		{Class: "reply_timeout", Parent: "timeout", Count: 311, FirstS: 31.4, LastS: 120, Sample: "no complete reply within 30s"},
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
	res.Errors = measure.Errors{Timeout: 311, Connection: 22, HTTP: map[string]uint64{"503": 1_204, "500": 80}, Rejected: 1}
	res.ErrorDetails = details
	return res
}

// unsent is an open run whose server left no slot free.
func unsent() measure.Result {
	res := result(22_960, 40, 12*time.Millisecond, 2900*time.Millisecond)
	res.Run.DurationS = 122.6
	res.Scenario.Model, res.Scenario.RatePerS = "open", 200
	res.Totals.Unsent = 1_000
	lag := []float64{65e-6, 0.0009, 0.0021}
	res.Generator.LagP50S, res.Generator.LagP99S, res.Generator.LagMaxS = &lag[0], &lag[1], &lag[2]
	return res
}

// limited is an open run that the generator could not drive.
func limited() measure.Result {
	res := unsent()
	res.Generator.Limited = true
	res.Generator.Reasons = []string{"both processors were busy 98 % of the time"}
	return res
}

// lossy is a run whose server lost acknowledged calls.
func lossy() measure.Result {
	res := passing()
	n := []uint64{12_345, 4_105, 8_240, 0}
	perS, drain := 185.2, 22.4
	res.Delivery = measure.Delivery{
		Method: "sqlite", Acknowledged: &n[0], Stored: &n[1], Lost: &n[2], Duplicated: &n[3], Corrupted: &n[3],
		BacklogMax: &n[2], StoredPerS: &perS, DrainS: &drain,
	}
	return res
}

// monitored is a run that meets everything but the success rate.
func monitored() measure.Result {
	return result(11_500, 845, 21*time.Millisecond, 180*time.Millisecond)
}
