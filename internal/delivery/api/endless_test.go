package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/deliverytest"
)

// odd is a server whose list of calls is faulty once it is read.
func odd(t *testing.T, way string, list func(w http.ResponseWriter, q url.Values)) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("per_page") != "1" && q.Get("limit") != "1" {
			list(w, q)
			return
		}
		page := map[string]any{"calls": []any{}, "total": 0}
		if way != "pages" && way != "tr-engine" {
			page["after_id"] = 0
		}
		if way == "cursor" && q.Has("cursor") {
			page["next_cursor"] = "x.0"
		}
		_ = json.NewEncoder(w).Encode(page)
	}))
	t.Cleanup(s.CloseClientConnections)
	t.Cleanup(s.Close)
	return s
}

// full is a full page, with ids from one on.
func full(way string, q url.Values, first int64) map[string]any {
	limit, _ := strconv.Atoi(q.Get("per_page") + q.Get("limit"))
	calls := make([]map[string]any, limit)
	for i := range calls {
		id := first + int64(i)
		const at = "2026-11-30T10:00:00Z"
		calls[i] = map[string]any{"id": id, "call_id": id, "tgid": 7, "start_time": at, "timestamp": at}
	}
	page := map[string]any{"calls": calls, "total": 1 << 40}
	if way == "cursor" {
		page["next_cursor"] = fmt.Sprintf("x.%d", first)
	}
	return page
}

func openWay(ctx context.Context, way string, s *httptest.Server) (delivery.Prober, error) {
	if way == "tr-engine" {
		return OpenTREngine(ctx, s.Client(), s.URL, "")
	}
	return Open(ctx, s.Client(), s.URL)
}

func ways() []string { return []string{"cursor", "id", "pages", "tr-engine"} }

// Reading ends with a reason if the pages of a list bring nothing new.
func TestPagesThatBringNothingNew(t *testing.T) {
	for _, way := range ways() {
		t.Run(way, func(t *testing.T) {
			s := odd(t, way, func(w http.ResponseWriter, q url.Values) {
				_ = json.NewEncoder(w).Encode(full(way, q, 1))
			})
			p, err := openWay(t.Context(), way, s)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err = p.ReadAll(ctx, &delivery.Visitor{Row: func(*delivery.Row) {}, To: time.Now()})
			if err == nil || !strings.Contains(err.Error(), "bring nothing new") {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// Reading ends when the time is up, however a list refuses to end. A call that was not found by then is pending.
func TestListsWithoutEnd(t *testing.T) {
	for _, way := range ways() {
		var next atomic.Int64
		for name, list := range map[string]func(w http.ResponseWriter, q url.Values){
			"always more": func(w http.ResponseWriter, q url.Values) {
				_ = json.NewEncoder(w).Encode(full(way, q, next.Add(1000)))
			},
			"a page that never ends": func(w http.ResponseWriter, _ url.Values) {
				fmt.Fprint(w, `{"calls":[{"id":1}`)
				for fmt.Fprint(w, " "); w.(http.Flusher) != nil; w.(http.Flusher).Flush() {
					if _, err := fmt.Fprint(w, " "); err != nil {
						return
					}
					<-time.After(20 * time.Millisecond)
				}
			},
			"never a page": func(w http.ResponseWriter, _ url.Values) {
				w.Header().Set("Retry-After", "1")
				http.Error(w, "busy", http.StatusServiceUnavailable)
			},
		} {
			if way == "tr-engine" && name == "always more" {
				continue // all in the same second, and the same talkgroup: see above
			}
			t.Run(way+", "+name, func(t *testing.T) {
				t.Parallel()
				s := odd(t, way, list)
				p, err := openWay(t.Context(), way, s)
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				l, _ := recentRun(10)
				o := deliverytest.Soon()
				o.Max = 300 * time.Millisecond
				w := delivery.Start(t.Context(), l, p, o)
				began := time.Now()
				d := w.Finish(t.Context(), time.Since(began))
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("it ended after %v", took)
				}
				if d.Failed {
					if !strings.Contains(d.Absent, "time was up") {
						t.Errorf("absent: %s", d.Absent)
					}
					return
				}
				if *d.Missing != 0 || *d.Pending != 10 || !strings.Contains(d.Unread, "time was up") {
					t.Errorf("%s, unread: %q", deliverytest.InShort(d), d.Unread)
				}
			})
		}
	}
}
