package observe

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
)

// TestWatchProcess finds a real process by its port, and observes its memory, its child's work, its end and its
// restart.
func TestWatchProcess(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("other processes' ports are not always shown there")
	}
	cmd, address := startProcess(t, lastingAddress(t))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "call.mp3"), make([]byte, 12345), 0o600); err != nil {
		t.Fatal(err)
	}
	w := open(t, Options{URL: "http://" + address, Folders: []string{dir}})
	if w.info.PID != cmd.Process.Pid {
		t.Fatalf("found process %d, not %d: %s", w.info.PID, cmd.Process.Pid, w.absent[measure.RSS])
	}
	atLeast := func(sig measure.Signal, least float64) func() bool { return atLeast(w, sig, least) }
	until(t, "100 MB of memory", atLeast(measure.RSS, 100<<20))
	until(t, "a child that works for less than a second", atLeast(measure.CPU, 0.05))
	until(t, "threads", atLeast(measure.Threads, 1))
	until(t, "open files", atLeast(measure.OpenFiles, 3))
	until(t, "the limit of open files", atLeast(measure.OpenFilesLimit, 64))
	until(t, "the file", atLeast(measure.DataSize, 12345))
	until(t, "free disk", atLeast(measure.DiskFree, 1))
	until(t, "the machine's processors", atLeast(measure.MachineCPU, 0.01))

	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	until(t, "its end", func() bool { return w.events() == 1 })
	again, _ := startProcess(t, address)
	until(t, "its successor", func() bool { return w.events() == 2 })
	w.Stop()
	res := measure.Result{Series: []measure.Point{{TS: 0, WidthS: 1e6}}}
	w.FillResult(&res)
	if res.Watch.PID != again.Process.Pid || res.Watch.Events[0].Kind != measure.EventProcessEnded {
		t.Errorf("watched %+v", res.Watch)
	}
	if rss, ok := res.Series[0].Server.Get(measure.RSS); !ok || rss < 1<<20 {
		t.Errorf("memory in the series: %g, %v", rss, ok)
	}
	if why := res.Watch.Absent["stored_calls"]; !strings.Contains(why, "/metrics") {
		t.Errorf("why no stored calls: %q", why)
	}
	if _, ok := res.Watch.Absent["rss_bytes"]; ok {
		t.Error("memory was seen, and is called absent")
	}
}

func (w *Watcher) events() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.info.Events)
}

// If a named server process is replaced by another one, as after a crash, the watch follows it.
func TestFollowNamedProcess(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("other processes' ports are not always shown there")
	}
	cmd, address := startProcess(t, lastingAddress(t))
	w := open(t, Options{URL: "http://" + address, PID: cmd.Process.Pid})
	until(t, "its memory", func() bool { s := w.Latest(); _, ok := s.Get(measure.RSS); return ok })
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	again, _ := startProcess(t, address)
	until(t, "its successor", func() bool { return w.events() == 2 })
	since := time.Since(w.start)
	until(
		t, "the successor's memory",
		func() bool { return len(w.Samples.Readings(measure.RSS, since, time.Hour)) > 0 },
	)
	w.Stop()
	var res measure.Result
	w.FillResult(&res)
	if res.Watch.PID != again.Process.Pid {
		t.Errorf("watched %d, not %d: %q", res.Watch.PID, again.Process.Pid, res.Watch.Events)
	}
}

func TestWatchNamedProcess(t *testing.T) {
	w := open(t, Options{URL: "http://192.0.2.1", PID: os.Getpid()})
	until(t, "the own memory", func() bool { s := w.Latest(); v, ok := s.Get(measure.RSS); return ok && v > 1<<20 })
	w.Stop()
	var res measure.Result
	w.FillResult(&res)
	if why := res.Watch.Absent["machine_cpu_ratio"]; why != elsewhere {
		t.Errorf("why no machine: %q", why)
	}
	const nobody = 1<<22 + 17
	_, err := Open(t.Context(), Options{URL: "http://127.0.0.1:1", PID: nobody, Client: http.DefaultClient})
	if err == nil || !strings.Contains(err.Error(), "no such process") {
		t.Errorf("a process that there is not: %v", err)
	}
}

func TestWatchMetrics(t *testing.T) {
	var reads atomic.Int64
	var broken atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		n := reads.Add(1)
		switch {
		case broken.Load():
			http.Error(rw, "no", http.StatusInternalServerError)
		case r.URL.Path == "/metrics":
			fmt.Fprintf(
				rw,
				"process_cpu_seconds_total %d\ndisk_usage 5000\ntranscription_queue_depth 7\nqueue{name=\"up\"} "+
					"3\nqueue{name=\"down\"} 9\n",
				n*1000,
			)
		case r.URL.Path == "/json":
			rw.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(rw, `{"total_calls": %d, "storage_used_mb": 2, "queue": {"waiting": 4}}`, n)
		default:
			fmt.Fprint(rw, "<html>a page</html>")
		}
	}))
	defer server.Close()
	seen := func(w *Watcher, sig measure.Signal) float64 {
		s := w.Latest()
		v, _ := s.Get(sig)
		return v
	}

	queue, err := ParseMapping(`upload_queue_calls=queue{name="up"}`)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, Options{URL: server.URL, PID: os.Getpid(), Mappings: []Mapping{queue}})
	until(t, "Prometheus figures", func() bool {
		return seen(w, measure.StoredBytes) == 5000 && seen(w, measure.TranscriptionQueue) == 7 &&
			seen(w, measure.UploadQueue) == 3
	})
	until(t, "a counter's pace", func() bool { return seen(w, measure.CPU) > 0 })
	broken.Store(true)
	until(
		t, "figures that are not kept when they are no longer shown",
		func() bool { return seen(w, measure.StoredBytes) == 0 },
	)
	broken.Store(false)
	until(t, "their return", func() bool { return seen(w, measure.StoredBytes) == 5000 })

	waiting, err := ParseMapping("upload_queue_calls=queue.waiting")
	if err != nil {
		t.Fatal(err)
	}
	w = open(t, Options{URL: server.URL, Metrics: server.URL + "/json", Mappings: []Mapping{waiting}})
	until(t, "JSON figures", func() bool {
		return seen(w, measure.StoredBytes) == 2<<20 && seen(w, measure.StoredCalls) > 0 &&
			seen(w, measure.UploadQueue) == 4
	})

	for _, path := range []string{"/page", "/page?token=secret"} {
		_, err = Open(t.Context(), Options{URL: server.URL, Metrics: server.URL + path, Client: http.DefaultClient})
		if err == nil || !strings.Contains(err.Error(), "no figure that is known") ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("a page without figures: %v", err)
		}
	}
	_, err = Open(
		t.Context(),
		Options{URL: server.URL, Metrics: "http://127.0.0.1:1/metrics?token=secret", Client: http.DefaultClient},
	)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("no server: %v", err)
	}
}

// TestOwnership checks that a signal that two probes can see is taken from the one that includes children.
func TestOwnership(t *testing.T) {
	var reads atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		reads.Add(1)
		fmt.Fprint(rw, "memory_usage 1\nstored 5\n")
	}))
	defer server.Close()
	w := open(t, Options{URL: server.URL, PID: os.Getpid()})
	until(t, "memory", func() bool { s := w.Latest(); _, ok := s.Get(measure.RSS); return ok })
	// the second was added before the third
	until(t, "the page twice, and once more before", func() bool { return reads.Load() >= 3 })
	w.Stop()
	for _, r := range w.Samples.Readings(measure.RSS, 0, time.Hour) {
		if r.Value < 1<<20 {
			t.Errorf("memory of %g bytes is taken from the page, which knows of no children", r.Value)
		}
	}
	named, err := ParseMapping("memory_usage=stored")
	if err != nil {
		t.Fatal(err)
	}
	w = open(t, Options{URL: server.URL, PID: os.Getpid(), Mappings: []Mapping{named}})
	until(
		t, "what the user has named",
		func() bool { s := w.Latest(); v, ok := s.Get(measure.RSS); return ok && v == 5 },
	)
}

// A page that hangs does not delay the end: the request is canceled.
func TestStopReturns(t *testing.T) {
	// on a slow machine, a request is canceled before
	asked, givenUp := make(chan struct{}, 100), make(chan struct{}, 100)
	var reads atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if reads.Add(1) == 1 {
			fmt.Fprint(rw, "disk_usage 1\n")
			return
		}
		asked <- struct{}{}
		<-r.Context().Done()
		givenUp <- struct{}{}
	}))
	defer server.Close()
	w := open(t, Options{URL: server.URL})
	<-asked
	w.Stop()
	<-givenUp
	w.Stop() // a second call does no harm
}

// A server with its own metrics is read again after an outage of any length.
func TestPageComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := &flaky{text: "disk_usage 5000\n"}
		s := &scrape{
			client:   page,
			url:      "http://server/metrics",
			mappings: knownMetrics(),
			tried:    true,
			counters: map[measure.Signal]counterReading{},
			shown:    map[measure.Signal]bool{},
		}
		w := &Watcher{
			owner:  map[measure.Signal]probe{measure.StoredBytes: s},
			absent: map[measure.Signal]string{},
			probes: []probe{s},
			stop:   func() {},
		}
		s.shown[measure.StoredBytes] = true
		w.Start(t.Context(), time.Now())
		defer w.Stop()
		value := func(after time.Duration, down bool) (float64, bool) {
			page.down.Store(down)
			time.Sleep(after) // of the bubble's clock
			synctest.Wait()
			seen := w.Latest()
			return seen.Get(measure.StoredBytes)
		}
		if v, ok := value(1500*time.Millisecond, false); v != 5000 || !ok {
			t.Errorf("at first: %g, %t", v, ok)
		}
		if v, ok := value(time.Minute, true); ok {
			t.Errorf("while it is down: %g", v)
		}
		if v, ok := value(2*time.Second, false); v != 5000 || !ok {
			t.Errorf("after it: %g, %t", v, ok)
		}
	})
}

// flaky answers with a page, or is down.
type flaky struct {
	text string
	down atomic.Bool
}

func (f *flaky) Do(*http.Request) (*http.Response, error) {
	if f.down.Load() {
		return nil, errors.New("nothing listens")
	}
	return &http.Response{
		StatusCode: http.StatusOK,
		Body:       io.NopCloser(strings.NewReader(f.text)),
		Header:     http.Header{},
	}, nil
}
