package sink

import (
	"encoding/hex"
	"encoding/json"
	"hash/maphash"
	"net/http"
	"strconv"
	"sync"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/api"
)

// List keeps the calls that a sink got, the latest ones, and lists them as GET /api/calls does, so that runs
// anywhere can verify through it. It is safe for concurrent use.
type List struct {
	most int
	seed maphash.Seed

	mu    sync.Mutex
	rows  []delivery.Row // from the one with id first on, in a ring that is cut when it has twice as many as most
	first int64
	names map[uint64]struct{} // hashes of the names that are kept
	stats Stats
}

// Stats are what a sink got.
type Stats struct {
	Calls    uint64 // in all
	Repeated uint64 // of these, calls of a name that was there before
	Bytes    uint64 // of audio
	First    time.Time
	Last     time.Time
	Name     string // of the last one
}

// NewList keeps at least the given number of calls.
func NewList(most int) *List {
	return &List{most: most, seed: maphash.MakeSeed(), first: 1, names: make(map[uint64]struct{})}
}

// Add takes a call.
func (r *List) Add(row delivery.Row, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.stats
	if s.Calls == 0 {
		s.First = at
	}
	s.Calls, s.Bytes, s.Last, s.Name = s.Calls+1, s.Bytes+uint64(max(row.Size, 0)), at, row.Name
	name := maphash.String(r.seed, row.Name)
	if _, again := r.names[name]; again {
		s.Repeated++
	}
	r.names[name] = struct{}{}
	row.ID = r.first + int64(len(r.rows))
	r.rows = append(r.rows, row)
	if len(r.rows) >= 2*r.most {
		r.dropOldest(len(r.rows) - r.most)
	}
}

// dropOldest drops the oldest calls.
func (r *List) dropOldest(n int) {
	for i := range r.rows[:n] {
		delete(r.names, maphash.String(r.seed, r.rows[i].Name))
	}
	r.rows = append(make([]delivery.Row, 0, 2*r.most), r.rows[n:]...)
	r.first += int64(n)
}

// Stats are what was received so far.
func (r *List) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// ServeHTTP lists calls: those after after_id, or with sort_order=desc the latest ones, up to per_page.
func (r *List) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	after, _ := strconv.ParseInt(q.Get("after_id"), 10, 64) // what is not a number is 0
	limit, err := strconv.Atoi(q.Get("per_page"))
	if err != nil || limit < 1 || limit > api.MaxPage {
		limit = api.MaxPage
	}
	page := r.page(after, limit, q.Get("sort_order") == "desc")
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page) // who does not read it does not need it
}

func (r *List) page(after int64, limit int, latest bool) api.ListPage {
	r.mu.Lock()
	defer r.mu.Unlock()
	page := api.ListPage{Calls: []api.ListedCall{}, Total: int64(r.stats.Calls), AfterID: &after}
	rows := r.rows[min(max(after+1-r.first, 0), int64(len(r.rows))):]
	if latest {
		for i := len(rows) - 1; i >= max(0, len(rows)-limit); i-- {
			page.Calls = append(page.Calls, listedOf(&rows[i]))
		}
		return page
	}
	for i := range rows[:min(limit, len(rows))] {
		page.Calls = append(page.Calls, listedOf(&rows[i]))
	}
	return page
}

func listedOf(r *delivery.Row) api.ListedCall {
	return api.ListedCall{
		ID: r.ID, Timestamp: r.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"),
		System: api.Number(r.System), Talkgroup: api.Number(r.Talkgroup),
		Name: r.Name, Size: &r.Size, Sum: hex.EncodeToString(r.Sum[:]),
	}
}
