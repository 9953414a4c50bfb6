package load

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
	"rdiostress/internal/upload/wire"
)

// The tests in this file compare measured response times with known ones: if a server has a scripted service time and
// calls arrive at a fixed rate, the response times can be computed.

const (
	accuracyRate = 50.0  // so few that a server with a backlog is through it at once, even under the race detector
	accuracyID   = "abc" // of the run, by which the server knows its calls
)

// opener makes the target of a scenario.
type opener func(*scenario.Scenario) (upload.Target, error)

// accuracyTargets are the ways to upload.
var accuracyTargets = map[string]opener{
	"net/http": func(s *scenario.Scenario) (upload.Target, error) {
		return upload.NewHTTPTarget(s, upload.ConnectOptions{KeepAlive: true})
	},
	"goroutines": func(s *scenario.Scenario) (upload.Target, error) {
		t, err := wire.NewTarget(s, upload.ConnectOptions{KeepAlive: true})
		return struct{ upload.Target }{t}, err // one that is not known to be fit for loops
	},
	"loops": func(s *scenario.Scenario) (upload.Target, error) {
		return wire.NewTarget(s, upload.ConnectOptions{KeepAlive: true})
	},
}

// plan says how long after its arrival a call is answered, given the time of its arrival, since the start of the
// server, and its number. A call that arrives later is not answered earlier, so the plan for the due time is a lower
// bound.
type plan func(at time.Duration, n int) time.Duration

// scriptedServer answers calls by the plan, and then tells that a call is answered.
func scriptedServer(start time.Time, p plan, answered func(n int, at time.Time)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived := time.Now()
		form, _ := io.ReadAll(r.Body)
		n, ok := rdio.FindMark(form, accuracyID)
		if !ok {
			http.Error(w, "a call of no run", http.StatusBadRequest)
			return
		}
		wait := p(arrived.Sub(start), int(n))
		<-time.After(time.Until(arrived.Add(wait)))
		w.Header().Set("Content-Length", strconv.Itoa(len(rdio.PhraseImported)))
		_, _ = io.WriteString(w, rdio.PhraseImported)
		_ = http.NewResponseController(w).Flush()
		answered(int(n), time.Now())
	})
}

// answerTimes are the times at which a server answered calls, by number. It is safe for concurrent use.
type answerTimes struct {
	sync.Mutex
	at []time.Time
}

func newAnswerTimes(length time.Duration) *answerTimes {
	return &answerTimes{at: make([]time.Time, int(accuracyRate*length.Seconds()))}
}

func (a *answerTimes) add(n int, at time.Time) {
	a.Lock()
	defer a.Unlock()
	a.at[n] = at
}

// These tests share the machine only with the tests of other packages: a stall ends with many calls at once, and
// two of them at a time would be in each other's way.
func TestResponseTimesAreTrue(t *testing.T) {
	stall := func(at time.Duration) time.Duration { // from 1 s to 2 s, and every 3 s again
		if in := at % (3 * time.Second); in >= time.Second && in < 2*time.Second {
			return 2*time.Second - in
		}
		return 0
	}
	const slots = 200 // more than are ever in flight
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
			try(t, tt.name+" "+kind, func(t *testing.T) []string {
				start, answered := time.Now(), newAnswerTimes(tt.length)
				server := httptest.NewServer(scriptedServer(start, tt.plan, answered.add))
				defer server.Close()
				got := accuracyRun(t, server.URL, tt.length, slots, open)
				server.Close() // all have been told then
				least := make([]time.Duration, len(answered.at))
				for n := range least {
					least[n] = tt.plan(got.due(n).Sub(start), n)
				}
				return compare(got, least, answered.at)
			})
		}
	}
}

// try runs a test that returns what is wrong, and twice more if something is: wrong arithmetic is wrong each time,
// while the noise of a busy machine is not.
func try(t *testing.T, name string, test func(t *testing.T) (wrong []string)) {
	t.Run(name, func(t *testing.T) {
		const tries = 3
		for n := 1; ; n++ {
			wrong := test(t)
			if len(wrong) == 0 {
				return
			}
			t.Logf("try %d: %s", n, strings.Join(wrong, "; "))
			if n == tries {
				t.FailNow()
			}
		}
	})
}

// measured is the result of a run.
type measured struct {
	latency measure.Distribution
	sent    measure.Totals
	first   time.Time     // when its first call was due
	noise   time.Duration // how late this machine was with anything
}

// due returns when call n of the run was due.
func (m measured) due(n int) time.Time {
	return m.first.Add(time.Duration(float64(n) / accuracyRate * float64(time.Second)))
}

// accuracyRun sends calls at the fixed rate.
func accuracyRun(t *testing.T, url string, length time.Duration, slots int, open opener) measured {
	t.Helper()
	s := uploadtest.Scenario()
	s.URL, s.Rate, s.Duration, s.MaxConcurrent = url, accuracyRate, length, slots
	s.Talkgroups, _ = scenario.ParseIDs("1-1000")
	target, err := open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	start := time.Now()
	r := &Runner{
		Scenario: s, Traffic: traffic.New(s,
			traffic.Options{RunID: accuracyID, Start: start, Clips: uploadtest.Silence{}}),
		Recorder: measure.NewRecorder(),
		Start:    start,
		Target:   target,
	}
	lateness := listenForNoise(t)
	sending := r.Run(t.Context())
	var res measure.Result
	r.Fill(&res, sending)
	return measured{
		latency: res.Latency, sent: res.Totals, first: start.Add(sending.Phases[0].Start),
		noise: lateness(),
	}
}

// listenForNoise measures how late a goroutine wakes that sleeps a millisecond at a time: no clock here can be better.
// The returned function ends it and returns the worst.
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

// compare compares the measured percentiles with two others: those of the computed response times, least, and those of
// the answers that the server has recorded, which other work on the machine makes later than computed. A measured
// percentile may be 2 % or 1 ms below the first or above the second. It may also be above it by how late this machine
// was, as often as a call waits for a processor in the generator: for the pacer, for sending, for receiving, and for
// other code that runs in between.
func compare(got measured, least []time.Duration, answered []time.Time) (wrong []string) {
	is := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if got.sent.Accepted != uint64(len(answered)) { // on a machine that is held up, the last call can be unsent
		is("not all of %d calls were accepted: %+v", len(answered), got.sent)
		return wrong
	}
	told := make([]time.Duration, len(answered))
	for n, at := range answered {
		told[n] = at.Sub(got.due(n))
		if told[n] < least[n]-time.Millisecond {
			is("call %d was answered in %v, which cannot be in less than %v", n, told[n], least[n])
		}
	}
	slices.Sort(least)
	slices.Sort(told)
	for _, q := range []struct {
		name string
		q    float64
		got  float64
	}{
		{"p50", 0.5, got.latency.P50S},
		{"p90", 0.9, got.latency.P90S},
		{"p95", 0.95, got.latency.P95S},
		{"p99", 0.99, got.latency.P99S},
		{"max", 1, got.latency.MaxS},
	} {
		rank := max(int(math.Ceil(q.q*float64(len(least))))-1, 0)
		low, high := least[rank].Seconds(), told[rank].Seconds()
		low -= max(0.02*low, 0.001)
		high += max(0.02*high, 0.001) + 6*got.noise.Seconds()
		if q.got < low || q.got > high {
			is("%s = %.4f s, computed %v, by the server %v: want %.4f to %.4f s", q.name, q.got, least[rank],
				told[rank], low, high)
		}
	}
	return wrong
}
