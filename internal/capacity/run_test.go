package capacity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rdiostress/internal/bundled"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// asServer makes this test's program a server, as a child of the test.
const asServer = "RDIOSTRESS_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		serveChild(os.Args[1])
		return
	}
	goleak.VerifyTestMain(m)
}

// serveChild serves at an address until the parent closes standard input.
func serveChild(listen string) {
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, bundled.ErrorPrefix+err.Error())
		os.Exit(1)
	}
	fmt.Println(bundled.ListeningPrefix + "http://" + ln.Addr().String())
	mux := http.NewServeMux()
	mux.Handle("/", &counting{})
	mux.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	go func() { _ = http.Serve(ln, mux) }()
	_, _ = os.Stdin.Read(make([]byte, 1))
}

// counting is a server that counts the calls it stores, and stores them at a limited rate.
type counting struct {
	perS float64 // calls stored per second; 0 stores at once

	mu       sync.Mutex
	accepted float64
	stored   float64
	last     time.Time
}

func (s *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.perS == 0 {
		s.stored = s.accepted
	} else if !s.last.IsZero() {
		s.stored = min(s.stored+now.Sub(s.last).Seconds()*s.perS, s.accepted)
	}
	s.last = now
	switch {
	case r.URL.Path == "/metrics":
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"total_calls": %d}`, int(s.stored))
	case strings.HasSuffix(r.URL.Path, "/call-upload"):
		s.accepted++
		fmt.Fprintln(w, "Call imported successfully.")
	default:
		http.NotFound(w, r)
	}
}

// storeOthers makes the server store another client's calls.
func (s *counting) storeOthers(calls float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted, s.stored = s.accepted+calls, s.stored+calls
}

// searchPlan returns the plan of a short search.
func searchPlan(url string) Plan {
	ids := make(scenario.IDs, 100)
	for i := range ids {
		ids[i] = 1001 + int64(i)
	}
	return Plan{
		Trial: trial.Plan{
			Scenario: scenario.Scenario{
				URL: url, Key: "secret", Timeout: 10 * time.Second, MaxConcurrent: 200, Arrival: scenario.Constant,
				Systems: scenario.IDs{900}, Talkgroups: ids, Seed: 1, Radio: scenario.Radio{
					Zipf: 0.99, Units: 20,
					Sites: 4,
				},
			},
			// The server's process is this one, whose processor time says nothing.
			Watch:   trial.WatchPlan{PID: os.Getppid()},
			Priming: trial.PrimingPlan{Mode: trial.PrimeOff, Max: time.Minute},
			Verification: verification.Plan{
				Place: verification.Place{Kind: verification.None}, Timeout: 3 * time.Second, Max: time.Minute,
			},
		},
		Objectives: Defaults(), StartPerS: 40, MaxPerS: 40, Precision: 0.5,
		MaxTime: 2 * time.Minute, ConfirmFor: 6 * time.Second,
	}
}

// heard is the list of events of a search.
type heard struct {
	list  []Event
	steps []Step // events of the steps' trials
}

func (h *heard) Observe(e Event) {
	if step, ok := e.(Step); ok {
		h.steps = append(h.steps, step)
		return
	}
	h.list = append(h.list, e)
}

// kinds returns the types of the events, without repetitions in a row.
func (h *heard) kinds() (names []string) {
	for _, e := range h.list {
		if before, ok := e.(Preparation); ok {
			names = append(names, "Preparation of "+reflect.TypeOf(before.Event).Name())
			continue
		}
		names = append(names, reflect.TypeOf(e).Name())
	}
	return slices.Compact(names)
}

// A search whose highest rate is held ends with that rate, sees by the server's own count that its calls are stored,
// and emits its events in order.
func TestRunUpToALimit(t *testing.T) {
	web := httptest.NewServer(&counting{})
	defer web.Close()
	var h heard
	out, err := Run(t.Context(), searchPlan(web.URL), trial.Environment{Cumulative: true}, &h)
	if err != nil {
		t.Fatal(err)
	}
	checkSteps(t, &h, out.Steps)
	r := out.Result
	if r.AtLeastPerS == nil || *r.AtLeastPerS != 40 || r.CapacityPerS != nil || !r.Confirmed ||
		r.Verified != VerifiedByMetrics {
		t.Errorf("%+v", r)
	}
	if out.MostPerS != 40 || out.CallsWereLimit || out.TimeUp || out.Target.URL != web.URL || len(out.Steps) < 2 {
		t.Errorf("%+v", out)
	}
	ids, accepted := []string{out.Run.ID}, out.Target.CallsBefore
	for _, s := range out.Steps {
		ids, accepted = append(ids, s.RunID), accepted+s.Accepted
	}
	slices.Sort(ids)
	made := slices.Sorted(slices.Values(out.Run.RunIDs))
	if !slices.Equal(made, ids) || len(slices.Compact(ids)) != 1+len(out.Steps) || out.CallsLeft != accepted {
		t.Errorf("runs %q of steps %q, %d calls left of %d", made, ids, out.CallsLeft, accepted)
	}
	for _, s := range out.Steps {
		limited := len(s.Limits) > 0 && s.Repeated // by a busy machine: then the rate was held again
		if !s.OK && !limited || s.Attempted < 200 || s.Pending == nil || *s.Pending != 0 || s.RSSBytes == nil {
			t.Errorf("%+v", s)
		}
	}
	want := []string{"Preparation of Preparing"}
	for range out.Steps {
		want = append(want, "AwaitingIdle", "Preparing", "Holding", "Ended")
	}
	got := slices.DeleteFunc(h.kinds(), func(name string) bool { return name == "AwaitingCount" })
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("told\n%q, want\n%q", got, want)
	}
}

// Storage that falls behind breaks a rate, even if the server stores other clients' calls while a step is prepared.
// When the time is up, the answer is what is known so far.
func TestRunBehind(t *testing.T) {
	server := &counting{perS: 20}
	web := httptest.NewServer(server)
	defer web.Close()
	p := searchPlan(web.URL)
	p.MaxTime, p.MaxTimeText = 15*time.Second, "as the test has it"
	var h heard
	out, err := Run(t.Context(), p, trial.Environment{}, ObserverFunc(func(e Event) {
		if _, ok := e.(Preparing); ok {
			server.storeOthers(10_000)
		}
		h.Observe(e)
	}))
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Result; !out.TimeUp || r.CapacityPerS != nil || r.Reason != "the time was up (as the test has it)" {
		t.Errorf("%+v", r)
	}
	if len(out.Steps) == 0 || out.Steps[0].Broke != report.BrokeStorage {
		t.Errorf("%+v", out.Steps)
	}
	if !slices.Contains(h.kinds(), "AwaitingCount") {
		t.Errorf("told %q", h.kinds())
	}
}

// A search that cannot be made returns an error, and a canceled one ends.
func TestRunThatIsNone(t *testing.T) {
	var h heard
	if _, err := Run(t.Context(), searchPlan("http://127.0.0.1:1"), trial.Environment{}, &h); err == nil {
		t.Error("a search is made where nothing listens")
	}
	web := httptest.NewServer(&counting{})
	defer web.Close()
	p := searchPlan(web.URL)
	p.Trial.Watch.PID = 1 << 30
	if _, err := Run(t.Context(), p, trial.Environment{}, &h); !errors.As(err, new(*trial.WatchError)) {
		t.Errorf("a process is watched that is not there: %v", err)
	}
	p = searchPlan(web.URL)
	p.Trial.Bundled = &trial.BundledServer{}
	if _, err := Run(t.Context(), p, trial.Environment{}, &h); err == nil {
		t.Error("a server is started that is not there")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, err := Run(ctx, searchPlan(web.URL), trial.Environment{}, ObserverFunc(func(e Event) {
		if _, ok := e.(Holding); ok {
			cancel()
		}
	}))
	if err != nil || !out.Run.Interrupted || out.Result.Reason != "it was interrupted" {
		t.Errorf("%v, %+v", err, out.Result)
	}
}

// A bundled server that was already running is left running.
func TestRunLeavesAServer(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server, err := bundled.Start(t.Context(), bundled.Options{Program: bundled.Program{
		Path: exe, Args: func(listen, dir string) []string { return []string{listen, dir} },
		Env: append(os.Environ(), asServer+"=true"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := searchPlan("")
	p.Trial.Bundled = &trial.BundledServer{}
	_, err = Run(ctx, p, trial.Environment{Server: server}, ObserverFunc(func(e Event) {
		if _, ok := e.(AwaitingIdle); ok {
			cancel()
		}
	}))
	if err != nil {
		t.Error(err)
	}
	if _, err := http.Get(server.URL() + "/ready"); err != nil {
		t.Errorf("the search has stopped a server that it has not started: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// checkSteps checks that observers get the events of each step's trial, with the counts of all its calls.
func checkSteps(t *testing.T, h *heard, steps []report.CapacityStep) {
	t.Helper()
	var accepted []uint64
	for _, s := range h.steps {
		switch e := s.Event.(type) {
		case event.Started:
			accepted = append(accepted, 0)
		case event.Second:
			accepted[len(accepted)-1] = e.Cumulative.Accepted
		case event.Done:
			if n := len(accepted); steps[n-1].RatePerS != s.RatePerS || steps[n-1].Accepted != accepted[n-1] {
				t.Errorf("%d calls of %v/s, told %d of %v/s", steps[n-1].Accepted, steps[n-1].RatePerS, accepted[n-1],
					s.RatePerS)
			}
		}
	}
	if len(accepted) != len(steps) {
		t.Errorf("%d trials of %d steps", len(accepted), len(steps))
	}
}

// unwatched returns a stepper without a watch over the server.
func unwatched(o Observer) *stepper {
	return &stepper{env: trial.Environment{Session: &trial.Session{}}, began: time.Now(), observer: o}
}

// A step's storage is known from its calls, as the server's list or database has them, or from the server's count.
func TestBacklog(t *testing.T) {
	s := &step{stepper: unwatched(&heard{}), before: -1}
	progress := func(stored uint64, at time.Duration, err error) *verification.Progress {
		p := &verification.Progress{Every: time.Second}
		p.Backlog, p.At, p.Err = stored, at, err
		return p
	}
	for name, tt := range map[string]struct {
		storage *verification.Progress
		want    float64 // negative: not observed
	}{
		"seen":           {progress(7, 9*time.Second, nil), 7},
		"not yet":        {progress(7, 0, nil), -1},
		"not lately":     {progress(7, time.Second, nil), -1},
		"not any more":   {progress(7, 9*time.Second, errors.New("locked")), -1},
		"nobody sees it": {nil, -1},
	} {
		second := event.Second{Snapshot: measure.Snapshot{Elapsed: 10 * time.Second}, Storage: tt.storage}
		if got := s.backlog(&second); math.IsNaN(got) != (tt.want < 0) || !math.IsNaN(got) && got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	pending, lost := uint64(3), uint64(1)
	var held report.CapacityStep
	s.fillDelivery(&held, &measure.Delivery{Method: "sqlite", Pending: &pending, Lost: &lost}, 1)
	if *held.Pending != 3 || *held.Lost != 1 || held.DrainS == nil || held.Unseen != "" {
		t.Errorf("%+v", held)
	}
	held = report.CapacityStep{}
	if s.fillDelivery(&held, &measure.Delivery{Method: "sqlite", Absent: "it is locked"},
		1); held.Unseen != "it is locked" {
		t.Errorf("%+v", held)
	}
}

// The search waits for a step's calls, counts those that the server refused, and reports where storage is verified.
func TestStepObserves(t *testing.T) {
	var h heard
	s := &step{stepper: unwatched(&h), enough: make(chan struct{}), least: 6, most: 20}
	found := event.StorageFound{Found: verification.Found{Where: "calls.db"}}
	s.Observe(found)
	s.Observe(found) // as in each step
	s.Observe(event.Started{At: s.stepper.began.Add(3 * time.Second)})
	s.slots = 64
	var server measure.Observation
	server.Set(measure.CPU, 0.5)
	for n := range 30 {
		s.Observe(event.Second{Snapshot: measure.Snapshot{
			Elapsed:  time.Duration(n+1) * time.Second,
			Accepted: uint64(n),
		}, Server: server, Storage: &verification.Progress{}})
	}
	s.Observe(event.AwaitingStorage{})
	select {
	case <-s.enough:
	default:
		t.Error("it is never enough")
	}
	i := slices.IndexFunc(h.list, func(e Event) bool { _, ok := e.(Holding); return ok })
	if held := h.list[i].(Holding); held.Slots != 64 || !held.Server.Equal(server) || held.Storage == nil {
		t.Errorf("%+v", held)
	}
	if s.began != 3*time.Second || !slices.Equal(h.kinds(), []string{"StorageFound", "Holding", "AwaitingStorage"}) {
		t.Errorf("began %v, told %q", s.began, h.kinds())
	}
	res := measure.Result{
		Errors: measure.Errors{HTTP: map[string]uint64{"503": 60}},
		Totals: measure.Totals{Attempted: 100},
	}
	if !wasRefused(&res) {
		t.Error("60 of 100 calls were refused")
	}
	s.Objectives = Defaults()
	for broke, want := range map[string]bool{
		judge.P95Response: true, judge.MeanResponse: true, report.BrokeRate: true, report.BrokeSteady: true,
		judge.SuccessRate: false, report.BrokeLoss: false, "of_another_search_s": false,
	} {
		if got := s.isSlow(broke); got != want {
			t.Errorf("%s: more slots can change it: %t, want %t", broke, got, want)
		}
	}
}

// A step that is cut off before it has settled stays unsettled: the seconds in which its last uploads end, without
// load, do not make it a held rate.
func TestStepCutOff(t *testing.T) {
	var h heard
	s := &step{
		stepper: unwatched(&h), monitor: Monitor{RatePerS: 10},
		enough: make(chan struct{}), before: -1, least: leastS, most: 20,
	}
	for n := range uint64(10) {
		if n == 4 {
			s.Observe(event.Draining{})
		}
		at := time.Duration(n+1) * time.Second
		s.Observe(event.Second{Snapshot: measure.Snapshot{Elapsed: at, Accepted: 10 * n}})
	}
	if s.stage != Settling || s.decided || len(h.list) != 4 {
		t.Errorf("after a cut in second 4: stage %v, decided %v, %d seconds shown", s.stage, s.decided, len(h.list))
	}
}

// A search's plan can be marshalled to JSON and back.
func TestPlanIsAValue(t *testing.T) {
	p := searchPlan("http://localhost:8000")
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(p, back) {
		t.Errorf("%v: %s", err, text)
	}
}
