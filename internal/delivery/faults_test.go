package delivery

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"rdiostress/internal/audio"
	"rdiostress/internal/load"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// kept is a call as a station keeps it.
type kept struct {
	name  string
	call  rdio.Call
	audio []byte
}

// station is a server for tests that keeps calls in memory, and lists them as rdiostress's own server does.
type station struct {
	*httptest.Server
	pattern string
	// take is what it does with call n: what it answers, and what it keeps by store.
	take func(s *station, n uint64, c kept) (status int, text string)

	mu    sync.Mutex
	calls []kept
	queue []kept               // acknowledged, and not stored yet
	gate  func(queued int) int // how many of the queue to store when somebody looks
}

func newStation(t testing.TB, take func(s *station, n uint64, c kept) (int, string)) *station {
	s := &station{take: take, pattern: rdio.MarkPattern("abcdefgh")}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/call-upload", s.upload)
	mux.HandleFunc("GET /api/calls", s.list)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *station) upload(w http.ResponseWriter, r *http.Request) {
	boundary, _ := rdio.Boundary(r.Header.Get("Content-Type"))
	var sound bytes.Buffer
	form, err := rdio.ReadForm(r.Body, boundary, func(_ *rdio.Form, a io.Reader) (int64, error) { return sound.ReadFrom(a) })
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	call, _, err := form.Call(time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusExpectationFailed)
		return
	}
	s.mu.Lock() // the uploader's system calls do not tell the race detector what came before
	pattern, take := s.pattern, s.take
	s.mu.Unlock()
	n, ok := numberOf(pattern, call.AudioName)
	if !ok { // of another run
		n = 1
	}
	status, text := take(s, n, kept{call.AudioName, call, sound.Bytes()})
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// change changes the station after it has started.
func (s *station) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *station) store(calls ...kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, calls...)
}

func (s *station) stored() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return uint64(len(s.calls))
}

// list knows the queries that the prober makes, and refuses others.
func (s *station) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate != nil && q.Get("sort_order") == "desc" {
		n := min(s.gate(len(s.queue)), len(s.queue))
		s.calls, s.queue = append(s.calls, s.queue[:n]...), s.queue[n:]
	}
	after, _ := strconv.Atoi(q.Get("after_id"))
	limit, _ := strconv.Atoi(q.Get("per_page"))
	calls := []map[string]any{}
	add := func(i int) {
		c := s.calls[i]
		sum := sha256.Sum256(c.audio)
		calls = append(calls, map[string]any{
			"id": i + 1, "audio_filename": c.name, "system_id": c.call.System, "talkgroup_id": c.call.Talkgroup,
			"timestamp": c.call.Time.Format("2006-01-02T15:04:05.000Z"), "audio_size_bytes": len(c.audio), "audio_sha256": hex.EncodeToString(sum[:]),
		})
	}
	switch {
	case q.Get("sort_order") == "desc" && len(s.calls) > 0:
		add(len(s.calls) - 1)
	case q.Get("sort_order") != "desc":
		if q.Has("after_id") {
			s.gate = nil // it is being accounted: nothing comes after
		}
		for i := after; i < len(s.calls) && len(calls) < limit; i++ {
			add(i)
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"calls": calls, "after_id": after})
}

const imported = "Call imported successfully."

// well takes a call as a server should.
func well(s *station, _ uint64, c kept) (int, string) {
	s.store(c)
	return 200, imported
}

// every does something to every so-manieth call, and takes the others well.
func every(nth uint64, odd func(s *station, n uint64, c kept) (int, string)) func(*station, uint64, kept) (int, string) {
	return func(s *station, n uint64, c kept) (int, string) {
		if n%nth == 0 {
			return odd(s, n, c)
		}
		return well(s, n, c)
	}
}

// rig makes a run of so many calls against a server and looks what became of them.
type rig struct {
	run     string
	total   uint64
	open    func(ctx context.Context, l *Ledger) (Prober, error)
	options Options
	crash   time.Duration // told of if not 0
}

func (r rig) make(t testing.TB, url string) (measure.Result, measure.Delivery) {
	t.Helper()
	clips, err := audio.NewMP3(0)
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario.Scenario{
		URL: url, Key: "k", Timeout: 30 * time.Second, MaxConcurrent: 8, Duration: time.Minute, Total: r.total, Arrival: scenario.Constant,
		AudioSize: scenario.SizeRange{Min: 1500, Max: 3000}, Systems: scenario.IDs{900}, Talkgroups: make(scenario.IDs, 3000), Seed: 1,
	}
	for i := range s.Talkgroups {
		s.Talkgroups[i] = int64(1001 + i)
	}
	target, err := load.NewTarget(s, upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	start := time.Now()
	traffic := traffic.New(s, traffic.Options{RunID: r.run, Start: start, Clips: &traffic.Sources{rdio.SDRTrunk: clips}})
	ledger := NewLedger(rdio.MarkPattern(r.run), start)
	p, err := r.open(t.Context(), ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if r.options.Sent == nil {
		r.options.Sent = func(n uint64) (Sent, bool) {
			ext, size, sum := traffic.Audio(n)
			return Sent{Ext: ext, Size: size, Sum: sum}, true
		}
	}
	watch := Start(t.Context(), ledger, p, r.options)
	runner := &load.Runner{
		Scenario: s, Traffic: traffic, Recorder: measure.NewRecorder(), Receipts: ledger, Start: start, Uploader: target.Uploader,
	}
	res := measure.Result{Scenario: s.Record()}
	runner.Fill(&res, runner.Run(t.Context()))
	if r.crash > 0 {
		watch.Crashed(r.crash)
	}
	d := watch.Finish(t.Context(), time.Since(start))
	watch.FillSeries(res.Series)
	if !d.Failed && *d.Stored+*d.Corrupted+*d.Dropped+*d.Missing+*d.Pending != *d.Acknowledged {
		t.Errorf("does not add up: %+v", d)
	}
	return res, d
}

// byAPI looks through a server's list of calls.
func byAPI(url string) func(context.Context, *Ledger) (Prober, error) {
	return func(ctx context.Context, _ *Ledger) (Prober, error) { return OpenAPI(ctx, &http.Client{}, url) }
}

// inShort is a delivery's counts in a line.
func inShort(d measure.Delivery) string {
	if d.Failed {
		return "failed: " + d.Absent
	}
	line := fmt.Sprintf("%d: stored %d, altered %d, dropped %d, missing %d, pending %d; twice %d; refused %d, unanswered %d", *d.Acknowledged, *d.Stored,
		*d.Corrupted, *d.Dropped, *d.Missing, *d.Pending, *d.Duplicated, *d.RejectedStored, *d.UnansweredStored)
	if d.Altered != nil {
		line += fmt.Sprintf("; %+v", *d.Altered)
	}
	return line
}

// soon waits for little, since nothing comes late.
func soon() Options {
	return Options{Every: 20 * time.Millisecond, Timeout: 200 * time.Millisecond, Max: time.Minute}
}

// Each fault of a server is reported with the exact numbers.
func TestFaults(t *testing.T) {
	change := func(f func(c *kept)) func(*station, uint64, kept) (int, string) {
		return func(s *station, n uint64, c kept) (int, string) {
			f(&c)
			return well(s, n, c)
		}
	}
	tests := []struct {
		name string
		take func(*station, uint64, kept) (int, string)
		want string
	}{
		{"healthy", well, "1000: stored 1000, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0"},
		{
			"loses every 100th", every(100, func(*station, uint64, kept) (int, string) { return 200, imported }),
			"1000: stored 990, altered 0, dropped 0, missing 10, pending 0; twice 0; refused 0, unanswered 0",
		},
		{
			"stores every 50th twice", every(50, func(s *station, _ uint64, c kept) (int, string) {
				s.store(c, c)
				return 200, imported
			}),
			"1000: stored 1000, altered 0, dropped 0, missing 0, pending 0; twice 20; refused 0, unanswered 0",
		},
		{
			"alters a byte of every 40th audio", every(40, change(func(c *kept) { c.audio[len(c.audio)/2] ^= 1 })),
			"1000: stored 975, altered 25, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0; {System:0 Talkgroup:0 Time:0 Audio:25}",
		},
		{
			"cuts every 125th audio", every(125, change(func(c *kept) { c.audio = c.audio[:1024] })),
			"1000: stored 992, altered 8, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0; {System:0 Talkgroup:0 Time:0 Audio:8}",
		},
		{
			"gives every 200th the audio of another", every(200, change(func(c *kept) { c.audio = []byte("of another") })),
			"1000: stored 995, altered 5, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0; {System:0 Talkgroup:0 Time:0 Audio:5}",
		},
		{
			"mixes up talkgroups, systems and times", every(250, change(func(c *kept) {
				c.call.Talkgroup, c.call.System, c.call.Time = c.call.Talkgroup+1, 1, c.call.Time.Add(time.Second)
			})),
			"1000: stored 996, altered 4, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0; {System:4 Talkgroup:4 Time:4 Audio:0}",
		},
		{
			"converts audio, and says so by the name", change(func(c *kept) {
				c.name = c.name[:len(c.name)-len(".mp3")] + ".m4a"
				c.audio = []byte("converted")
			}),
			"1000: stored 1000, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0",
		},
		{
			"refuses every 10th, and stores it", every(10, func(s *station, _ uint64, c kept) (int, string) {
				s.store(c)
				return 503, "busy"
			}),
			"900: stored 900, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 100, unanswered 0",
		},
		{
			"says duplicate to every 20th, and drops it", every(20, func(*station, uint64, kept) (int, string) { return 200, "duplicate call rejected" }),
			"950: stored 950, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0",
		},
		{
			"keeps no names", change(func(c *kept) { c.name = "" }),
			"1000: stored 1000, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0",
		},
		{"keeps nothing", func(*station, uint64, kept) (int, string) { return 200, imported }, "1000: stored 0, altered 0, dropped 0, missing 1000, pending 0; twice 0; refused 0, unanswered 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStation(t, tt.take)
			_, d := rig{run: "abcdefgh", total: 1000, open: byAPI(s.URL), options: soon()}.make(t, s.URL)
			if diff := gocmp.Diff(tt.want, inShort(d)); diff != "" {
				t.Errorf("delivery differs (-want +got):\n%s", diff)
			}
			if d.Method != "api" || *d.Lost != *d.Missing+*d.Dropped {
				t.Errorf("got %+v", d)
			}
			if bad := *d.Lost + *d.Corrupted; len(d.Examples) != int(min(bad, maxExamples)) {
				t.Errorf("%d examples of %d bad calls: %q", len(d.Examples), bad, d.Examples)
			}
		})
	}
}

// late acknowledges at once, and stores when somebody looks.
func late(s *station, _ uint64, c kept) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, c)
	return 200, imported
}

func TestStoredLate(t *testing.T) {
	s := newStation(t, late)
	s.gate = func(queued int) int {
		if len(s.calls)+queued < 400 { // not before the run is over
			return 0
		}
		return 4 // so few that looking goes on well after the last reply
	}
	res, d := rig{run: "abcdefgh", total: 400, open: byAPI(s.URL), options: soon()}.make(t, s.URL)
	if got, want := inShort(d), "400: stored 400, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if *d.BacklogEnd == 0 || *d.BacklogMax < *d.BacklogEnd || d.DrainS == nil || *d.DrainS <= 0 || d.StoredPerS == nil || d.PendingS != nil {
		t.Errorf("a backlog of %d in the end, %d at most, stored in %v", *d.BacklogEnd, *d.BacklogMax, d.DrainS)
	}
	last := res.Series[len(res.Series)-1]
	if last.Backlog == nil || last.Stored == nil {
		t.Errorf("the series has no storing: %+v", last)
	}
}

// A server that stores on and on when the wait is over has calls pending, not lost.
func TestPending(t *testing.T) {
	s := newStation(t, late)
	s.gate = func(int) int { return 1 }
	o := soon()
	o.Timeout, o.Max = 10*time.Second, 500*time.Millisecond
	_, d := rig{run: "abcdefgh", total: 400, open: byAPI(s.URL), options: o}.make(t, s.URL)
	if *d.Pending == 0 || *d.Missing != 0 || *d.Pending != 400-s.stored() || *d.Stored != s.stored() {
		t.Errorf("%s, but the server has %d", inShort(d), s.stored())
	}
	if d.PendingS == nil || *d.PendingS <= 0 || d.DrainS != nil {
		t.Errorf("pending for %v, drained in %v", d.PendingS, d.DrainS)
	}
}

// A server that stops storing has lost what is left.
func TestStandsStill(t *testing.T) {
	s := newStation(t, late)
	left := 150
	s.gate = func(queued int) int {
		n := min(left, queued, 30)
		left -= n
		return n
	}
	_, d := rig{run: "abcdefgh", total: 400, open: byAPI(s.URL), options: soon()}.make(t, s.URL)
	if got, want := inShort(d), "400: stored 150, altered 0, dropped 0, missing 250, pending 0; twice 0; refused 0, unanswered 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Of what a crash lost, only what was acknowledged before it counts as lost in it.
func TestLostInACrash(t *testing.T) {
	var crashed time.Time
	s := newStation(t, late)
	s.change(func() {
		s.take = func(s *station, n uint64, c kept) (int, string) {
			late(s, n, c)
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.queue) == 100 && crashed.IsZero() { // what is in memory is gone, but for some
				crashed = time.Now()
				s.calls, s.queue = append(s.calls, s.queue[:37]...), nil
			}
			if !crashed.IsZero() {
				s.calls, s.queue = append(s.calls, s.queue...), nil
			}
			return 200, imported
		}
	})
	begun := time.Now()
	_, d := rig{run: "abcdefgh", total: 500, open: byAPI(s.URL), options: soon(), crash: time.Hour}.make(t, s.URL)
	if got, want := inShort(d), "500: stored 437, altered 0, dropped 0, missing 63, pending 0; twice 0; refused 0, unanswered 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if d.Crash == nil || d.Crash.Acknowledged != 500 || *d.Crash.Lost != 63 || d.Crash.KilledS != 3600 {
		t.Errorf("after %v: %+v", crashed.Sub(begun), d.Crash)
	}
}

// Runs at the same time on one server do not see each other, nor anybody else's calls.
func TestSeveralRuns(t *testing.T) {
	s := newStation(t, func(s *station, n uint64, c kept) (int, string) {
		if _, ofFirst := numberOf(rdio.MarkPattern("firstrun"), c.name); ofFirst && n%100 == 0 {
			return 200, imported // lost
		}
		s.store(c, kept{"20261124_101500.123.mp3", rdio.Call{System: 11, Talkgroup: 1001, Time: c.call.Time}, []byte("a stranger's")})
		return 200, imported
	})
	s.change(func() { s.pattern = rdio.MarkPattern("firstrun") })
	want := map[string]string{
		"firstrun": "600: stored 594, altered 0, dropped 0, missing 6, pending 0; twice 0; refused 0, unanswered 0",
		"otherrun": "600: stored 600, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0",
	}
	var runs sync.WaitGroup
	for run, want := range want {
		runs.Go(func() {
			_, d := rig{run: run, total: 600, open: byAPI(s.URL), options: soon()}.make(t, s.URL)
			if got := inShort(d); got != want {
				t.Errorf("%s: got  %s\nwant %s", run, got, want)
			}
		})
	}
	runs.Wait()
}

// A server that cannot be looked at in the end makes no delivery, and says why.
func TestGoneInTheEnd(t *testing.T) {
	s := newStation(t, well)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := OpenAPI(t.Context(), &http.Client{}, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	ledger := NewLedger(s.pattern, time.Now())
	watch := Start(t.Context(), ledger, failing{p}, soon())
	d := watch.Finish(ctx, 0)
	if !d.Failed || d.Stored != nil || d.Absent != "looking at GET /api/calls failed: it burnt down" {
		t.Errorf("got %+v", d)
	}
}

// failing is a prober that cannot read.
type failing struct{ Prober }

func (failing) ReadAll(context.Context, *Visitor) error { return fmt.Errorf("it burnt down") }

// pages lists calls as sdrtrunk-rdio-api does: no cursor and no hashes, systems as texts, up to a hundred, by time.
func (s *station) pages(w http.ResponseWriter, q url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, _ := time.Parse(time.RFC3339, q.Get("date_from"))
	to, err := time.Parse(time.RFC3339, q.Get("date_to"))
	if err != nil {
		to = time.Now()
	}
	page, _ := strconv.Atoi(cmp.Or(q.Get("page"), "1"))
	limit, _ := strconv.Atoi(q.Get("per_page"))
	if limit < 1 || limit > 100 || q.Get("sort_by") == "id" {
		http.Error(w, `{"detail":"Input should be less than or equal to 100"}`, http.StatusUnprocessableEntity)
		return
	}
	calls, total := []map[string]any{}, 0
	for i, c := range s.calls {
		if c.call.Time.Before(from) || c.call.Time.After(to) {
			continue
		}
		if total++; total > (page-1)*limit && len(calls) < limit {
			calls = append(calls, map[string]any{
				"id": i + 1, "timestamp": c.call.Time.Format("2006-01-02T15:04:05"), "system_id": strconv.FormatInt(c.call.System, 10),
				"talkgroup_id": c.call.Talkgroup, "audio_filename": c.name, "audio_size_bytes": len(c.audio),
			})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"calls": calls, "total": total, "page": page, "per_page": limit, "total_pages": total/limit + 1})
}
