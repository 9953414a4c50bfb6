package trial_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/server"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/crash"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/upload"
)

const testKey = "test-api-key"

// asServer makes this test's program a server, as a child of the test.
const asServer = "RDIOSTRESS_TEST_AS_SERVER"

// No trial may leave goroutines behind.
func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		os.Exit(serveChild(os.Args[1], os.Args[2]))
	}
	goleak.VerifyTestMain(m)
}

// serve serves from a folder until ctx ends.
func serve(ctx context.Context, ln net.Listener, dir string) error {
	log := slog.New(slog.DiscardHandler)
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Queue: 1000, NoReserve: true, Logger: log})
	if err != nil {
		return err
	}
	srv, err := server.New(server.Options{
		Store: store, SpoolDir: datadir.SpoolDir(dir), APIKey: testKey, Logger: log,
		Version: "test",
	})
	if err == nil {
		err = srv.Serve(ctx, ln)
	}
	return errors.Join(err, store.Close())
}

// startServer starts a server in this process, and returns its address.
func startServer(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	dir := t.TempDir()
	go func() { done <- serve(ctx, ln, dir) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	url := "http://" + ln.Addr().String()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(5 * time.Millisecond) {
		resp, err := client.Get(url + "/ready")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return url
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server is not ready: %v", err)
		}
	}
}

// plan returns a plan of some seconds against a server.
func plan(url string) trial.Plan {
	return trial.Plan{
		Scenario: scenario.Scenario{
			URL: url, Key: testKey, Timeout: 10 * time.Second, MaxConcurrent: 20, Rate: 40, Arrival: scenario.Constant,
			Duration: 2 * time.Second, Systems: scenario.IDs{900}, Talkgroups: scenario.IDs{
				1001, 1002, 1003, 1004,
				1005, 1006, 1007, 1008, 1009, 1010,
			},
			Seed: 1, Radio: scenario.Radio{Zipf: 0.99, Units: 20, Sites: 4},
		},
		Watch:   trial.WatchPlan{NotWatched: "nobody asked"},
		Priming: trial.PrimingPlan{Mode: trial.PrimeAuto, Max: 20 * time.Second},
		Verification: verification.Plan{
			Place: verification.Place{Kind: verification.Auto}, Timeout: 5 * time.Second, Max: time.Minute,
		},
	}
}

// heard are the events of a trial.
type heard struct{ list []trial.Event }

func (h *heard) Observe(e trial.Event) { h.list = append(h.list, e) }

// kinds returns the types of the events, without repetitions in a row.
func (h *heard) kinds() (names []string) {
	for _, e := range h.list {
		names = append(names, strings.TrimPrefix(reflect.TypeOf(e).String(), "event."))
	}
	return slices.Compact(names)
}

// of returns the first event of a type.
func of[E trial.Event](h *heard) (e E) {
	for _, other := range h.list {
		if found, ok := other.(E); ok {
			return found
		}
	}
	return e
}

// The cumulative figures are those of the result at the end, where all phases are scored.
func TestCumulative(t *testing.T) {
	for model, rate := range map[string]float64{"open": 40, "closed": 0} {
		p := plan(startServer(t))
		p.Scenario.Rate, p.Scenario.Total = rate, 60
		var h heard
		res, err := trial.Environment{Cumulative: true}.Run(t.Context(), p, &h)
		if err != nil {
			t.Fatal(err)
		}
		var last *measure.Cumulative
		for _, e := range h.list {
			second, ok := e.(event.Second)
			if !ok {
				continue
			}
			if last != nil && (second.Cumulative.Started < last.Started || second.Cumulative.Accepted < last.Accepted) {
				t.Errorf("%s: the figures decrease: %+v, %+v", model, last, second.Cumulative)
			}
			last = second.Cumulative
		}
		switch {
		case last == nil:
			t.Fatal("no figures were told")
		case (last.Due != nil) != (rate > 0) || rate > 0 && *last.Due != 60:
			t.Errorf("%s: due: %v", model, last.Due)
		case res.Totals.Accepted != 60 || last.Started != 60 || last.Accepted != 60 || len(last.Failures) > 0,
			last.BytesSent != res.Totals.BytesSent, last.Response.Count != res.Latency.Count:
			t.Errorf("%s: %+v, the result is %+v", model, last, res.Totals)
		}
	}
}

// One call makes a trial, emits its events in order, and returns a result that accounts for every call.
func TestRun(t *testing.T) {
	p := plan(startServer(t))
	p.Watch = trial.WatchPlan{PID: os.Getpid()}
	p.Scenario.RampUp = 2 * time.Second // so that the first look, after a second, is in it
	var h heard
	res, err := trial.Run(t.Context(), p, &h)
	if err != nil {
		t.Fatal(err)
	}
	total := uint64(0) // including the ramp, which is not scored
	for _, phase := range res.Phases {
		total += phase.Totals.Attempted
	}
	if total+res.Totals.Unsent < 90 || res.Totals.Failed > 0 || len(res.Phases) != 2 || len(res.Series) < 3 {
		t.Errorf("%+v", res.Totals)
	}
	if d := res.Delivery; d.Method != "api" || d.Stored == nil || *d.Stored != total || *d.Lost != 0 ||
		d.WaitEnd != measure.WaitStored {
		t.Errorf("%+v", d)
	}
	if res.Target.Server == "" || res.Target.URL != p.Scenario.URL || len(res.Run.ID) != 8 || res.Run.Interrupted ||
		res.Scenario.Verify != "auto" {
		t.Errorf("%+v, %+v", res.Target, res.Run)
	}
	seen := func(p measure.Point) bool {
		if p.Server == nil {
			return false
		}
		_, ok := p.Server.Get(measure.RSS)
		return ok && p.Stored != nil
	}
	if !slices.ContainsFunc(res.Series, seen) {
		t.Errorf("no second shows storage and memory: %+v", res.Series)
	}
	want := []string{
		"Preparing", "AwaitingStart", "Planned", "Started", "PhaseBegan", "Second", "PhaseBegan", "Second", "Sent",
		"AwaitingStorage", "Accounted", "Done",
	}
	got := slices.DeleteFunc(h.kinds(), func(name string) bool { return name == "Warning" || name == "FewUniqueCalls" })
	if !slices.Equal(slices.Compact(got), want) {
		t.Errorf("told\n%q, want\n%q", got, want)
	}
	if e := of[event.Started](&h); e.RunID != res.Run.ID || e.At.UTC() != res.Run.StartedAt.UTC() {
		t.Errorf("%+v", e)
	}
	if e := of[event.Started](&h); e.Scenario.Key != "" || e.Scenario.URL != res.Target.URL {
		t.Errorf("observers see the key %q and the address %q", e.Scenario.Key, e.Scenario.URL)
	}
	if e := of[event.Second](&h); e.Elapsed == 0 || e.Storage == nil {
		t.Errorf("%+v", e)
	}
	if e := of[event.PhaseBegan](&h); e.Phase != "ramp-up" || e.Scored {
		t.Errorf("%+v", e)
	}
	e := of[event.AwaitingStorage](&h)
	if _, ok := e.Server.Get(measure.RSS); !ok {
		t.Error("the server is not seen while storage is awaited")
	}
}

// A canceled trial returns what was measured so far, or an error if that is nothing.
func TestCancel(t *testing.T) {
	url := startServer(t)
	for _, when := range []string{"Preparing", "Started", "Second", "AwaitingStorage"} {
		t.Run(when, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p := plan(url)
			p.Scenario.Duration = time.Minute
			if when == "AwaitingStorage" {
				p.Scenario.Duration = time.Second
			}
			var h heard
			res, err := trial.Run(ctx, p, trial.ObserverFunc(func(e trial.Event) {
				if h.Observe(e); strings.HasSuffix(reflect.TypeOf(e).String(), when) {
					cancel()
				}
			}))
			if when == "Preparing" {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%v, %+v", err, res)
				}
				return
			}
			if err != nil || res.Run.Interrupted != (when != "AwaitingStorage") || res.Run.DurationS > 20 {
				t.Errorf("%v, %+v", err, res.Run)
			}
			if draining := slices.Contains(h.kinds(), "Draining"); draining != res.Run.Interrupted ||
				h.list[len(h.list)-1] != (event.Done{}) {
				t.Errorf("told %q", h.kinds())
			}
		})
	}
}

// The error of a trial that cannot be made has a type of its own.
func TestErrors(t *testing.T) {
	url := startServer(t)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for name, tt := range map[string]struct {
		change func(*trial.Plan)
		is     any
	}{
		"nothing listens":   {func(p *trial.Plan) { p.Scenario.URL = "http://127.0.0.1:1" }, new(*upload.TargetError)},
		"the key":           {func(p *trial.Plan) { p.Scenario.Key = "wrong" }, new(*upload.TargetError)},
		"no certificate":    {func(p *trial.Plan) { p.Connection.CAFile = "run_test.go" }, new(*trial.ConnectionError)},
		"no such authority": {func(p *trial.Plan) { p.Connection.CAFile = "none.pem" }, new(*trial.ConnectionError)},
		"no such key":       {func(p *trial.Plan) { p.Connection.CertFile = "none.pem" }, new(*trial.ConnectionError)},
		"no audio":          {func(p *trial.Plan) { p.Scenario.AudioDir = "none" }, new(*trial.AudioError)},
		"no recordings":     {func(p *trial.Plan) { p.Scenario.Replay.Place = "none" }, new(*trial.ReplayError)},
		"no such process":   {func(p *trial.Plan) { p.Watch = trial.WatchPlan{PID: 1 << 30} }, new(*trial.WatchError)},
		"a sink's address": {func(p *trial.Plan) {
			p.Verification.Place = verification.Place{Kind: verification.Sink, Address: busy.Addr().String()}
		}, new(*verification.ListenError)},
		"no database": {func(p *trial.Plan) {
			p.Verification.Place = verification.Place{Kind: verification.SQLite, Address: "none.db"}
		}, new(*verification.OpenError)},
		"storage is not seen": {func(p *trial.Plan) {
			p.Verification.Place.Kind = verification.None
			p.Crash = crash.Plan{Victim: "1234567", At: time.Second, Restart: "true"}
		}, new(*trial.StorageUnseenError)},
		"no such victim": {
			func(p *trial.Plan) { p.Crash = crash.Plan{Victim: "1073741823", At: time.Second, Restart: "true"} },
			new(*crash.KillError),
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(url)
			tt.change(&p)
			_, err := trial.Run(t.Context(), p, nil)
			if !errors.As(err, tt.is) || err.Error() == "" {
				t.Errorf("%T %v", err, err)
			}
		})
	}
}

// The caller of several trials prepares them once, and ends each when enough was sent.
func TestEnvironment(t *testing.T) {
	p := plan(startServer(t))
	p.Priming.Mode = trial.PrimeOn
	p.Scenario.Duration = time.Minute
	var before heard
	env := trial.Environment{}
	session, err := env.Prepare(t.Context(), p, "abcdefgh", &before)
	if err != nil {
		t.Fatal(err)
	}
	if m := session.Learned.Priming; m == nil || m.Calls != 10 || session.Learned.Storage != "api" ||
		!slices.Contains(before.kinds(), "Primed") {
		t.Errorf("primed %+v, told %q", m, before.kinds())
	}
	env.Session = session
	session.Calendar = trial.NewCalendar(session.Learned.Apply(p.Scenario), 10*time.Minute)
	session.Watch.Start(t.Context(), time.Now())
	defer session.Watch.Stop()
	for range 2 {
		enough := make(chan struct{})
		env.Enough = enough
		var h heard
		res, err := env.Run(t.Context(), p, trial.ObserverFunc(func(e trial.Event) {
			h.Observe(e)
			if _, ok := e.(event.Second); ok && enough != nil {
				close(enough)
				enough = nil
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		if res.Run.Interrupted || res.Run.SendingS > 20 || res.Priming != nil || *res.Delivery.Lost != 0 ||
			*res.Delivery.Stored == 0 {
			t.Errorf("%+v, %+v", res.Run, res.Delivery)
		}
		if kinds := h.kinds(); slices.Contains(kinds, "Primed") || !slices.Contains(kinds, "Draining") {
			t.Errorf("told %q", kinds)
		}
	}
}

// If a server's duplicate window is longer, the calls are dated further apart.
func TestWindow(t *testing.T) {
	taken := map[string]time.Time{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ParseMultipartForm(1<<20) != nil || r.FormValue("talkgroup") == "" {
			http.Error(w, "Incomplete call data: no talkgroup", http.StatusExpectationFailed)
			return
		}
		var seconds int64
		fmt.Sscan(r.FormValue("dateTime"), &seconds)
		at := time.Unix(seconds, 0)
		if last, ok := taken[r.FormValue("talkgroup")]; ok && at.Sub(last).Abs() <= 3*time.Second {
			fmt.Fprintln(w, "duplicate call rejected")
			return
		}
		taken[r.FormValue("talkgroup")] = at
		fmt.Fprintln(w, "Call imported successfully.")
	}))
	defer web.Close()
	web.Config.SetKeepAlivesEnabled(false)
	for asked, want := range map[time.Duration]string{0: "WindowLearned", time.Second: "WindowIgnored"} {
		clear(taken)
		p := plan(web.URL)
		p.Scenario.Rate, p.Scenario.MaxConcurrent, p.Priming.Mode = 2, 1, trial.PrimeOff
		p.Scenario.DuplicateWindow = asked
		ctx, cancel := context.WithCancel(t.Context())
		var h heard
		_, _ = trial.Run(ctx, p, trial.ObserverFunc(func(e trial.Event) {
			if h.Observe(e); strings.Contains(reflect.TypeOf(e).String(), "Window") {
				cancel()
			}
		}))
		cancel()
		if !slices.Contains(h.kinds(), want) {
			t.Errorf("window %v: told %q, want %s", asked, h.kinds(), want)
		}
	}
}

// Each of two servers is watched by itself; the run as a whole has no figures of one server.
func TestEachServerIsWatched(t *testing.T) {
	p := plan(startServer(t))
	p.Scenario.MoreURLs = []string{startServer(t)}
	p.Watch = trial.WatchPlan{}
	p.Verification.Place.Kind = verification.None
	var h heard
	res, err := trial.Run(t.Context(), p, &h)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Servers) != 2 || res.Watch.PID != 0 || res.Watch.Absent[measure.CPU.Name()] == "" {
		t.Fatalf("%+v, %+v", res.Servers, res.Watch)
	}
	for _, s := range res.Servers {
		// Both are in the process of this test, which is not named as a server's.
		w := s.Watch
		if w == nil || (w.CPUSPerS == nil) != (w.Absent[measure.CPU.Name()] != "") ||
			(w.RSSBytes == nil) != (w.Absent[measure.RSS.Name()] != "") {
			t.Errorf("%s: %+v", s.URL, w)
		}
	}
}
