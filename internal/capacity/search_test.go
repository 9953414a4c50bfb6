package capacity

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"rdiostress/internal/report"
)

// server simulates a server with a known limit, second by second: calls over the limit are refused (a token bucket),
// wait (a queue that answers after storing), or are accepted and wait (a queue that answers at once).
type server struct {
	limit    float64 // calls per second
	queue    float64 // places of the acceptance queue
	accepts  bool    // it answers before it stores
	waits    bool    // calls over the limit wait
	burst    float64 // size of the token bucket
	seen     bool    // storage can be observed
	slow     float64 // limit in long holds, if lower
	base     float64 // response time in seconds
	own      float64 // rate above which the generator is the limit
	noise    *rand.Rand
	tried    []float64
	deadline int // steps until the time is up

	tokens, waiting, backlog float64
}

// Hold holds a rate as the command does, but without waiting.
func (v *server) RunStep(ctx context.Context, rate float64, careful, long bool) (report.CapacityStep, error) {
	if v.tried = append(v.tried, rate); v.deadline > 0 && len(v.tried) > v.deadline {
		return report.CapacityStep{}, errors.New("the time was up")
	}
	limit := v.limit
	if long && v.slow > 0 {
		limit = v.slow
	}
	v.tokens, v.waiting, v.backlog = v.burst, 0, 0
	least, most := Lengths(rate, long, careful, v.seen, 30)
	m := Monitor{RatePerS: rate}
	s := report.CapacityStep{RatePerS: rate}
	var accepted, sum float64
	var times []float64
	stage := Settling
	for at := 1.0; ; at++ {
		n := rate
		took, slow := v.second(n, limit)
		accepted += took
		times = append(times, slow)
		sum += took * slow
		s.Attempted = uint64(math.Round(at * rate))
		backlog := math.NaN()
		if v.seen {
			backlog = max(v.backlog+(v.noise.Float64()-0.5)*0.02*rate, 0)
		}
		m.Add(Second{
			AtS: at, Accepted: uint64(accepted), ResponseSumS: sum, InFlight: int(slow * rate),
			Backlog: backlog,
		})
		var over bool
		if stage, over = m.Decide(at, least, most); over {
			s.DurationS = at
			break
		}
	}
	s.Accepted = min(uint64(math.Round(accepted)), s.Attempted)
	success, mean, worst := float64(s.Accepted)/float64(s.Attempted), sum/accepted, 0.0
	for _, t := range times {
		worst = max(worst, t)
	}
	s.SuccessRate, s.MeanS, s.P95S, s.AcceptedPerS = &success, &mean, &worst, accepted/s.DurationS
	if behind, ok := m.BehindPerS(); ok {
		s.BehindPerS = &behind
	}
	Judge(&s, Defaults(), stage)
	if v.own > 0 && rate > v.own {
		s.Limits = []string{"it used all processors"}
		s.OK = false
	}
	return s, nil
}

// second handles n calls: it returns how many the server accepts, and how long those take.
func (v *server) second(n, limit float64) (accepted, responseS float64) {
	jitter := 1 + 0.2*(v.noise.Float64()-0.5)
	switch {
	case v.accepts:
		fits := min(n, v.queue-v.backlog+limit)
		v.backlog = max(v.backlog+fits-limit, 0)
		return fits, v.base * jitter
	case v.waits:
		v.waiting = max(v.waiting+n-limit, 0)
		return min(n, limit), (v.base + v.waiting/limit) * jitter
	default:
		v.tokens = min(v.tokens+limit, limit+v.burst)
		took := min(n, v.tokens)
		v.tokens -= took
		return took, v.base * jitter
	}
}

// TestSearchFindsKnownLimits checks that the search is within 5 % of every kind of limit.
func TestSearchFindsKnownLimits(t *testing.T) {
	for _, limit := range []float64{3, 100, 185, 1000, 3000} {
		for name, v := range map[string]server{
			"token bucket":                    {limit: limit},
			"token bucket with a burst":       {limit: limit, burst: limit / 2},
			"queue before the answer":         {limit: limit, waits: true},
			"storage behind the answer, seen": {limit: limit, accepts: true, queue: 8192, seen: true},
			"breaks in long holds":            {limit: limit * 1.3, slow: limit},
		} {
			t.Run(fmt.Sprintf("%s, %g/s", name, limit), func(t *testing.T) {
				for seed := range uint64(20) {
					v := v
					v.noise, v.base = rand.New(rand.NewPCG(seed, 1)), 0.02
					r, steps := Search(t.Context(), &v, Options{StartPerS: 10, MaxPerS: 100_000, Precision: 0.03})
					if r.CapacityPerS == nil {
						t.Fatalf("seed %d: %+v after %v", seed, r, v.tried)
					}
					if got := *r.CapacityPerS; math.Abs(got-limit) > 0.05*limit {
						t.Fatalf("seed %d: %.4g, not %g: broke %s after %.4g", seed, got, limit, r.BrokeWords, v.tried)
					}
					if last := steps[len(steps)-1]; !last.Final || !last.OK || !r.Confirmed ||
						*r.LowPerS > *r.HighPerS || r.Broke == "" {
						t.Fatalf("seed %d: not confirmed: %+v", seed, r)
					}
				}
			})
		}
	}
}

func TestSearchNamesWhatBroke(t *testing.T) {
	for want, v := range map[string]server{
		"success_rate":      {limit: 100},
		report.BrokeStorage: {limit: 100, accepts: true, queue: 8192, seen: true},
		report.BrokeSteady:  {limit: 100, waits: true},
	} {
		v.noise, v.base = rand.New(rand.NewPCG(1, 1)), 0.02
		r, _ := Search(t.Context(), &v, Options{StartPerS: 10, MaxPerS: 100_000, Precision: 0.03})
		if r.Broke != want || r.BrokeWords == "" {
			t.Errorf("%s: broke %q (%s)", want, r.Broke, r.BrokeWords)
		}
	}
}

// TestSearchWithoutAnswer checks that an unknown capacity is not reported.
func TestSearchWithoutAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		server  server
		options Options
		reason  string
		atLeast float64
		limited bool
	}{
		"the generator is the limit": {
			server{limit: 1e6, own: 700},
			Options{10, 1e5, 0.03},
			"generator was the limit",
			640, true,
		},
		"the time is up": {
			server{limit: 100, deadline: 3},
			Options{10, 1e5, 0.03},
			"time was up", 40,
			false,
		},
		"nothing breaks":   {server{limit: 1e6}, Options{10, 500, 0.03}, "nothing broke", 500, false},
		"nothing is taken": {server{limit: 1e-9, burst: 0}, Options{10, 500, 0.03}, "not even", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := c.server
			v.noise, v.base = rand.New(rand.NewPCG(1, 1)), 0.02
			r, _ := Search(t.Context(), &v, c.options)
			if r.CapacityPerS != nil || !strings.Contains(r.Reason, c.reason) || r.Limited != c.limited {
				t.Errorf("%+v", r)
			}
			if c.atLeast == 0 != (r.AtLeastPerS == nil) || r.AtLeastPerS != nil && *r.AtLeastPerS != c.atLeast {
				t.Errorf("at least %v", r.AtLeastPerS)
			}
		})
	}
}

// TestHiddenQueue checks that if storage is not observed, rates that may be the answer are held until 8,192 places
// would be full.
func TestHiddenQueue(t *testing.T) {
	for _, c := range []struct {
		rate             float64
		careful, checked bool
		least            float64
	}{
		{1000, true, false, 9}, {1000, false, false, 6}, {1000, true, true, 6}, {10, true, false, 20}, {
			5000, true,
			false, 6,
		},
	} {
		if least, most := Lengths(c.rate, false, c.careful, c.checked, 30); least != c.least || most < least {
			t.Errorf("%+v: %g to %g s", c, least, most)
		}
	}
	if least, _ := Lengths(5000, true, true, true, 30); least != 30 {
		t.Errorf("the last hold is %g s", least)
	}
}

// runStep is a function that implements StepRunner.
type runStep func(ctx context.Context) (report.CapacityStep, error)

func (f runStep) RunStep(ctx context.Context, _ float64, _, _ bool) (report.CapacityStep, error) {
	return f(ctx)
}

// Errors at the end of a search say "context deadline exceeded"; the reason names what ended it.
func TestSearchSaysWhatEndedIt(t *testing.T) {
	timeUp := errors.New("the time was up (--max-time 1m0s)")
	for name, tt := range map[string]struct {
		cause error // nil: nothing ends it
		want  string
	}{
		"time":      {timeUp, timeUp.Error()},
		"interrupt": {context.Canceled, "it was interrupted"},
		"failure":   {nil, "GET /metrics: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			result, _ := Search(ctx, runStep(func(ctx context.Context) (report.CapacityStep, error) {
				if tt.cause == nil {
					return report.CapacityStep{}, errors.New(tt.want)
				}
				cancel(tt.cause)
				return report.CapacityStep{}, fmt.Errorf("GET /metrics: %w", ctx.Err())
			}), Options{StartPerS: 10, MaxPerS: 100, Precision: 0.03})
			if result.Reason != tt.want {
				t.Errorf("got %q, want %q", result.Reason, tt.want)
			}
		})
	}
}

// A step without observed storage ends the search: the server did not break, and nothing is known about the rate.
func TestSearchUnseen(t *testing.T) {
	rates := 0
	r, steps := Search(t.Context(), runStep(func(context.Context) (report.CapacityStep, error) {
		if rates++; rates == 1 {
			return report.CapacityStep{RatePerS: 10, OK: true}, nil
		}
		return report.CapacityStep{RatePerS: 20, Broke: report.BrokeUnseen, BrokeWords: "the database is locked"}, nil
	}), Options{StartPerS: 10, MaxPerS: 100, Precision: 0.03})
	if r.CapacityPerS != nil || r.HighPerS != nil || r.AtLeastPerS == nil || *r.AtLeastPerS != 10 || len(steps) != 2 {
		t.Errorf("%+v, %d steps", r, len(steps))
	}
	if want := "storage was not observed at 20 calls/s: the database is locked"; r.Reason != want {
		t.Errorf("got %q, want %q", r.Reason, want)
	}
}

// A step that broke counts even if the time was up while it was repeated.
func TestSearchKeepsTheStepThatBroke(t *testing.T) {
	broken := report.CapacityStep{RatePerS: 20, Broke: report.BrokeSteady, BrokeWords: "response times kept growing"}
	limited := broken
	limited.Limits = []string{"it used all processors"}
	for name, tt := range map[string]struct {
		step report.CapacityStep
		high bool
	}{"it broke": {broken, true}, "the generator was its limit": {limited, false}} {
		t.Run(name, func(t *testing.T) {
			rates := 0
			r, steps := Search(t.Context(), runStep(func(context.Context) (report.CapacityStep, error) {
				if rates++; rates == 1 {
					return report.CapacityStep{RatePerS: 10, OK: true}, nil
				}
				return tt.step, errors.New("the time was up")
			}), Options{StartPerS: 10, MaxPerS: 100, Precision: 0.03})
			if len(steps) != 2 || steps[1].Broke != report.BrokeSteady || (r.HighPerS != nil) != tt.high ||
				r.Reason != "the time was up" {
				t.Errorf("%+v after %+v", r, steps)
			}
		})
	}
}

// On a server that queues, a search without observed storage reports what was accepted, and no capacity.
func TestQueues(t *testing.T) {
	ten := 10.0
	for name, r := range map[string]report.CapacityResult{
		"found":    {CapacityPerS: &ten, OfferedPerS: &ten},
		"at least": {AtLeastPerS: &ten},
	} {
		if r.Queues(); r.CapacityPerS != nil || r.AtLeastPerS != nil || r.AcceptedPerS == nil ||
			*r.AcceptedPerS != ten {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
