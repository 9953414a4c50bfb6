package diagnose

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"rdiostress/internal/measure"
)

// queued is a server that acknowledges calls at once while its queue has room, and then as fast as it stores them.
type queued struct {
	places  float64
	accepts float64 // per second, with the slots that there are
	stores  float64
	asked   float64 // calls per second in the open model; 0 is a closed loop
	slots   int
	busy    bool // it answers 503 when it is full, instead of having uploads wait
}

// run is n seconds of it.
func (q queued) run(n int, seed uint64) measure.Result {
	rng := rand.New(rand.NewPCG(seed, 3))
	res := run(make([]float64, n))
	res.Scenario.MaxConcurrent, res.Scenario.Model = q.slots, "closed"
	res.Totals = measure.Totals{}
	waiting, late := 0.0, 0.0
	for i := range res.Series {
		noise := 1 + 0.1*rng.NormFloat64()
		room := q.places - waiting + q.stores
		takes := q.accepts * noise
		if q.asked > 0 {
			takes = min(takes, q.asked+late)
		}
		p50, flight, failed := 0.01, q.slots, 0.0
		if q.asked > 0 {
			flight = int(max(1, q.asked*p50))
		}
		if takes > room { // full
			asked := takes
			takes = room - q.stores + q.stores*noise
			if q.busy {
				failed, takes = asked-takes, min(takes, q.stores*noise)
				if q.asked > 0 {
					failed = q.asked - takes
				}
			} else {
				flight, p50 = q.slots, float64(q.slots)/max(takes, 1)
				if q.asked > 0 {
					late += q.asked - takes
					p50 += late / max(takes, 1)
				}
			}
		}
		takes = max(0, math.Round(takes))
		waiting = min(q.places, max(0, waiting+takes-q.stores))
		p := &res.Series[i]
		p.Accepted, p.Failed = uint64(takes), uint64(max(0, failed))
		p.Attempted, p.InFlight = p.Accepted+p.Failed, flight
		p.P50S, p.MeanS, p.P95S, p.MaxS = &p50, &p50, &p50, &p50
		res.Totals.Attempted += p.Attempted
		res.Totals.Accepted += p.Accepted
		res.Totals.Failed += p.Failed
		if p.Failed > 0 {
			if len(res.ErrorDetails) == 0 {
				res.ErrorDetails = []measure.ErrorDetail{{
					Class: "http_status", Parent: "http", Status: 503,
					FirstS: p.TS + 0.5, Sample: "the ingest queue is full",
				}}
			}
			res.ErrorDetails[0].Count += p.Failed
			res.ErrorDetails[0].LastS = p.TS + p.WidthS
		}
	}
	res.Errors = errorsOf(res.ErrorDetails)
	res.Totals.UploadsPerS = float64(res.Totals.Attempted) / float64(n)
	f := figuresOf(res.Series)
	res.Latency, res.ServiceTime = measure.Distribution{
		Count:   res.Totals.Accepted,
		Figures: f,
	}, measure.Distribution{Count: res.Totals.Accepted, Figures: f}
	return res
}

// A queue that ran full is found without a look at what was stored, and what it took while it filled is not called its
// rate.
func TestQueueThatRanFull(t *testing.T) {
	for name, q := range map[string]queued{
		"closed":                 {places: 8192, accepts: 1800, stores: 185, slots: 50},
		"closed, with ffmpeg":    {places: 8192, accepts: 1800, stores: 7, slots: 50},
		"open":                   {places: 8192, accepts: 3000, stores: 185, slots: 50, asked: 600},
		"closed, it says so":     {places: 8192, accepts: 1800, stores: 185, slots: 50, busy: true},
		"open, it says so":       {places: 8192, accepts: 3000, stores: 185, slots: 50, asked: 600, busy: true},
		"open, it says so early": {places: 1000, accepts: 3000, stores: 185, slots: 50, asked: 400, busy: true},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				res := q.run(60, seed)
				want := "queue-ran-full"
				if q.busy {
					want = "queue-full"
				}
				found := Findings(res, false, nil)
				i := slices.IndexFunc(found, func(f Finding) bool { return f.ID == want })
				if len(found) != 1 || i < 0 {
					t.Fatalf("seed %d: found %+v", seed, found)
				}
				s := allSignals(res)
				if after := s["rate_after_full"].Value; math.Abs(after/q.stores-1) > 0.2 {
					t.Errorf("seed %d: rate after it %g, stores %g", seed, after, q.stores)
				}
				if calls := s["queued_until_full"].Value; math.Abs(calls/q.places-1) > 0.25 {
					t.Errorf("seed %d: a queue of %g is said to have taken %g", seed, q.places, calls)
				}
				if settled := s["settled_per_s"].Value; math.Abs(settled/q.stores-1) > 0.25 {
					t.Errorf("seed %d: settled at %g, stores %g", seed, settled, q.stores)
				}
			}
		})
	}
}

// rdio-scanner 7 with a thousand talkgroups to learn, as measured: when its queue is full, it goes on at a crawl that
// gets slower.
func TestQueueThatRanFullOfNewTalkgroups(t *testing.T) {
	res := run(make([]float64, 60))
	res.Scenario.MaxConcurrent = 50
	res.Totals = measure.Totals{}
	for i := range res.Series {
		p := &res.Series[i]
		accepted, p50 := 4+60/float64(i), 0.9+0.2*float64(i)
		switch i {
		case 0:
			accepted, p50 = 7114, 0.003
		case 1:
			accepted, p50 = 1162, 0.005
		}
		p.Accepted = uint64(accepted)
		p.Attempted, p.InFlight, p.P50S = p.Accepted, 50, &p50
		res.Totals.Attempted += p.Attempted
		res.Totals.Accepted += p.Accepted
	}
	found := Findings(res, false, nil)
	if len(found) != 1 || found[0].ID != "queue-ran-full" {
		t.Fatalf("found %+v", found)
	}
	if calls := allSignals(res)["queued_until_full"].Value; calls < 6500 || calls > 8500 {
		t.Errorf("a queue of 8,192 is said to have taken %g", calls)
	}
}

// What else makes a rate change is no queue.
func TestNoQueueRanFull(t *testing.T) {
	const n = 60
	closed := func(rate func(i int) float64) measure.Result {
		res := run(make([]float64, n))
		res.Scenario.MaxConcurrent = 50
		rng := rand.New(rand.NewPCG(5, 5))
		for i := range res.Series {
			p := &res.Series[i]
			p.Accepted = uint64(max(0, rate(i)*(1+0.1*rng.NormFloat64())))
			p.Attempted, p.InFlight = p.Accepted, 50
			p50 := 50 / max(float64(p.Accepted), 1)
			p.P50S = &p50
		}
		return res
	}
	lowered := closed(func(i int) float64 {
		if i < 20 {
			return 1000
		}
		return 200
	})
	for i := range lowered.Series {
		fast := 0.005
		lowered.Series[i].P50S = &fast
		lowered.Series[i].InFlight = int(lowered.Series[i].Accepted) / 200
	}
	killed, back := 30.0, 32.0
	crash := closed(func(i int) float64 {
		if i >= 30 && i < 33 {
			return 0
		}
		return 1000
	})
	crash.Delivery.Crash = &measure.Crash{KilledS: killed, AnsweredS: &back}
	for name, res := range map[string]measure.Result{
		"steady":                 closed(func(int) float64 { return 1000 }),
		"ramp-up":                closed(func(i int) float64 { return 40 * float64(i) }),
		"gets slower":            closed(func(i int) float64 { return 20000 / (10 + 4*float64(i)) }),
		"gets slower from a lot": closed(func(i int) float64 { return 3000 / (1 + 0.5*float64(i)) }),
		"settles slowly":         closed(func(i int) float64 { return 300 + 1500*math.Exp(-float64(i)/6) }),
		"a good first second":    closed(func(i int) float64 { return 900 + 900*math.Max(0, 1-float64(i)) }),
		"stalls": closed(func(i int) float64 {
			if i%10 < 3 {
				return 100
			}
			return 1000
		}),
		"one long stall": closed(func(i int) float64 {
			if i >= 20 && i < 35 {
				return 50
			}
			return 1000
		}),
		"load lowered": lowered,
		"crash":        crash,
		"overload from the start": func() measure.Result {
			return queued{places: 0, accepts: 1800, stores: 185, slots: 50, asked: 600}.run(n, 1)
		}(),
	} {
		s := allSignals(res)
		if at, ok := s["queue_full_at"]; ok {
			t.Errorf("%s: a queue is said to be full at %g s: %g/s before, %g/s after", name, at.Value,
				s["rate_before_full"].Value, s["rate_after_full"].Value)
		}
	}
}

// A run that is over in a moment has filled a queue, and shows no rate that the server takes.
func TestMomentIsNoRate(t *testing.T) {
	res := run([]float64{0.01})
	res.Run.SendingS = 0.06
	res.Totals.UploadsPerS = 1341
	s := signalsOf(&res, nil)
	for _, name := range []string{"accepted_all_along_per_s", "settled_per_s"} {
		if v, ok := s[name]; ok {
			t.Errorf("%s is %v", name, v)
		}
	}
}
