package deliverytest

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
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery"
	"rdiostress/internal/load"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
)

// Imported is the answer of a server that has accepted a call.
const Imported = "Call imported successfully."

// Kept is a call as a station stores it.
type Kept struct {
	Name  string
	Call  rdio.Call
	Audio []byte
}

// Station is a server for tests that keeps calls in memory, and lists them as rdiostress's own server does.
type Station struct {
	*httptest.Server
	Pattern string // of the calls' file names
	// Take decides what happens to call n: what the station answers, and what it keeps by Store.
	Take func(s *Station, n uint64, c Kept) (status int, text string)

	Mu    sync.Mutex
	Calls []Kept
	Queue []Kept               // acknowledged, but not stored yet
	Gate  func(queued int) int // how many queued calls to store at each poll
}

// NewStation starts a server that handles calls with take.
func NewStation(t testing.TB, take func(s *Station, n uint64, c Kept) (int, string)) *Station {
	s := &Station{Take: take, Pattern: rdio.MarkPattern("abcdefgh")}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/call-upload", s.upload)
	mux.HandleFunc("GET /api/calls", s.list)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// Well stores a call as a server should.
func Well(s *Station, _ uint64, c Kept) (int, string) {
	s.Store(c)
	return 200, Imported
}

// Every applies a fault to every nth call, and stores the others well.
func Every(
	nth uint64,
	odd func(s *Station, n uint64, c Kept) (int, string),
) func(*Station, uint64, Kept) (int, string) {
	return func(s *Station, n uint64, c Kept) (int, string) {
		if n%nth == 0 {
			return odd(s, n, c)
		}
		return Well(s, n, c)
	}
}

// Rig makes a run of Total calls against a server and verifies them.
type Rig struct {
	Run     string
	Total   uint64
	Open    func(ctx context.Context, l *delivery.Ledger) (delivery.Place, error)
	Options delivery.Options
	Crash   time.Duration // reported if not 0
}

// InShort returns a delivery's counts in one line.
func InShort(d measure.Delivery) string {
	if d.Failed {
		return "failed: " + d.Absent
	}
	line := fmt.Sprintf(
		"%d: stored %d, altered %d, dropped %d, missing %d, pending %d; twice %d; refused %d, unanswered %d",
		*d.Acknowledged, *d.Stored, *d.Corrupted, *d.Dropped, *d.Missing, *d.Pending, *d.Duplicated,
		*d.RejectedStored, *d.UnansweredStored,
	)
	if d.Altered != nil {
		line += fmt.Sprintf("; %+v", *d.Altered)
	}
	return line
}

// Soon waits only shortly, since nothing comes late.
func Soon() delivery.Options {
	return delivery.Options{Every: 20 * time.Millisecond, Timeout: 200 * time.Millisecond, Max: time.Minute}
}

func (s *Station) upload(w http.ResponseWriter, r *http.Request) {
	boundary, _ := rdio.Boundary(r.Header.Get("Content-Type"))
	var sound bytes.Buffer
	form, err := rdio.ReadForm(
		r.Body, boundary, func(_ *rdio.Form, a io.Reader) (int64, error) { return sound.ReadFrom(a) },
	)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	call, _, err := form.Call(time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusExpectationFailed)
		return
	}
	s.Mu.Lock() // the race detector cannot order events by the uploader's system calls
	pattern, take := s.Pattern, s.Take
	s.Mu.Unlock()
	n, ok := NumberOf(pattern, call.AudioName)
	if !ok { // of another run
		n = 1
	}
	status, text := take(s, n, Kept{call.AudioName, call, sound.Bytes()})
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// Change changes the station while it runs.
func (s *Station) Change(f func()) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	f()
}

// Store keeps calls.
func (s *Station) Store(calls ...Kept) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.Calls = append(s.Calls, calls...)
}

// Stored returns how many calls are kept.
func (s *Station) Stored() uint64 {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return uint64(len(s.Calls))
}

// list answers the queries that the prober makes, and refuses others.
func (s *Station) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if s.Gate != nil && q.Get("sort_order") == "desc" {
		n := min(s.Gate(len(s.Queue)), len(s.Queue))
		s.Calls, s.Queue = append(s.Calls, s.Queue[:n]...), s.Queue[n:]
	}
	after, _ := strconv.Atoi(q.Get("after_id"))
	limit, _ := strconv.Atoi(q.Get("per_page"))
	calls := []map[string]any{}
	add := func(i int) {
		c := s.Calls[i]
		sum := sha256.Sum256(c.Audio)
		calls = append(calls, map[string]any{
			"id": i + 1, "audio_filename": c.Name, "system_id": c.Call.System, "talkgroup_id": c.Call.Talkgroup,
			"timestamp": c.Call.Time.Format(
				"2006-01-02T15:04:05.000Z",
			), "audio_size_bytes": len(c.Audio), "audio_sha256": hex.EncodeToString(sum[:]),
		})
	}
	switch {
	case q.Get("sort_order") == "desc" && len(s.Calls) > 0:
		add(len(s.Calls) - 1)
	case q.Get("sort_order") != "desc":
		if q.Has("after_id") {
			s.Gate = nil // the account is being made: no call comes later
		}
		for i := after; i < len(s.Calls) && len(calls) < limit; i++ {
			add(i)
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"calls": calls, "after_id": after})
}

// Pages lists calls as sdrtrunk-rdio-api does: no cursor and no hashes, systems as texts, up to a hundred at once, by
// time.
func (s *Station) Pages(w http.ResponseWriter, q url.Values) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
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
	for i, c := range s.Calls {
		if c.Call.Time.Before(from) || c.Call.Time.After(to) {
			continue
		}
		if total++; total > (page-1)*limit && len(calls) < limit {
			calls = append(calls, map[string]any{
				"id": i + 1, "timestamp": c.Call.Time.Format("2006-01-02T15:04:05"),
				"system_id":    strconv.FormatInt(c.Call.System, 10),
				"talkgroup_id": c.Call.Talkgroup, "audio_filename": c.Name, "audio_size_bytes": len(c.Audio),
			})
		}
	}
	_ = json.NewEncoder(
		w,
	).Encode(
		map[string]any{"calls": calls, "total": total, "page": page, "per_page": limit, "total_pages": total/limit + 1},
	)
}

// Make makes the run against the server at a URL, and returns its result and delivery.
func (r Rig) Make(t testing.TB, url string) (measure.Result, measure.Delivery) {
	t.Helper()
	clips, err := audio.NewMP3(0)
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario.Scenario{
		URL: url, Key: "k", Timeout: 30 * time.Second, MaxConcurrent: 8, Duration: time.Minute, Total: r.Total,
		Arrival: scenario.Constant,
		AudioSize: scenario.SizeRange{
			Min: 1500,
			Max: 3000,
		}, Systems: scenario.IDs{900}, Talkgroups: make(scenario.IDs, 3000), Seed: 1,
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
	traffic := traffic.New(
		s,
		traffic.Options{RunID: r.Run, Start: start, Clips: &traffic.Sources{rdio.SDRTrunk: clips}},
	)
	ledger := delivery.NewLedger(rdio.MarkPattern(r.Run), start)
	p, err := r.Open(t.Context(), ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if r.Options.Sent == nil {
		r.Options.Sent = func(n uint64) (delivery.Sent, bool) {
			ext, size, sum := traffic.Audio(n)
			return delivery.Sent{Ext: ext, Size: size, Sum: sum}, true
		}
	}
	watch := delivery.Start(t.Context(), ledger, p, r.Options)
	runner := &load.Runner{
		Scenario: s, Traffic: traffic, Recorder: measure.NewRecorder(), Receipts: ledger, Start: start,
		Uploader: target.Uploader,
	}
	res := measure.Result{Scenario: s.Record()}
	runner.Fill(&res, runner.Run(t.Context()))
	if r.Crash > 0 {
		watch.Crashed(r.Crash)
	}
	d := watch.Finish(t.Context(), time.Since(start))
	watch.FillSeries(res.Series)
	if !d.Failed && *d.Stored+*d.Corrupted+*d.Dropped+*d.Missing+*d.Pending != *d.Acknowledged {
		t.Errorf("does not add up: %+v", d)
	}
	return res, d
}

// NumberOf finds the number of a run's call in a file name.
func NumberOf(pattern, name string) (n uint64, ok bool) {
	_, rest, ok := strings.Cut(name, pattern)
	if !ok {
		return 0, false
	}
	digits, _, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
