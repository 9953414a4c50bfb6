package load

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// slowServer is an Uploader whose service time is scripted: it depends on when an upload is sent.
type slowServer struct {
	start   time.Time
	service func(at time.Duration) time.Duration
	uploads *atomic.Int64
}

func (s slowServer) Upload(context.Context, *rdio.Call, []byte) Attempt {
	sent := time.Now()
	<-time.After(s.service(sent.Sub(s.start)))
	s.uploads.Add(1)
	return Attempt{Sent: sent, Class: measure.Accepted, Status: 200, Bytes: 100}
}

func (slowServer) Close() {}

// runFake makes a run on the fake clock of a synctest bubble.
func runFake(ctx context.Context, s *Scenario, service func(at time.Duration) time.Duration) measure.Result {
	var uploads atomic.Int64
	now := time.Now()
	r := &Runner{
		Scenario: s, Traffic: NewTraffic(s, "abc", now, silence{}), Recorder: measure.NewRecorder(), Start: now,
		Uploader: func() Uploader { return slowServer{now, service, &uploads} },
		sleeper:  func(start time.Time) (sleeper, error) { return newTimerSleeper(start), nil },
	}
	var res measure.Result
	r.Fill(&res, r.Run(ctx))
	if uint64(uploads.Load()) != res.Totals.Attempted {
		panic("the recorder has another number of uploads than the server")
	}
	return res
}

func constant(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got < want*0.998 || got > want*1.002 {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestClosedModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testScenario() // 4 uploaders for a minute
		res := runFake(t.Context(), s, constant(110*time.Millisecond))
		if got, want := res.Totals.Attempted, uint64(4*546); got != want { // the last begin 50 ms before the end
			t.Errorf("%d uploads, want %d", got, want)
		}
		near(t, "mean", res.Latency.MeanS, 0.11)
		near(t, "uploads per second", res.Totals.UploadsPerS, 36.4)
		near(t, "duration", res.Run.DurationS, 60.06)
		if res.Generator.LagP50S != nil {
			t.Error("the closed model has a lag")
		}
		last := res.Series[len(res.Series)-1]
		if len(res.Series) != 61 || last.Attempted != 4 {
			t.Errorf("%d points in a minute and a bit, %d uploads in the last", len(res.Series), last.Attempted)
		}
		near(t, "width of the last point", last.WidthS, 0.06)
	})
}

func TestOpenModelKeepsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testScenario()
		s.Rate = 20
		res := runFake(t.Context(), s, constant(100*time.Millisecond))
		if res.Totals.Attempted != 1200 || res.Totals.Unsent != 0 {
			t.Errorf("%d uploads, %d unsent, want 1200 and 0", res.Totals.Attempted, res.Totals.Unsent)
		}
		near(t, "p99", res.Latency.P99S, 0.1)
		if res.Generator.LagMaxS == nil || *res.Generator.LagMaxS != 0 {
			t.Errorf("lag %v on a perfect clock", res.Generator.LagMaxS)
		}
	})
}

// A server that stops for 2 s at 100 calls/s makes the calls that were due meanwhile wait, and their response times say so; a
// clock that starts when the call is sent would see 40 slow calls of 2000.
func TestOpenModelCountsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testScenario()
		s.Rate, s.Duration, s.MaxConcurrent = 100, 20*time.Second, 4
		res := runFake(t.Context(), s, func(at time.Duration) time.Duration {
			if at >= 10*time.Second && at < 12*time.Second {
				return 12*time.Second - at
			}
			return time.Millisecond
		})
		near(t, "max", res.Latency.MaxS, 2)
		// 200 calls were due in the stall and waited 0 to 2 s; the backlog is gone 50 ms after. So 10 % of 2000 waited, the
		// slowest 5 % over 1 s and the slowest 1 % over 1.8 s.
		if p95 := res.Latency.P95S; p95 < 0.98 || p95 > 1.06 {
			t.Errorf("p95 = %v s, want 1", p95)
		}
		if p99 := res.Latency.P99S; p99 < 1.78 || p99 > 1.86 {
			t.Errorf("p99 = %v s, want 1.8", p99)
		}
		if p99 := res.ServiceTime.P99S; p99 > 0.01 {
			t.Errorf("p99 of the service time = %v s, want 1 ms: only 4 uploads were under way", p99)
		}
	})
}

func TestOpenModelCountsUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testScenario()
		s.Rate, s.Duration, s.MaxConcurrent = 10, 10*time.Second, 2
		res := runFake(t.Context(), s, constant(time.Second)) // 2 of 10 calls/s
		if res.Totals.Attempted != 20 || res.Totals.Unsent != 80 {
			t.Errorf("%d uploads, %d unsent, want 20 and 80", res.Totals.Attempted, res.Totals.Unsent)
		}
	})
}

func TestInterruptDrains(t *testing.T) {
	for name, rate := range map[string]float64{"closed": 0, "open": 40} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*time.Second, cancel)
				s := testScenario()
				s.Rate = rate
				res := runFake(ctx, s, constant(300*time.Millisecond))
				if !res.Run.Interrupted {
					t.Error("the run is not marked interrupted")
				}
				if res.Run.DurationS < 5 || res.Run.DurationS > 5.31 {
					t.Errorf("the run took %v s, want 5 and what was under way", res.Run.DurationS)
				}
				if res.Totals.Failed > 0 {
					t.Errorf("%d uploads were cut off", res.Totals.Failed)
				}
			})
		})
	}
}

// When the unique calls of a second are used up, the closed model waits for the next, and the result says that the generator was
// the limit.
func TestClosedModelNeverRepeatsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testScenario()
		s.Duration = 3 * time.Second
		perSecond := NewTraffic(s, "", start, nil).MaxPerSecond()
		res := runFake(t.Context(), s, constant(time.Millisecond))
		if got := res.Totals.Attempted; got != 3*perSecond {
			t.Errorf("%d uploads, want the %d unique ones", got, 3*perSecond)
		}
		if !res.Generator.Limited {
			t.Error("the generator does not say that it was the limit")
		}
		near(t, "p99", res.Latency.P99S, 0.001)
	})
}
