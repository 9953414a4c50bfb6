package api

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/deliverytest"
)

// A list of pages is read in full although the server limits the requests per minute.
func TestListOfPages(t *testing.T) {
	var mu sync.Mutex
	requests, refused := 0, 0
	s := deliverytest.NewStation(t, deliverytest.Well)
	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if requests++; requests%3 == 0 {
			refused++
			http.Error(w, `{"error":"Rate limit exceeded: 30 per 1 minute"}`, http.StatusTooManyRequests)
			return
		}
		s.Pages(w, r.URL.Query())
	})
	s.Config.Handler.(*http.ServeMux).Handle("GET /pages/api/calls", pages)
	o := deliverytest.Soon()
	o.Timeout = 5 * time.Second
	open := func(ctx context.Context, l *delivery.Ledger) (delivery.Place, error) {
		p, err := byAPI(s.URL+"/pages")(ctx, l)
		if err == nil {
			p.(*api).pause = 10 * time.Millisecond
		}
		return p, err
	}
	_, d := deliverytest.Rig{Run: "abcdefgh", Total: 150, Open: open, Options: o}.Make(t, s.URL)
	want := "150: stored 150, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0"
	if got := deliverytest.InShort(d); got != want || refused == 0 {
		t.Errorf("refused %d times\ngot  %s\nwant %s", refused, got, want)
	}
}
