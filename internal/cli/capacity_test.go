package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/report"
	"rdiostress/internal/testenv"
)

// limitedServer takes calls as RdioScanner servers do, up to a limit that is known.
type limitedServer struct {
	refuses float64 // calls per second over which it answers 503; 0 never does
	stores  float64 // calls per second that it stores; 0 stores at once

	mu       sync.Mutex
	tokens   float64
	accepted float64
	stored   float64
	last     time.Time
}

// advance lets the time pass.
func (s *limitedServer) advance() {
	now := time.Now()
	took := now.Sub(s.last).Seconds()
	if s.last.IsZero() {
		took = 0
	}
	s.last = now
	const burst = 0.05 // seconds of the limit
	s.tokens = min(s.tokens+took*s.refuses, s.refuses*burst)
	if s.stored = min(s.stored+took*s.stores, s.accepted); s.stores == 0 {
		s.stored = s.accepted
	}
}

func (s *limitedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	switch {
	case r.URL.Path == "/metrics":
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"total_calls": %d}`, int(s.stored))
	case !strings.HasSuffix(r.URL.Path, "/call-upload"):
		http.NotFound(w, r)
	case s.refuses > 0 && s.tokens < 1:
		http.Error(w, "too many calls", http.StatusServiceUnavailable)
	default:
		s.tokens--
		s.accepted++
		fmt.Fprint(w, "Call imported successfully.\n")
	}
}

// searchCapacity runs the command and returns its report.
func searchCapacity(t *testing.T, server *limitedServer, args ...string) (report.Capacity, int) {
	t.Helper()
	web := httptest.NewServer(server)
	defer web.Close()
	var out, errs bytes.Buffer
	// The server's process is this one, whose processor time says nothing.
	args = append([]string{"capacity", "--url", web.URL, "--json", "-", "--watch", "pid:" + strconv.Itoa(os.Getppid())},
		args...)
	code := run(t.Context(), args, &streams{Out: &out, Err: &errs})
	var rep report.Capacity
	if err := json.Unmarshal(out.Bytes(), &rep); err != nil {
		t.Fatalf("%v: exit code %d, %s", err, code, errs.String())
	}
	t.Log(errs.String())
	return rep, code
}

// TestCapacityOfRefusingServer makes a short search against a real server that refuses what is over 100 calls/s.
func TestCapacityOfRefusingServer(t *testing.T) {
	testenv.Slow(t, "it takes half a minute")
	t.Parallel()
	rep, code := searchCapacity(t, &limitedServer{refuses: 100}, "--start", "80", "--precision", "0.5", "--hold", "6",
		"--max-time", "90")
	r := rep.Result
	if r.Limited || code == exitInconclusive {
		t.Skip("this machine is too busy to say")
	}
	if code != exitOK || r.CapacityPerS == nil || !r.Confirmed {
		t.Fatalf("exit code %d: %+v", code, r)
	}
	if *r.LowPerS > 106 || *r.HighPerS < 100 || r.Broke != "success_rate" {
		t.Errorf("%g to %g, broke %s", *r.LowPerS, *r.HighPerS, r.Broke)
	}
}

// TestCapacityOfHidingServer makes one against a server that accepts everything and stores 100 calls/s, by its own
// count.
func TestCapacityOfHidingServer(t *testing.T) {
	testenv.Slow(t, "it takes half a minute")
	t.Parallel()
	rep, code := searchCapacity(t, &limitedServer{stores: 100}, "--start", "80", "--precision", "0.5", "--hold", "6",
		"--max-time", "90")
	r := rep.Result
	if r.Limited || code == exitInconclusive {
		t.Skip("this machine is too busy to say")
	}
	if code != exitOK || r.CapacityPerS == nil || *r.LowPerS > 105 || *r.HighPerS < 100 ||
		r.Broke != report.BrokeStorage || r.Verified != "metrics" {
		t.Errorf("exit code %d: %+v", code, r)
	}
}

// TestCapacityWithin5Percent searches for known limits to the end. It needs minutes and a quiet machine: make capacity.
func TestCapacityWithin5Percent(t *testing.T) {
	if os.Getenv("RDIOSTRESS_TEST_CAPACITY") == "" {
		t.Skip("it takes minutes and a quiet machine: make capacity")
	}
	for name, c := range map[string]struct {
		server *limitedServer
		limit  float64
	}{
		"refuses over 100":  {&limitedServer{refuses: 100}, 100},
		"refuses over 1000": {&limitedServer{refuses: 1000}, 1000},
		"refuses over 3000": {&limitedServer{refuses: 3000}, 3000},
		"stores 185":        {&limitedServer{stores: 185}, 185},
	} {
		t.Run(name, func(t *testing.T) {
			rep, code := searchCapacity(t, c.server, "--start", "20")
			r := rep.Result
			if code != exitOK || r.CapacityPerS == nil {
				t.Fatalf("exit code %d: %+v", code, r)
			}
			t.Logf("%.1f/s, between %.1f and %.1f", *r.CapacityPerS, *r.LowPerS, *r.HighPerS)
			if math.Abs(*r.CapacityPerS-c.limit) > 0.05*c.limit {
				t.Errorf("found %.1f", *r.CapacityPerS)
			}
		})
	}
}
