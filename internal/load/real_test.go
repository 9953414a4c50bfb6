package load

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload/uploadtest"
)

// The tests in this file make runs of all shapes against a real server, with each way to upload. Their results do not
// depend on the speed of the machine.

// runReal makes a run against a server.
func runReal(ctx context.Context, t *testing.T, s *scenario.Scenario, open opener,
	a ...*replay.Archive,
) measure.Result {
	t.Helper()
	target, err := open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	now := time.Now()
	o := traffic.Options{RunID: "abc", Start: now, Clips: uploadtest.Silence{}}
	if len(a) > 0 {
		o.Archive = a[0]
	}
	r := &Runner{
		Scenario: s, Traffic: traffic.New(s, o), Recorder: measure.NewRecorder(), Start: now, Target: target,
	}
	var res measure.Result
	r.Fill(&res, r.Run(ctx))
	return res
}

// eachTarget runs a test with each way to upload to a server.
func eachTarget(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, s *scenario.Scenario, open opener)) {
	for kind, open := range accuracyTargets {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(handler)
			defer server.Close()
			s := uploadtest.Scenario()
			s.URL = server.URL
			s.Talkgroups, _ = scenario.ParseIDs("1-10000")
			test(t, s, open)
		})
	}
}

func imported(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, rdio.PhraseImported)
}

func TestRealTotal(t *testing.T) {
	for name, rate := range map[string]float64{"closed": 0, "open": 1000} {
		t.Run(name, func(t *testing.T) {
			eachTarget(t, imported, func(t *testing.T, s *scenario.Scenario, open opener) {
				s.MaxConcurrent, s.Rate, s.Total = 20, rate, 300
				res := runReal(t.Context(), t, s, open)
				sent := res.Totals.Attempted
				if rate > 0 {
					sent += res.Totals.Unsent // by a machine that is too busy at the end
				}
				if sent != 300 || res.Totals.Accepted != res.Totals.Attempted || res.Run.Interrupted {
					t.Errorf("%+v, interrupted %v, want 300 uploads", res.Totals, res.Run.Interrupted)
				}
				if n := res.Generator.Connects; n == 0 || n > 20 {
					t.Errorf("%d connections for 20 slots", n)
				}
			})
		})
	}
}

// No call waits for a slot as long as there are more slots than calls, not even at the start, when the uploaders are
// not there yet.
func TestRealStart(t *testing.T) {
	eachTarget(t, imported, func(t *testing.T, s *scenario.Scenario, open opener) {
		s.MaxConcurrent, s.Rate, s.Total = 100, 1000, 100
		if res := runReal(t.Context(), t, s, open); res.Generator.SlotWaits != 0 {
			t.Errorf("%d of %d calls waited for one of 100 slots", res.Generator.SlotWaits, res.Totals.Attempted)
		}
	})
}

func TestRealPauses(t *testing.T) {
	eachTarget(t, imported, func(t *testing.T, s *scenario.Scenario, open opener) {
		s.MaxConcurrent, s.ThinkTime = 4, 100*time.Millisecond
		s.RampUp, s.Duration = 400*time.Millisecond, 600*time.Millisecond
		res := runReal(t.Context(), t, s, open)
		// Uploader i begins with the ramp's i-th quarter, and each sends at most once in 100 ms until the end.
		if n := phase(t, res, "ramp-up").Totals.Attempted; n < 1 || n > 4+3+2+1 {
			t.Errorf("%d uploads in the ramp", n)
		}
		if n := phase(t, res, "sustained").Totals.Attempted; n < 4 || n > 4*7 {
			t.Errorf("%d uploads after it", n)
		}
	})
}

// A worker that rests at the end of the run does not delay it.
func TestRealLongPauses(t *testing.T) {
	eachTarget(t, imported, func(t *testing.T, s *scenario.Scenario, open opener) {
		s.MaxConcurrent, s.ThinkTime, s.Duration = 4, time.Hour, 100*time.Millisecond
		if res := runReal(t.Context(), t, s, open); res.Totals.Accepted != 4 {
			t.Errorf("%+v, want a call of each", res.Totals)
		}
	})
}

// The last call of a total is sent, even if its duplicate, which is not sent, would be due at the same time.
func TestRealTotalEndsBeforeDuplicate(t *testing.T) {
	eachTarget(t, imported, func(t *testing.T, s *scenario.Scenario, open opener) {
		s.Rate, s.DuplicateRatio, s.MaxConcurrent, s.Duration = 2000, 0.5, 20, time.Hour
		duplicates := schedule.Duplicates{Ratio: s.DuplicateRatio, Seed: s.Seed}
		for s.Total = 1; !duplicates.Has(s.Total) || duplicates.Delay(s.Total) > 0; s.Total++ {
		}
		res := runReal(t.Context(), t, s, open)
		if n := res.Totals.Attempted + res.Totals.Unsent + phase(t, res, "duplicates").Totals.Attempted; n != s.Total {
			t.Errorf("%d calls, want %d", n, s.Total)
		}
	})
}

func TestRealInterrupt(t *testing.T) {
	for name, rate := range map[string]float64{"closed": 0, "open": 50} {
		t.Run(name, func(t *testing.T) {
			var runs sync.Map // by the server's address, what interrupts the run
			slow := func(w http.ResponseWriter, r *http.Request) {
				if cancel, ok := runs.Load(r.Host); ok {
					defer time.AfterFunc(50*time.Millisecond, cancel.(context.CancelFunc)) // while others are under way
				}
				<-time.After(100 * time.Millisecond)
				imported(w, r)
			}
			eachTarget(t, slow, func(t *testing.T, s *scenario.Scenario, open opener) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				runs.Store(strings.TrimPrefix(s.URL, "http://"), cancel)
				s.MaxConcurrent, s.Rate, s.Duration, s.ThinkTime = 10, rate, time.Hour, 10*time.Millisecond
				res := runReal(ctx, t, s, open)
				if !res.Run.Interrupted || res.Totals.Failed > 0 || res.Totals.Accepted == 0 {
					t.Errorf("interrupted %v, %+v", res.Run.Interrupted, res.Totals)
				}
			})
		})
	}
}

func TestRealAbort(t *testing.T) {
	busy := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	eachTarget(t, busy, func(t *testing.T, s *scenario.Scenario, open opener) {
		rule, err := scenario.ParseAbortRule("error_rate>0.5 for 1s")
		if err != nil {
			t.Fatal(err)
		}
		s.Rate, s.Duration, s.AbortOn = 100, time.Hour, []scenario.AbortRule{rule}
		res := runReal(t.Context(), t, s, open)
		if res.Run.Aborted == "" || res.Errors.HTTP["503"] == 0 {
			t.Errorf("aborted %q, %+v", res.Run.Aborted, res.Totals)
		}
	})
}

func TestRealStarvation(t *testing.T) {
	eachTarget(t, imported, func(t *testing.T, s *scenario.Scenario, open opener) {
		s.Talkgroups, s.Duration, s.DuplicateWindow = s.Talkgroups[:1], 1200*time.Millisecond, time.Hour
		most := traffic.New(s, traffic.Options{Start: start}).Capacity()
		res := runReal(t.Context(), t, s, open)
		if n := res.Totals.Attempted; n != most || !res.Generator.Limited {
			t.Errorf("%d uploads where %d are unique; limited: %v", n, most, res.Generator.Reasons)
		}
	})
}

func TestRealServerGone(t *testing.T) {
	eachTarget(t, imported, func(t *testing.T, s *scenario.Scenario, open opener) {
		server := httptest.NewServer(http.HandlerFunc(imported))
		server.Close()
		s.URL, s.MaxConcurrent, s.Duration = server.URL, 4, 500*time.Millisecond
		res := runReal(t.Context(), t, s, open)
		if n := res.Totals.Attempted; n < 4 || n > 4*6 || res.Totals.Accepted > 0 || len(res.ErrorDetails) != 1 {
			t.Errorf("%d attempts, %+v", n, res.ErrorDetails)
		}
	})
}

func TestRealGuide(t *testing.T) {
	var inFlight, refused atomic.Int64
	crowded := func(w http.ResponseWriter, r *http.Request) {
		defer inFlight.Add(-1)
		if inFlight.Add(1) > 8 && refused.Load() < 50 {
			refused.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		<-time.After(100 * time.Millisecond)
		imported(w, r)
	}
	server := httptest.NewServer(http.HandlerFunc(crowded))
	defer server.Close()
	s := uploadtest.Scenario()
	s.URL, s.Guide, s.MaxConcurrent, s.Duration = server.URL, true, 40, 200*time.Millisecond
	s.Talkgroups, _ = scenario.ParseIDs("1-10000")
	res := runReal(t.Context(), t, s, accuracyTargets["loops"])
	last := len(res.Guide.Batches) - 1
	if res.Guide.BreakingPoint == nil || *res.Guide.BreakingPoint != 1+5*last ||
		res.Guide.Batches[last].Attempted != uint64(1+5*last) {
		t.Errorf("%+v, breaking point %v", res.Guide.Batches, res.Guide.BreakingPoint)
	}
	if phase(t, res, "sustained").Totals.Accepted == 0 {
		t.Error("nothing was sent after the batches")
	}
}

// A call that is due in the last moment of a run is sent, however late an uploader claims it, as the uploader was
// there.
func TestLastArrivalsAreSent(t *testing.T) {
	s := &sender{end: time.Second}
	for _, c := range []struct {
		due, now time.Duration
		missed   bool
	}{
		{999 * time.Millisecond, 990 * time.Millisecond, false},
		{999 * time.Millisecond, 1001 * time.Millisecond, false},
		{900 * time.Millisecond, 1001 * time.Millisecond, true},
		{time.Second, 999 * time.Millisecond, true},
	} {
		if got := s.tooLate(c.due, c.now); got != c.missed {
			t.Errorf("due at %v, taken at %v: missed %v", c.due, c.now, got)
		}
	}
}
