package load

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// scripted is an Uploader that takes 20 ms and answers as a script says.
type scripted struct {
	start  time.Time
	answer func(at time.Duration, r *upload.Request) (measure.Class, int)

	mu   sync.Mutex
	sent map[uint64][]time.Duration // when each call was sent
}

func (s *scripted) Upload(_ context.Context, r *upload.Request) upload.Attempt {
	sent := time.Now()
	at := sent.Sub(s.start)
	s.mu.Lock()
	s.sent[r.Number] = append(s.sent[r.Number], at)
	s.mu.Unlock()
	<-time.After(20 * time.Millisecond)
	class, status := s.answer(at, r)
	return upload.Attempt{Sent: sent, Class: class, Status: status, Bytes: 100, Steps: measure.NoSteps()}
}

func (*scripted) Close() {}

// times returns when calls were sent, all of them in order.
func (s *scripted) times() (all []time.Duration) {
	for _, sent := range s.sent {
		all = append(all, sent...)
	}
	slices.Sort(all)
	return all
}

func taken(time.Duration, *upload.Request) (measure.Class, int) { return measure.Accepted, 200 }

// realRun makes a run with real clients on the fake clock of a synctest bubble.
func realRun(
	t *testing.T, mix string, change func(s *scenario.Scenario),
	answer func(at time.Duration, r *upload.Request) (measure.Class, int),
	test func(at time.Duration) bool,
) (measure.Result, *scripted) {
	t.Helper()
	s := uploadtest.Scenario()
	s.RealClients, s.Rate, s.MaxConcurrent, s.Duration = true, 20, 500, 30*time.Second
	s.Systems = scenario.IDs{1}
	var err error
	if s.Clients, err = scenario.ParseMix(mix); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	server := &scripted{start: now, answer: answer, sent: make(map[uint64][]time.Duration)}
	r := &Runner{
		Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now,
		Uploader: func() upload.Uploader { return server },
		sleeper:  func(start time.Time) (sleeper, error) { return newTimerSleeper(start), nil },
	}
	if test != nil {
		r.Test = func(context.Context, int64) (bool, string) {
			time.Sleep(10 * time.Millisecond) // its reply takes as long
			return test(time.Since(now)), "417 Incomplete call data: no audio"
		}
	}
	res := measure.Result{Scenario: s.Record()}
	r.Fill(&res, r.Run(t.Context()))
	for _, b := range res.ClientBehavior {
		if b.Due != b.Sent+b.Outdated+b.NotKept+b.Left {
			t.Errorf("the counts do not add up: %+v", b)
		}
	}
	return res, server
}

// SDRTrunk sends at its polls. The wait until then is its own, and no response time has it.
func TestRealClientsPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res, server := realRun(t, "sdrtrunk", nil, taken, nil)
		if res.Totals.Attempted != 600 || res.Totals.Unsent != 0 || res.Totals.Failed != 0 {
			t.Errorf("totals %+v", res.Totals)
		}
		bursts := make(map[time.Duration]int)
		for _, at := range server.times() {
			bursts[at]++
		}
		for at, n := range bursts {
			if at%(500*time.Millisecond) != 0 || n > 10 {
				t.Errorf("%d calls at %v", n, at)
			}
		}
		near(t, "p99", res.Latency.P99S, 0.02)
		b := res.ClientBehavior[0]
		if b.Client != "sdrtrunk" || b.Programs != 1 || b.Sent != 600 || b.LargestBurst != 10 || b.Late != 0 ||
			b.Tests != 1 || b.TestsPassed != 1 || b.Pauses != 0 {
			t.Errorf("%+v", b)
		}
		if b.QueueMeanS < 0.2 || b.QueueMeanS > 0.25 {
			t.Errorf("a call waits %v s in the client's queue", b.QueueMeanS)
		}
	})
}

// Each system has a program of its own, which does not stop for the failures of another.
func TestRealClientsPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := func(at time.Duration, r *upload.Request) (measure.Class, int) {
			if r.System == 2 && at >= 10*time.Second && at < 11*time.Second {
				return measure.Status, 503
			}
			return measure.Accepted, 200
		}
		back := func(at time.Duration) bool { return at < 10*time.Second || at > 18*time.Second }
		two := func(s *scenario.Scenario) { s.Systems = scenario.IDs{1, 2} }
		res, server := realRun(t, "sdrtrunk", two, fails, back)
		b := res.ClientBehavior[0]
		if b.Programs != 2 || b.Pauses != 1 || b.GivenUp == 0 || b.GivenUp > 10 || b.GivenUp != res.Totals.Failed ||
			b.Left != 0 || b.Repeats != 0 || b.TestAnswer == "" {
			t.Errorf("%+v", b)
		}
		// The test fails at 10.5 and 16 s, and passes at 21.5 s; then the backlog goes out at once.
		if b.Tests != 2+3 || b.PausedS < 11 || b.PausedS > 12 || b.LargestBurst < 80 {
			t.Errorf("%+v", b)
		}
		if b.Late < 80 || b.LateMaxS < 10 || b.LateMaxS > 12 || res.Latency.MaxS < 10 {
			t.Errorf("late %d, at most %v s; the longest response took %v s", b.Late, b.LateMaxS, res.Latency.MaxS)
		}
		for n, sent := range server.sent {
			if len(sent) != 1 {
				t.Errorf("call %d was sent at %v", n, sent)
			}
		}
		if res.Generator.Limited {
			t.Errorf("the generator is blamed: %v", res.Generator.Reasons)
		}
	})
}

// A program that never connects sends nothing, and drops what is older than ten minutes.
func TestRealClientsNeverConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := func(s *scenario.Scenario) { s.Duration, s.Rate = 15*time.Minute, 1 }
		res, server := realRun(t, "sdrtrunk", long, taken, func(time.Duration) bool { return false })
		b := res.ClientBehavior[0]
		if len(server.sent) != 0 || b.Sent != 0 || b.Outdated < 295 || b.Outdated > 315 || b.Left != 900-b.Outdated ||
			b.TestsPassed != 0 || b.Tests < 160 || b.TestAnswer != "417 Incomplete call data: no audio" {
			t.Errorf("%d sent, %+v", len(server.sent), b)
		}
		if res.Totals.Unsent != 900 {
			t.Errorf("%d unsent", res.Totals.Unsent)
		}
	})
}

// trunk-recorder sends each call at once, and twice more where it fails, though that may double it.
func TestRealClientsRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := make(map[uint64]int)
		var mu sync.Mutex
		flaky := func(_ time.Duration, r *upload.Request) (measure.Class, int) {
			mu.Lock()
			defer mu.Unlock()
			tries[r.Number]++
			switch {
			case r.Number == 7: // never
				return measure.Status, 500
			case r.Number == 8 && tries[8] == 1: // stored, and the answer lost
				return measure.Timeout, 0
			case r.Number == 9 && tries[9] == 1: // stored, and the server says so the next time
				return measure.Reset, 0
			case r.Number == 9:
				return measure.Duplicate, 200
			default:
				return measure.Accepted, 200
			}
		}
		long := func(s *scenario.Scenario) { s.Duration, s.Rate = 5*time.Minute, 2 }
		res, server := realRun(t, "trunk-recorder", long, flaky, nil)
		b := res.ClientBehavior[0]
		if b.Programs != 0 || b.Sent != 600 || b.GivenUp != 1 || b.Repeats != 4 || b.MayBeDoubled != 1 ||
			b.AlreadyThere != 1 || b.Late != 2 || b.LateMaxS < 62 || b.LateMaxS > 72 || b.QueueMeanS != 0 {
			t.Errorf("%+v", b)
		}
		if sent := server.sent[7]; len(sent) != 3 || sent[1]-sent[0] < time.Minute || sent[2]-sent[1] < 2*time.Minute {
			t.Errorf("the call that always fails was sent at %v", sent)
		}
		if due := server.sent[20][0]; due != 10*time.Second {
			t.Errorf("call 20 was sent at %v", due)
		}
	})
}

// In a mix, each client goes its own way, and an interrupted run ends.
func TestRealClientsInAMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s := uploadtest.Scenario()
		s.RealClients, s.Rate, s.Duration, s.MaxConcurrent = true, 20, time.Minute, 50
		s.Systems = scenario.IDs{1}
		s.Clients, _ = scenario.ParseMix("sdrtrunk=1,voxcall=1")
		now := time.Now()
		server := &scripted{start: now, sent: make(map[uint64][]time.Duration)}
		server.answer = func(at time.Duration, r *upload.Request) (measure.Class, int) {
			if isPoll := at%(500*time.Millisecond) == 0; r.Client == rdio.SDRTrunk && !isPoll {
				t.Errorf("SDRTrunk sends at %v", at)
			}
			return measure.Accepted, 200
		}
		r := &Runner{
			Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now,
			Uploader: func() upload.Uploader { return server },
			sleeper:  func(start time.Time) (sleeper, error) { return newTimerSleeper(start), nil },
		}
		sent := r.Run(ctx)
		if !sent.Canceled || time.Since(now) > 11*time.Second || len(server.sent) < 185 {
			t.Errorf("canceled %t after %v, %d calls", sent.Canceled, time.Since(now), len(server.sent))
		}
		if len(sent.Behavior) != 2 || sent.Behavior[0].Sent < 60 || sent.Behavior[1].Sent < 60 {
			t.Errorf("%+v", sent.Behavior)
		}
	})
}
