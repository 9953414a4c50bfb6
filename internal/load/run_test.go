package load

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// slowServer is an Uploader whose service time is scripted: it depends on when an upload is sent.
type slowServer struct {
	start   time.Time
	service func(at time.Duration) time.Duration
	uploads *atomic.Int64
}

func (s slowServer) Upload(context.Context, *upload.Request) upload.Attempt {
	sent := time.Now()
	<-time.After(s.service(sent.Sub(s.start)))
	s.uploads.Add(1)
	return upload.Attempt{Sent: sent, Class: measure.Accepted, Status: 200, Bytes: 100, Steps: measure.NoSteps()}
}

func (slowServer) Close() {}

// runFake makes a run on the fake clock of a synctest bubble.
func runFake(ctx context.Context, s *scenario.Scenario, service func(at time.Duration) time.Duration) measure.Result {
	var uploads atomic.Int64
	now := time.Now()
	r := &Runner{
		Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now,
		Uploader: func() upload.Uploader { return slowServer{now, service, &uploads} },
		sleeper:  func(start time.Time) (sleeper, error) { return newTimerSleeper(start), nil },
	}
	res := measure.Result{Scenario: s.Record()}
	r.Fill(&res, r.Run(ctx))
	attempted := uint64(0)
	for _, p := range res.Phases {
		attempted += p.Totals.Attempted
	}
	if uint64(uploads.Load()) != attempted {
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
		s := uploadtest.Scenario() // 4 uploaders for a minute
		res := runFake(t.Context(), s, constant(110*time.Millisecond))
		if got, want := res.Totals.Attempted, uint64(4*546); got != want { // the last begin 50 ms before the end
			t.Errorf("%d uploads, want %d", got, want)
		}
		near(t, "mean", res.Latency.MeanS, 0.11)
		near(t, "uploads per second", res.Totals.UploadsPerS, 2184/60.06)
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
		s := uploadtest.Scenario()
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

// A server that stops for 2 s at 100 calls/s delays the calls that are due meanwhile, and their response times show it.
// A clock that starts when a call is sent would see 40 slow calls of 2000.
func TestOpenModelCountsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		s.Rate, s.Duration, s.MaxConcurrent = 100, 20*time.Second, 4
		res := runFake(t.Context(), s, func(at time.Duration) time.Duration {
			if at >= 10*time.Second && at < 12*time.Second {
				return 12*time.Second - at
			}
			return time.Millisecond
		})
		near(t, "max", res.Latency.MaxS, 2)
		// 200 calls were due in the stall and waited 0 to 2 s; the backlog is gone 50 ms after. So 10 % of 2000 waited,
		// the slowest 5 % over 1 s and the slowest 1 % over 1.8 s.
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
		s := uploadtest.Scenario()
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
				s := uploadtest.Scenario()
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

// When a run has used up its unique calls, the closed model waits for those of the next second, and the result says
// that the generator was the limit.
func TestClosedModelNeverRepeatsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		s.Duration, s.Systems, s.Talkgroups, s.MaxConcurrent = 3*time.Second, scenario.IDs{11}, scenario.IDs{1001}, 64
		all := traffic.New(s, traffic.Options{Start: start}).Capacity()
		res := runFake(t.Context(), s, constant(time.Millisecond))
		if got := res.Totals.Attempted; got != all {
			t.Errorf("%d uploads, want the %d unique ones", got, all)
		}
		if !res.Generator.Limited {
			t.Error("the generator does not say that it was the limit")
		}
		near(t, "p99", res.Latency.P99S, 0.001)
	})
}

func phase(t *testing.T, res measure.Result, name string) measure.Phase {
	t.Helper()
	for _, p := range res.Phases {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no phase %q in %+v", name, res.Phases)
	return measure.Phase{}
}

// The parts before the sustained part are measured by themselves and not scored.
func TestWarmUpAndRampAreNotScored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		s.Rate, s.RampUp, s.WarmUp, s.Duration, s.MaxConcurrent = 20, 10*time.Second, 5*time.Second, 10*time.Second, 40
		res := runFake(t.Context(), s, func(at time.Duration) time.Duration {
			if at < 15*time.Second {
				return time.Second
			}
			return 100 * time.Millisecond
		})
		for name, want := range map[string]uint64{"ramp-up": 100, "warm-up": 100, "sustained": 200} {
			if got := phase(t, res, name).Totals.Attempted; got != want {
				t.Errorf("%s: %d uploads, want %d", name, got, want)
			}
		}
		near(t, "p99 of the warm-up", phase(t, res, "warm-up").Latency.P99S, 1)
		near(t, "p99 of the score", res.Latency.P99S, 0.1)
		near(t, "rate", res.Totals.UploadsPerS, 200/10.05) // the last reply comes 50 ms after the end
		if res.Totals.Attempted != 200 || res.Totals.Unsent != 0 {
			t.Errorf("%d scored, %d unsent, want 200 and 0", res.Totals.Attempted, res.Totals.Unsent)
		}
		near(t, "duration", res.Run.SendingS, 25)
	})
}

func TestClosedRampStartsUploadersOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		s.RampUp, s.Duration = 4*time.Second, 4*time.Second // 4 uploaders
		res := runFake(t.Context(), s, constant(time.Second))
		// Uploader i begins just after second i, and sends once a second until 8 s.
		if got := phase(t, res, "ramp-up").Totals.Attempted; got != 4+3+2+1 {
			t.Errorf("%d uploads in the ramp, want 10", got)
		}
		if got := phase(t, res, "sustained").Totals.Attempted; got != 4*4 {
			t.Errorf("%d uploads after the ramp, want 16", got)
		}
	})
}

func TestStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		var err error
		if s.Stages, s.StageRates, err = schedule.ParseShape("10s:20/s,10s:20/s,10s:0"); err != nil {
			t.Fatal(err)
		}
		res := runFake(t.Context(), s, constant(time.Millisecond))
		for name, want := range map[string]uint64{"stage 1": 100, "stage 2": 200, "stage 3": 100} {
			if got := phase(t, res, name); got.Totals.Attempted != want || !got.Scored {
				t.Errorf("%s: %d uploads, want %d, scored", name, got.Totals.Attempted, want)
			}
		}
		if res.Totals.Attempted != 400 || res.Scenario.Stages != "10s:20/s,10s:20/s,10s:0/s" {
			t.Errorf("%d uploads of %q", res.Totals.Attempted, res.Scenario.Stages)
		}
	})
}

func TestTotalEndsTheRun(t *testing.T) {
	for name, rate := range map[string]float64{"closed": 0, "open": 10} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := uploadtest.Scenario()
				s.Rate, s.Total = rate, 50
				res := runFake(t.Context(), s, constant(100*time.Millisecond))
				if res.Totals.Attempted != 50 || res.Totals.Unsent != 0 || res.Run.Interrupted {
					t.Errorf("%+v, interrupted %v, want 50 uploads", res.Totals, res.Run.Interrupted)
				}
				if res.Run.DurationS > 6 {
					t.Errorf("the run went on for %v s", res.Run.DurationS)
				}
			})
		})
	}
}

func TestThinkTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		s.ThinkTime, s.Duration = 900*time.Millisecond, 10*time.Second
		res := runFake(t.Context(), s, constant(100*time.Millisecond))
		if got := res.Totals.Attempted; got != 4*10 {
			t.Errorf("%d uploads, want one a second of each uploader", got)
		}
		near(t, "p99", res.Latency.P99S, 0.1)
	})
}

func TestAbortOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		rule, err := scenario.ParseAbortRule("p95_response_time_s>0.5 for 3s")
		if err != nil {
			t.Fatal(err)
		}
		s.AbortOn = []scenario.AbortRule{rule}
		res := runFake(t.Context(), s, func(at time.Duration) time.Duration {
			if at > 10*time.Second {
				return 600 * time.Millisecond
			}
			return 10 * time.Millisecond
		})
		if res.Run.Aborted != "p95_response_time_s>0.5 for 3s (at last 0.6)" || res.Run.Interrupted {
			t.Errorf("aborted %q, interrupted %v", res.Run.Aborted, res.Run.Interrupted)
		}
		if res.Run.SendingS < 13 || res.Run.SendingS > 15 {
			t.Errorf("sending ended after %v s, want 3 s after it got slow at 10 s", res.Run.SendingS)
		}
	})
}

// The guide's script: batches of 1, 6, 11, 16 … until one breaks, a pause, and then the sustained part.
func TestGuideProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		s.Guide, s.MaxConcurrent, s.Duration = true, 30, 10*time.Second
		var busy atomic.Int64
		now := time.Now()
		r := &Runner{
			Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now,
			Uploader: func() upload.Uploader {
				return &crowded{
					busy: &busy, room: 12,
					until: now.Add(4 * time.Second),
				}
			},
		}
		var res measure.Result
		r.Fill(&res, r.Run(t.Context()))
		var sizes []int
		for _, b := range res.Guide.Batches {
			sizes = append(sizes, b.Concurrent)
		}
		if !slices.Equal(sizes, []int{1, 6, 11, 16}) || res.Guide.BreakingPoint == nil ||
			*res.Guide.BreakingPoint != 16 {
			t.Errorf("batches %v, breaking point %v", sizes, res.Guide.BreakingPoint)
		}
		if got := phase(t, res, "batches").Totals.Attempted; got != 1+6+11+16 {
			t.Errorf("%d uploads in batches", got)
		}
		if got := phase(t, res, "sustained"); got.Totals.Attempted != 30*10 || got.DurationS != 10 {
			t.Errorf("sustained: %d uploads in %v s", got.Totals.Attempted, got.DurationS)
		}
		if res.Totals.Attempted != 300 {
			t.Errorf("%d scored", res.Totals.Attempted)
		}
		near(t, "sending", res.Run.SendingS, 4+5+10) // four batches of a second, the pause, the sustained part
	})
}

// crowded is a server that can take a limited number of uploads at once until a time, and refuses the others.
type crowded struct {
	busy  *atomic.Int64
	room  int64
	until time.Time
}

func (c *crowded) Upload(context.Context, *upload.Request) upload.Attempt {
	a := upload.Attempt{Sent: time.Now(), Steps: measure.NoSteps()}
	if c.busy.Add(1) > c.room && time.Now().Before(c.until) {
		a.Class, a.Status = measure.Status, 503
	}
	<-time.After(time.Second)
	c.busy.Add(-1)
	return a
}

func (*crowded) Close() {}

// gone is a server that no longer listens.
type gone struct{}

func (gone) Upload(context.Context, *upload.Request) upload.Attempt {
	return upload.Attempt{Class: measure.Refused, Steps: measure.NoSteps()}
}

func (gone) Close() {}

func TestClosedModelDoesNotHammerADeadServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		now := time.Now()
		r := &Runner{
			Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now,
			Uploader: func() upload.Uploader { return gone{} },
		}
		var res measure.Result
		r.Fill(&res, r.Run(t.Context()))
		if got := res.Totals.Failed; got != 4*60*10 {
			t.Errorf("%d attempts in a minute, want one in 100 ms from each of 4", got)
		}
	})
}

// A rule about the 95th percentile of a second holds for a second with eleven uploads, one of them slow.
func TestAbortOnTheSlowestOfFew(t *testing.T) {
	rule, err := scenario.ParseAbortRule("p95_response_time_s>3 for 1s")
	if err != nil {
		t.Fatal(err)
	}
	rec := measure.NewRecorder()
	phase := rec.AddPhase(measure.Phase{Scored: true})
	for i := range 11 {
		took := 49 * time.Millisecond
		if i == 0 {
			took = 3200 * time.Millisecond
		}
		o := measure.Outcome{Due: 4*time.Second - took, Done: 4 * time.Second, Phase: phase, Lag: measure.NoLag}
		rec.Shard(i).Record(&o)
	}
	rec.Roll(4*time.Second, 0, 0)
	if err := newAbortWatch([]scenario.AbortRule{rule}).check(rec.Snapshot().Last); err == nil {
		t.Error("the run goes on")
	}
}

// Late calls are described by the 99th percentile if there are a hundred of them, else by the latest.
func TestLateCallsOfFew(t *testing.T) {
	for calls, want := range map[int]string{
		50:  "late, by up to 500 ms:",
		200: "late, by 500 ms at the 99th percentile:",
	} {
		s := uploadtest.Scenario()
		r := &Runner{Scenario: s, Recorder: measure.NewRecorder()}
		r.Recorder.AddPhase(measure.Phase{Scored: true})
		for i := range calls {
			r.Recorder.Shard(i).Record(&measure.Outcome{Done: time.Millisecond, Lag: 500 * time.Millisecond})
		}
		r.Recorder.Roll(time.Second, 0, 0)
		var res measure.Result
		r.Recorder.FillResult(&res, make([]measure.TimeSpan, 1))
		r.judgeGenerator(&res, Sending{Took: time.Hour})
		if len(res.Generator.Reasons) != 1 || !strings.Contains(res.Generator.Reasons[0], want) {
			t.Errorf("%d calls: %q, want %q", calls, res.Generator.Reasons, want)
		}
	}
}
