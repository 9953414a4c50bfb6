package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// shelfCall is a call on a shelf.
type shelfCall struct {
	id   int64
	name string
	call rdio.Call
}

// shelf is a server that lists calls in every supported way, whatever their ids.
type shelf struct {
	*httptest.Server
	mu      sync.Mutex
	store   string      // its name, as cursors have it
	calls   []shelfCall // in the order in which they were stored
	asked   int
	largest int // page so far
}

// newShelf starts a server that lists calls by cursor, by id (as older servers do), or only by pages.
func newShelf(t *testing.T, way string) *shelf {
	s := &shelf{store: "a"}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		s.answer(w, r.URL.Query(), way)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) answer(w http.ResponseWriter, q url.Values, way string) {
	limit, _ := strconv.Atoi(q.Get("per_page"))
	if way == "pages" {
		limit = min(limit, plainPage)
	}
	var found []shelfCall
	from, _ := time.Parse(time.RFC3339, q.Get("date_from"))
	to, err := time.Parse(time.RFC3339, q.Get("date_to"))
	for _, c := range s.calls {
		if !c.call.Time.Before(from) && (err != nil || !c.call.Time.After(to)) {
			found = append(found, c)
		}
	}
	page := map[string]any{"total": len(found)}
	switch cursor := q.Get("cursor"); {
	case way == "cursor" && cursor != "":
		at := 0
		switch cursor {
		case "start":
		case "now":
			at = len(s.calls)
		default:
			name, number, _ := cutDot(cursor)
			if name != s.store {
				http.Error(w, `{"detail":"of another database"}`, http.StatusGone)
				return
			}
			at, _ = strconv.Atoi(number)
		}
		found = s.calls[at:min(at+limit, len(s.calls))]
		page["next_cursor"] = fmt.Sprintf("%s.%d", s.store, at+len(found))
	case q.Get("sort_by") == "id":
		after, _ := strconv.ParseInt(q.Get("after_id"), 10, 64)
		found = slices.DeleteFunc(found, func(c shelfCall) bool { return c.id <= after })
		slices.SortFunc(found, func(a, b shelfCall) int { return cmp.Compare(a.id, b.id) })
		if q.Get("sort_order") == "desc" {
			slices.Reverse(found)
		}
	default:
		slices.SortStableFunc(found, func(a, b shelfCall) int { return a.call.Time.Compare(b.call.Time) })
		n, _ := strconv.Atoi(cmp.Or(q.Get("page"), "1"))
		found = found[min((n-1)*limit, len(found)):]
	}
	if way != "pages" {
		page["after_id"] = 0
	}
	page["calls"] = shown(found[:min(limit, len(found))])
	s.largest = max(s.largest, min(limit, len(found)))
	_ = json.NewEncoder(w).Encode(page)
}

func cutDot(text string) (before, after string, ok bool) {
	for i := range text {
		if text[i] == '.' {
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

func shown(calls []shelfCall) []map[string]any {
	list := []map[string]any{}
	for _, c := range calls {
		list = append(list, map[string]any{
			"id": c.id, "audio_filename": c.name, "system_id": c.call.System, "talkgroup_id": c.call.Talkgroup,
			"timestamp": c.call.Time.UTC().Format(time.RFC3339),
		})
	}
	return list
}

func (s *shelf) add(id int64, name string, call rdio.Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, shelfCall{id, name, call})
}

// recentRun is the ledger of a run of a few recent calls.
func recentRun(calls int) (l *delivery.Ledger, call func(n int) (string, rdio.Call)) {
	start := time.Now()
	l = delivery.NewLedger("run-7f3a-", start)
	call = func(n int) (string, rdio.Call) {
		at := start.Add(time.Duration(n)*time.Second - 2*time.Hour).Truncate(time.Second)
		return fmt.Sprintf("run-7f3a-%06d.mp3", n), rdio.Call{System: 11, Talkgroup: 1001, Time: at}
	}
	for n := range calls {
		_, c := call(n)
		deliverytest.Record(l, uint64(n), c, measure.Accepted)
	}
	return l, call
}

// Calls are counted correctly in any order of ids, and after the server started again with an empty store.
func TestIdsInAnyOrder(t *testing.T) {
	const calls = 50
	for _, way := range []string{"cursor", "id", "pages"} {
		for name, change := range map[string]func(s *shelf) (id func(n int) int64){
			"rising": func(*shelf) func(int) int64 {
				return func(n int) int64 { return int64(90_000 + n) }
			},
			"in blocks of two servers": func(*shelf) func(int) int64 {
				return func(n int) int64 { return int64(4097*(n%2) + 100 + n) }
			},
			"below all that were there": func(*shelf) func(int) int64 {
				return func(n int) int64 { return int64(1000 + n) }
			},
			"anew": func(s *shelf) func(int) int64 {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.store, s.calls = "b", nil
				return func(n int) int64 { return int64(1 + n) }
			},
			"anew, and beyond where they were": func(s *shelf) func(int) int64 {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.store, s.calls = "b", nil
				return func(n int) int64 { return int64(8180 + n) }
			},
		} {
			t.Run(way+", "+name, func(t *testing.T) {
				l, call := recentRun(calls)
				s := newShelf(t, way)
				for i := range 20 {
					call := rdio.Call{System: 7, Talkgroup: 7, Time: time.Now().Add(-time.Hour)}
					s.add(int64(8180+i), fmt.Sprintf("before-%d.mp3", i), call)
				}
				p, err := Open(t.Context(), s.Client(), s.URL)
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				p.(*api).pause = 10 * time.Millisecond
				id := change(s)
				for n := range calls {
					name, c := call(n)
					s.add(id(n), name, c)
				}
				counted := int64(-1)
				if err := p.Poll(t.Context(), &delivery.Visitor{Count: func(n int64) { counted = n }}); err != nil {
					t.Fatal(err)
				}
				if way == "cursor" && counted != calls {
					t.Errorf("a look counts %d of %d", counted, calls)
				}
				w := delivery.Start(t.Context(), l, p, deliverytest.Soon())
				d := w.Finish(t.Context(), 0)
				want := "50: stored 50, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0"
				if got := deliverytest.InShort(d); got != want {
					t.Errorf("\ngot  %s\nwant %s", got, want)
				}
			})
		}
	}
}

// A list of many pages is read as fast as the server answers, although millions of older calls are beside it, and the
// progress says how many calls are left to read.
func TestManyPages(t *testing.T) {
	const calls = 4321
	for _, way := range []string{"cursor", "id", "pages"} {
		t.Run(way, func(t *testing.T) {
			l, call := recentRun(calls)
			s := newShelf(t, way)
			for i := range 20_000 {
				s.add(int64(i+1), "before.mp3", rdio.Call{Time: time.Now().AddDate(-1, 0, 0)})
			}
			p, err := Open(t.Context(), s.Client(), s.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			for n := range calls {
				name, c := call(n)
				s.add(int64(30_000+n), name, c)
			}
			s.mu.Lock()
			s.asked = 0
			s.mu.Unlock()
			var read, total, told int64
			began := time.Now()
			found := 0
			err = p.ReadAll(t.Context(), &delivery.Visitor{
				Row: func(*delivery.Row) { found++ }, From: earliest(l, call), To: time.Now(),
				Progress: func(r, n int64) { read, total, told = r, n, told+1 },
			})
			if err != nil || found != calls {
				t.Errorf("found %d of %d: %v", found, calls, err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			if way != "id" && (total != calls || read != calls || told < 5) {
				t.Errorf("told %d times of %d of %d", told, read, total)
			}
			if s.asked > 50 {
				t.Errorf("asked %d times", s.asked)
			}
		})
	}
}

func earliest(_ *delivery.Ledger, call func(int) (string, rdio.Call)) time.Time {
	_, c := call(0)
	return c.Time
}
