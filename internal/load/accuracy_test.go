package load

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// The tests in this file hold the reported response times against answers that are known beforehand: what a server with a
// scripted service time does to calls that arrive at a fixed rate can be computed.

const (
	accuracyRate  = 50.0 // so few that a server with a backlog is through it at once, even under the race detector
	accuracySlots = 200  // more than are ever in flight
)

// accuracyTargets are the ways to upload.
var accuracyTargets = map[string]func(*Scenario) (Target, error){
	"net/http": func(s *Scenario) (Target, error) { return NewHTTPTarget(s, ConnectOptions{KeepAlive: true}) },
	"goroutines": func(s *Scenario) (Target, error) {
		t, err := NewWireTarget(s, ConnectOptions{KeepAlive: true})
		return struct{ Target }{t}, err // one that is not known to be fit for loops
	},
	"loops": func(s *Scenario) (Target, error) { return NewWireTarget(s, ConnectOptions{KeepAlive: true}) },
}

// plan says how long after its arrival a call is answered, given when it arrives (since the start of the run) and as how
// many-th.
type plan func(at time.Duration, n int) time.Duration

// scriptedServer answers calls by the plan, on the same clock as the run.
func scriptedServer(start time.Time, p plan) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived := time.Now()
		_, _ = io.Copy(io.Discard, r.Body)
		wait := p(arrived.Sub(start), int(n.Add(1)-1))
		<-time.After(time.Until(arrived.Add(wait)))
		_, _ = io.WriteString(w, rdio.PhraseImported)
	})
}

func TestResponseTimesAreTrue(t *testing.T) {
	stall := func(at time.Duration) time.Duration { // from 1 s to 2 s, and every 3 s again
		if in := at % (3 * time.Second); in >= time.Second && in < 2*time.Second {
			return 2*time.Second - in
		}
		return 0
	}
	for _, tt := range []struct {
		name   string
		length time.Duration
		plan   plan
	}{
		{"constant", 2 * time.Second, func(time.Duration, int) time.Duration { return 200 * time.Millisecond }},
		{"bimodal", 2 * time.Second, func(_ time.Duration, n int) time.Duration {
			if n%20 < 3 {
				return 500 * time.Millisecond
			}
			return 200 * time.Millisecond
		}},
		{"stalls", 6 * time.Second, func(at time.Duration, _ int) time.Duration { return stall(at) }},
	} {
		for kind, open := range accuracyTargets {
			t.Run(tt.name+" "+kind, func(t *testing.T) {
				t.Parallel()
				start := time.Now().Add(100 * time.Millisecond) // to have everything ready
				server := httptest.NewServer(scriptedServer(start, tt.plan))
				defer server.Close()
				res, noise := accuracyRun(t, server.URL, start, tt.length, open)
				want := make([]time.Duration, 0)
				for n := range int(accuracyRate * tt.length.Seconds()) {
					due := time.Duration(float64(n) / accuracyRate * float64(time.Second))
					want = append(want, tt.plan(due, n))
				}
				compare(t, res, want, noise)
			})
		}
	}
}

// accuracyRun sends calls at the fixed rate and returns what was measured, and how late this machine was with anything.
func accuracyRun(t *testing.T, url string, start time.Time, length time.Duration, open func(*Scenario) (Target, error)) (measure.Result, time.Duration) {
	t.Helper()
	s := testScenario()
	s.URL, s.Rate, s.Duration, s.MaxConcurrent = url, accuracyRate, length, accuracySlots
	s.Talkgroups, _ = ParseIDs("1-1000")
	target, err := open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	r := &Runner{
		Scenario: s, Traffic: NewTraffic(s, "abc", start, silence{}), Recorder: measure.NewRecorder(), Start: start,
		Target: target,
	}
	lateness := listenForNoise(t)
	var res measure.Result
	r.Fill(&res, r.Run(t.Context()))
	if res.Totals.Attempted != uint64(accuracyRate*length.Seconds()) || res.Totals.Failed > 0 {
		t.Fatalf("totals %+v, errors %+v", res.Totals, res.ErrorDetails)
	}
	return res, lateness()
}

// listenForNoise measures how late a goroutine wakes that sleeps a millisecond at a time: no clock here can be better. The
// returned function ends it and returns the worst.
func listenForNoise(t *testing.T) (worst func() time.Duration) {
	stop, result := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		late := time.Duration(0)
		for last := time.Now(); ; {
			select {
			case <-stop:
				result <- late
				return
			case <-time.After(time.Millisecond):
				now := time.Now()
				late = max(late, now.Sub(last)-time.Millisecond)
				last = now
			}
		}
	}()
	return func() time.Duration {
		close(stop)
		late := <-result
		t.Logf("this machine was up to %v late", late)
		return late
	}
}

// compare holds the measured percentiles against those of the computed response times: at most 2 % or 1 ms apart, but that
// they may be larger by what the machine was late, as often as a call waits for a processor on its way: the pacer, the sender, the
// server twice, the receiver, and whoever keeps these from theirs.
func compare(t *testing.T, res measure.Result, want []time.Duration, noise time.Duration) {
	t.Helper()
	slices.Sort(want)
	for _, q := range []struct {
		name string
		q    float64
		got  float64
	}{
		{"p50", 0.5, res.Latency.P50S},
		{"p90", 0.9, res.Latency.P90S},
		{"p95", 0.95, res.Latency.P95S},
		{"p99", 0.99, res.Latency.P99S},
		{"max", 1, res.Latency.MaxS},
	} {
		exact := want[max(int(math.Ceil(q.q*float64(len(want))))-1, 0)].Seconds()
		margin := max(0.02*exact, 0.001)
		if q.got < exact-margin || q.got > exact+margin+6*noise.Seconds() {
			t.Errorf("%s = %.4f s, want %.4f s within %.4f s", q.name, q.got, exact, margin)
		}
	}
}
