package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/rdio"
)

// byAPI opens a server's list of calls.
func byAPI(url string) func(context.Context, *delivery.Ledger) (delivery.Place, error) {
	return func(ctx context.Context, _ *delivery.Ledger) (delivery.Place, error) {
		return Open(ctx, &http.Client{}, url)
	}
}

// Each fault of a server is reported with the exact numbers.
func TestFaults(t *testing.T) {
	change := func(f func(c *deliverytest.Kept)) func(*deliverytest.Station, uint64, deliverytest.Kept) (int, string) {
		return func(s *deliverytest.Station, n uint64, c deliverytest.Kept) (int, string) {
			f(&c)
			return deliverytest.Well(s, n, c)
		}
	}
	tests := []struct {
		name string
		take func(*deliverytest.Station, uint64, deliverytest.Kept) (int, string)
		want string
	}{
		{
			"healthy",
			deliverytest.Well,
			"1000: stored 1000, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0",
		},
		{
			"loses every 100th", deliverytest.Every(100, func(*deliverytest.Station, uint64, deliverytest.Kept) (int,
				string,
			) {
				return 200, deliverytest.Imported
			}),
			"1000: stored 990, altered 0, dropped 0, missing 10, pending 0; twice 0; refused 0, unanswered 0",
		},
		{
			"stores every 50th twice", deliverytest.Every(50, func(s *deliverytest.Station, _ uint64,
				c deliverytest.Kept,
			) (int, string) {
				s.Store(c, c)
				return 200, deliverytest.Imported
			}),
			"1000: stored 1000, altered 0, dropped 0, missing 0, pending 0; twice 20; refused 0, unanswered 0",
		},
		{
			"alters a byte of every 40th audio", deliverytest.Every(40,
				change(func(c *deliverytest.Kept) { c.Audio[len(c.Audio)/2] ^= 1 })),
			"1000: stored 975, altered 25, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0; " +
				"{System:0 Talkgroup:0 Time:0 Audio:25}",
		},
		{
			"cuts every 125th audio", deliverytest.Every(125,
				change(func(c *deliverytest.Kept) { c.Audio = c.Audio[:1024] })),
			"1000: stored 992, altered 8, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0; " +
				"{System:0 Talkgroup:0 Time:0 Audio:8}",
		},
		{
			"gives every 200th the audio of another", deliverytest.Every(200,
				change(func(c *deliverytest.Kept) { c.Audio = []byte("of another") })),
			"1000: stored 995, altered 5, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0; " +
				"{System:0 Talkgroup:0 Time:0 Audio:5}",
		},
		{
			"mixes up talkgroups, systems and times", deliverytest.Every(250, change(func(c *deliverytest.Kept) {
				c.Call.Talkgroup, c.Call.System, c.Call.Time = c.Call.Talkgroup+1, 1, c.Call.Time.Add(time.Second)
			})),
			"1000: stored 996, altered 4, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0; " +
				"{System:4 Talkgroup:4 Time:4 Audio:0}",
		},
		{
			"converts audio, and says so by the name", change(func(c *deliverytest.Kept) {
				c.Name = c.Name[:len(c.Name)-len(".mp3")] + ".m4a"
				c.Audio = []byte("converted")
			}),
			"1000: stored 1000, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0",
		},
		{
			"refuses every 10th, and stores it", deliverytest.Every(10, func(s *deliverytest.Station, _ uint64,
				c deliverytest.Kept,
			) (int, string) {
				s.Store(c)
				return 503, "busy"
			}),
			"900: stored 900, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 100, unanswered 0",
		},
		{
			"says duplicate to every 20th, and drops it", deliverytest.Every(20, func(*deliverytest.Station, uint64,
				deliverytest.Kept,
			) (int, string) {
				return 200, "duplicate call rejected"
			}),
			"950: stored 950, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0",
		},
		{
			"keeps no names", change(func(c *deliverytest.Kept) { c.Name = "" }),
			"1000: stored 1000, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0",
		},
		{"keeps nothing", func(*deliverytest.Station, uint64, deliverytest.Kept) (int, string) {
			return 200, deliverytest.Imported
		}, "1000: stored 0, altered 0, dropped 0, missing 1000, pending 0; twice 0; refused 0, unanswered 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := deliverytest.NewStation(t, tt.take)
			_, d := deliverytest.Rig{
				Run:     "abcdefgh",
				Total:   1000,
				Open:    byAPI(s.URL),
				Options: deliverytest.Soon(),
			}.Make(
				t,
				s.URL,
			)
			if diff := cmp.Diff(tt.want, deliverytest.InShort(d)); diff != "" {
				t.Errorf("delivery differs (-want +got):\n%s", diff)
			}
			if d.Method != "api" || *d.Lost != *d.Missing+*d.Dropped {
				t.Errorf("got %+v", d)
			}
			if bad := *d.Lost + *d.Corrupted; len(d.Examples) != int(min(bad, 10)) {
				t.Errorf("%d examples of %d bad calls: %q", len(d.Examples), bad, d.Examples)
			}
		})
	}
}

// late acknowledges at once, and stores when it is polled.
func late(s *deliverytest.Station, _ uint64, c deliverytest.Kept) (int, string) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.Queue = append(s.Queue, c)
	return 200, deliverytest.Imported
}

func TestStoredLate(t *testing.T) {
	s := deliverytest.NewStation(t, late)
	s.Gate = func(queued int) int {
		if len(s.Calls)+queued < 400 { // not before the run ends
			return 0
		}
		return 4 // so few that polling goes on well after the last reply
	}
	res, d := deliverytest.Rig{
		Run:     "abcdefgh",
		Total:   400,
		Open:    byAPI(s.URL),
		Options: deliverytest.Soon(),
	}.Make(
		t,
		s.URL,
	)
	if got, want := deliverytest.InShort(d),
		"400: stored 400, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if *d.BacklogEnd == 0 || *d.BacklogMax < *d.BacklogEnd || d.DrainS == nil || *d.DrainS <= 0 ||
		d.StoredPerS == nil ||
		d.PendingS != nil {
		t.Errorf("a backlog of %d in the end, %d at most, stored in %v", *d.BacklogEnd, *d.BacklogMax, d.DrainS)
	}
	last := res.Series[len(res.Series)-1]
	if last.Backlog == nil || last.Stored == nil {
		t.Errorf("the series has no storing: %+v", last)
	}
}

// Calls are pending, not lost, if the server still stores when the wait is over.
func TestPending(t *testing.T) {
	s := deliverytest.NewStation(t, late)
	s.Gate = func(int) int { return 1 }
	o := deliverytest.Soon()
	o.Timeout, o.Max = 10*time.Second, 500*time.Millisecond
	_, d := deliverytest.Rig{Run: "abcdefgh", Total: 400, Open: byAPI(s.URL), Options: o}.Make(t, s.URL)
	if *d.Pending == 0 || *d.Missing != 0 || *d.Pending != 400-s.Stored() || *d.Stored != s.Stored() {
		t.Errorf("%s, but the server has %d", deliverytest.InShort(d), s.Stored())
	}
	if d.PendingS == nil || *d.PendingS <= 0 || d.DrainS != nil {
		t.Errorf("pending for %v, drained in %v", d.PendingS, d.DrainS)
	}
}

// Calls are lost if the server stops storing.
func TestStandsStill(t *testing.T) {
	s := deliverytest.NewStation(t, late)
	left := 150
	s.Gate = func(queued int) int {
		n := min(left, queued, 30)
		left -= n
		return n
	}
	_, d := deliverytest.Rig{
		Run:     "abcdefgh",
		Total:   400,
		Open:    byAPI(s.URL),
		Options: deliverytest.Soon(),
	}.Make(
		t,
		s.URL,
	)
	if got, want := deliverytest.InShort(d),
		"400: stored 150, altered 0, dropped 0, missing 250, pending 0; twice 0; refused 0, unanswered 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Only calls that were acknowledged before a crash count as lost in it.
func TestLostInACrash(t *testing.T) {
	var crashed time.Time
	s := deliverytest.NewStation(t, late)
	s.Change(func() {
		s.Take = func(s *deliverytest.Station, n uint64, c deliverytest.Kept) (int, string) {
			late(s, n, c)
			s.Mu.Lock()
			defer s.Mu.Unlock()
			if len(s.Queue) == 100 && crashed.IsZero() { // calls in memory are lost, except some
				crashed = time.Now()
				s.Calls, s.Queue = append(s.Calls, s.Queue[:37]...), nil
			}
			if !crashed.IsZero() {
				s.Calls, s.Queue = append(s.Calls, s.Queue...), nil
			}
			return 200, deliverytest.Imported
		}
	})
	begun := time.Now()
	_, d := deliverytest.Rig{
		Run:     "abcdefgh",
		Total:   500,
		Open:    byAPI(s.URL),
		Options: deliverytest.Soon(),
		Crash:   time.Hour,
	}.Make(
		t,
		s.URL,
	)
	if got, want := deliverytest.InShort(d),
		"500: stored 437, altered 0, dropped 0, missing 63, pending 0; twice 0; refused 0, unanswered 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if d.Crash == nil || d.Crash.Acknowledged != 500 || *d.Crash.Lost != 63 || d.Crash.KilledS != 3600 {
		t.Errorf("after %v: %+v", crashed.Sub(begun), d.Crash)
	}
}

// Runs at the same time on one server see neither each other's calls nor those of anybody else.
func TestSeveralRuns(t *testing.T) {
	s := deliverytest.NewStation(t, func(s *deliverytest.Station, n uint64, c deliverytest.Kept) (int, string) {
		if _, ofFirst := deliverytest.NumberOf(rdio.MarkPattern("firstrun"), c.Name); ofFirst && n%100 == 0 {
			return 200, deliverytest.Imported // lost
		}
		s.Store(
			c,
			deliverytest.Kept{
				Name:  "20261124_101500.123.mp3",
				Call:  rdio.Call{System: 11, Talkgroup: 1001, Time: c.Call.Time},
				Audio: []byte("a stranger's"),
			},
		)
		return 200, deliverytest.Imported
	})
	s.Change(func() { s.Pattern = rdio.MarkPattern("firstrun") })
	want := map[string]string{
		"firstrun": "600: stored 594, altered 0, dropped 0, missing 6, pending 0; twice 0; refused 0, unanswered 0",
		"otherrun": "600: stored 600, altered 0, dropped 0, missing 0, pending 0; twice 0; refused 0, unanswered 0",
	}
	var runs sync.WaitGroup
	for run, want := range want {
		runs.Go(func() {
			_, d := deliverytest.Rig{
				Run:     run,
				Total:   600,
				Open:    byAPI(s.URL),
				Options: deliverytest.Soon(),
			}.Make(
				t,
				s.URL,
			)
			if got := deliverytest.InShort(d); got != want {
				t.Errorf("%s: got  %s\nwant %s", run, got, want)
			}
		})
	}
	runs.Wait()
}

// If the server cannot be read at the end, the delivery is absent with a reason.
func TestGoneInTheEnd(t *testing.T) {
	s := deliverytest.NewStation(t, deliverytest.Well)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := Open(t.Context(), &http.Client{}, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	ledger := delivery.NewLedger(s.Pattern, time.Now())
	watch := delivery.Start(t.Context(), ledger, failing{p}, deliverytest.Soon())
	d := watch.Finish(ctx, 0)
	if !d.Failed || d.Stored != nil || d.Absent != "looking at GET /api/calls failed: it burnt down" {
		t.Errorf("got %+v", d)
	}
}

// failing is a prober that cannot read.
type failing struct{ delivery.Prober }

func (failing) ReadAll(context.Context, *delivery.Visitor) error { return fmt.Errorf("it burnt down") }
