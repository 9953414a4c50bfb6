package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/api"
	"rdiostress/internal/delivery/deliverytest"
)

func TestReceivedKeepsTheLatest(t *testing.T) {
	got := NewList(10)
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for n := range 35 {
		got.Add(
			delivery.Row{Name: fmt.Sprintf("call-%d.mp3", n), System: 1, Talkgroup: 2, Time: at, Size: 100},
			at.Add(time.Duration(n)*time.Second),
		)
	}
	got.Add(delivery.Row{Name: "call-34.mp3", Size: 100}, at.Add(time.Minute))
	got.Add(delivery.Row{Name: "call-0.mp3", Size: 100}, at.Add(2*time.Minute)) // long forgotten
	want := Stats{Calls: 37, Repeated: 1, Bytes: 3700, First: at, Last: at.Add(2 * time.Minute), Name: "call-0.mp3"}
	if diff := cmp.Diff(want, got.Stats()); diff != "" {
		t.Errorf("stats differ (-want +got):\n%s", diff)
	}
	for query, ids := range map[string][]int64{
		"after_id=34&sort_by=id&sort_order=asc&per_page=1000": {35, 36, 37},
		"after_id=34&per_page=2":                              {35, 36},
		"sort_order=desc&per_page=2":                          {37, 36},
		"after_id=37":                                         {},
		"after_id=99":                                         {},
		"after_id=-7&per_page=1":                              {21}, // the first that is deliverytest.Kept
		"after_id=x&per_page=x": {
			21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34,
			35, 36, 37,
		},
	} {
		w := httptest.NewRecorder()
		got.ServeHTTP(w, httptest.NewRequest("GET", "/api/calls?"+query, nil))
		var page api.ListPage
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		listed := []int64{}
		for _, c := range page.Calls {
			listed = append(listed, c.ID)
		}
		if diff := cmp.Diff(ids, listed); diff != "" {
			t.Errorf("%s: calls differ (-want +got):\n%s", query, diff)
		}
	}
}

// A sink that runs on its own lists what it got, and a run elsewhere verifies through that.
func TestThroughASinkElsewhere(t *testing.T) {
	got := NewList(1000)
	sink, err := Listen(t.Context(), "127.0.0.1:0", Options{Received: got.Add, List: got})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	url := "http://" + sink.Address().String()
	s := deliverytest.NewStation(
		t,
		deliverytest.Every(100, func(*deliverytest.Station, uint64, deliverytest.Kept) (int, string) {
			return 200, deliverytest.Imported
		}),
	)
	forwarding := s.Take
	s.Change(func() {
		s.Take = func(s *deliverytest.Station, n uint64, c deliverytest.Kept) (int, string) {
			if n%100 != 0 {
				if status, text, err := forward(url, "any", c); status != 200 || err != nil {
					t.Errorf("the sink answered %d %q, %v", status, text, err)
				}
			}
			return forwarding(s, n, c)
		}
	})
	_, d := deliverytest.Rig{
		Run:     "abcdefgh",
		Total:   300,
		Open:    throughList(url),
		Options: deliverytest.Soon(),
	}.Make(
		t,
		s.URL,
	)
	if got, want := deliverytest.InShort(d),
		"300: stored 297, altered 0, dropped 0, missing 3, pending 0; twice 0; refused 0, unanswered 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// throughList looks through the list of calls at a URL.
func throughList(url string) func(context.Context, *delivery.Ledger) (delivery.Place, error) {
	return func(ctx context.Context, _ *delivery.Ledger) (delivery.Place, error) {
		return api.Open(ctx, &http.Client{}, url)
	}
}
