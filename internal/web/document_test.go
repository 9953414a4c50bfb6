package web

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rdiostress/internal/capacity"
	"rdiostress/internal/delivery"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var plan = scenario.Scenario{
	URL: "http://scanner.lan:3000", Rate: 10, MaxConcurrent: 50, Duration: 10 * time.Minute, Timeout: time.Minute,
}

// recorded feeds a document with a run of some seconds that are all alike, and returns what one of them measures.
func recorded(d *Document, seconds int) (one measure.Result) {
	r := measure.NewRecorder()
	random := rand.New(rand.NewPCG(1, 2))
	r.Accumulate(measure.Sending{
		Due: func(time.Duration) *uint64 { return nil }, InFlight: func() int { return 3 },
	})
	phase := r.AddPhase(measure.Phase{Name: "sustained", Scored: true})
	for n := range 30 {
		took := time.Duration(float64(20*time.Millisecond) * math.Exp(random.NormFloat64()))
		o := measure.Outcome{Phase: phase, Due: 0, Sent: took / 2, Done: took, Bytes: 100, Lag: took / 100}
		if n == 0 {
			o.Class, o.Status = measure.Status, 503
		}
		r.Shard(n).Record(&o)
	}
	r.Roll(time.Second, 3, 0)
	r.FillResult(&one, []measure.TimeSpan{{Length: time.Second}})
	d.Observe(event.Started{RunID: "abc", At: time.Now(), Scenario: plan})
	d.Observe(event.PhaseBegan{Phase: "sustained", Scored: true})
	all := &measure.Cumulative{}
	for i := range seconds {
		sum := *all
		sum.Add(r.Cumulative())
		all = &sum
		e := event.Second{Snapshot: r.Snapshot(), Cumulative: all}
		e.Elapsed = time.Duration(i+1) * time.Second
		e.Storage = &verification.Progress{Progress: delivery.Progress{
			Acknowledged: all.Accepted, Stored: all.Accepted - 5, Backlog: 5, At: e.Elapsed,
		}}
		e.Server.Set(measure.CPU, 0.5)
		d.Observe(e)
	}
	return one
}

// What a document knows of a run is the sum of its seconds, in few intervals however long the run is.
func TestDocumentIsTheRun(t *testing.T) {
	for _, seconds := range []int{1, 20, 700} {
		d := NewDocument(Options{Version: "dev"})
		one := recorded(d, seconds)
		res, running := d.resultSoFar()
		n, got, want := uint64(seconds), res.Totals, one.Totals
		if got.Attempted != n*want.Attempted || got.Accepted != n*want.Accepted || got.Failed != n ||
			got.BytesSent != n*want.BytesSent || *got.SuccessRate != *want.SuccessRate {
			t.Errorf("%d s: %+v, a second has %+v", seconds, got, want)
		}
		if a, b := res.Latency.Figures, one.Latency.Figures; math.Abs(a.P95S/b.P95S-1) > 1e-3 ||
			math.Abs(a.MeanS-b.MeanS) > 1e-9 {
			t.Errorf("%d s: p95 %v, mean %v, want %v, %v", seconds, a.P95S, a.MeanS, b.P95S, b.MeanS)
		}
		if res.Errors.HTTP["503"] != n || res.ErrorDetails[0].Count != n ||
			res.ErrorDetails[0].FirstS != 1 || res.ErrorDetails[0].LastS != float64(seconds) {
			t.Errorf("%d s: failures %+v, %+v", seconds, res.Errors, res.ErrorDetails)
		}
		if !strings.HasPrefix(running.Head, sending+": ") || !strings.HasSuffix(running.Head, " of 10 min") {
			t.Errorf("%d s: %q", seconds, running.Head)
		}
		checkSeries(t, &res, seconds)
	}
}

// checkSeries checks that the intervals of a result follow each other, and have all of its uploads.
func checkSeries(t *testing.T, res *measure.Result, seconds int) {
	t.Helper()
	if n := len(res.Series); n == 0 || n > maxIntervals || n != len(res.Histograms) {
		t.Fatalf("%d s: %d points, %d histograms", seconds, n, len(res.Histograms))
	}
	end, accepted, timed := 0.0, uint64(0), uint64(0)
	for i := range res.Series {
		p, h := &res.Series[i], &res.Histograms[i]
		if p.TS != end || p.MeanS == nil || *p.P50S > *p.P95S || *p.P95S > *p.MaxS || p.InFlight != 3 {
			t.Fatalf("%d s: a point after %v s: %+v", seconds, end, p)
		}
		if v, ok := p.Server.Get(measure.CPU); !ok || v != 0.5 || *p.Backlog != 5 || *p.StoredPerS <= 0 {
			t.Fatalf("%d s: of the server: %+v", seconds, p)
		}
		response, service, err := h.Decode()
		if err != nil || response.Count() != service.Count() || response.Count() != p.Accepted {
			t.Fatalf("%d s: %v, histograms of %d and %d of %d uploads", seconds, err, response.Count(),
				service.Count(), p.Accepted)
		}
		end, accepted, timed = p.TS+p.WidthS, accepted+p.Accepted, timed+response.Count()
	}
	if end != float64(seconds) || accepted != res.Totals.Accepted || timed != accepted {
		t.Errorf("until %v s: %d accepted, %d timed, want %d until %d s", end, accepted, timed, res.Totals.Accepted,
			seconds)
	}
}

// What was read of a run stays as it was, whatever the run does next.
func TestWhatIsShownDoesNotChange(t *testing.T) {
	d := NewDocument(Options{Version: "dev"})
	d.Observe(event.Started{Scenario: plan})
	second := func(i int) {
		e := event.Second{Cumulative: &measure.Cumulative{}}
		e.Elapsed = time.Duration(i+1) * time.Second
		e.Server.Set(measure.CPU, float64(i))
		d.Observe(e)
	}
	for i := range maxIntervals {
		second(i)
	}
	res, _ := d.resultSoFar()
	second(maxIntervals)
	for i, p := range res.Series {
		if cpu, _ := p.Server.Get(measure.CPU); cpu != float64(i) {
			t.Fatalf("second %d now shows %v processors", i, cpu)
		}
	}
	var observing sync.WaitGroup
	over := make(chan struct{})
	observing.Go(func() {
		defer close(over)
		recorded(d, 700)
	})
	defer observing.Wait()
	for {
		if _, err := d.render(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-over:
			return
		default:
		}
	}
}

// Alerts that open and close again and again are kept in limits, and the page says how many it leaves out.
func TestAlertsAreLimited(t *testing.T) {
	d := NewDocument(Options{Version: "dev"})
	recorded(d, 1)
	for i := range maxAlerts + 7 {
		d.Observe(event.AlertChanged{AlertChange: judge.AlertChange{Alert: measure.Alert{
			Severity: judge.Critical, KPI: judge.AlertErrorRate, Unit: "ratio", FromS: float64(i),
		}}})
	}
	res, _ := d.resultSoFar()
	if n := len(res.Alerts); n != maxAlerts || res.Alerts[0].FromS != 7 {
		t.Errorf("%d alerts, from %v s on", n, res.Alerts[0].FromS)
	}
	s, err := d.render()
	if want := "7 alerts before the last 200 are not shown"; err != nil || !strings.Contains(s.Main, want) {
		t.Errorf("%v: there is no %q in\n%.3000s", err, want, s.Main)
	}
}

// What is stored in a second is known by when storage was looked at, which is not once a second.
func TestStoredByTheLook(t *testing.T) {
	d := NewDocument(Options{})
	d.Observe(event.Started{Scenario: plan})
	for i, look := range []struct {
		at     time.Duration
		stored uint64
	}{{0, 0}, {1500 * time.Millisecond, 15}, {1500 * time.Millisecond, 15}, {3500 * time.Millisecond, 55}} {
		e := event.Second{Cumulative: &measure.Cumulative{}}
		e.Elapsed = time.Duration(i+1) * time.Second
		e.Storage = &verification.Progress{Progress: delivery.Progress{Stored: look.stored, At: look.at}}
		d.Observe(e)
	}
	res, _ := d.resultSoFar()
	rates := []float64{-1, 10, -1, 20}
	for i, p := range res.Series {
		got := -1.0
		if p.StoredPerS != nil {
			got = *p.StoredPerS
		}
		if got != rates[i] || (p.Stored != nil) != (got >= 0) {
			t.Errorf("second %d: %v/s stored, want %v", i+1, got, rates[i])
		}
	}
	both := merged(&d.series.list[1], &d.series.list[2])
	if p := both.asPoint(); p.StoredPerS == nil || *p.StoredPerS != 10 || *p.Stored != 15 {
		t.Errorf("two seconds as one: %+v", p)
	}
}

// The page says what is done, from the preparation to the end, and no figure before there is one.
func TestPageFollowsARun(t *testing.T) {
	d := NewDocument(Options{Version: "dev"})
	check := func(when string, want, not []string) {
		t.Helper()
		s, err := d.render()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(s.Main+s.Title, text) {
				t.Errorf("%s: the page has no %q:\n%.3000s", when, text, s.Main)
			}
		}
		for _, text := range append(not, "Data loss", "exit code", "Download") {
			if strings.Contains(s.Main, text) {
				t.Errorf("%s: the page has %q", when, text)
			}
		}
	}
	check("before", []string{"Running", "Preparing"}, []string{"chart-uploads", "<td"})
	recorded(d, 20)
	for _, to := range []float64{12, 15} {
		d.Observe(event.AlertChanged{AlertChange: judge.AlertChange{Alert: measure.Alert{
			Severity: judge.Critical, KPI: judge.AlertErrorRate, Unit: "ratio", Value: 0.5, Limit: 0.15, FromS: 4,
			ToS: to,
		}}})
	}
	check("while it runs", []string{
		"Sending calls: 20 s of 10 min", "so far", "scanner.lan", "chart-uploads", "chart-heat", "chart-backlog",
		"chart-percentiles", "chart-processors", "HTTP 503", "error rate", "4.0–15 s",
		"As it was when it was last looked at",
	}, []string{"all phases", "Verified by", "4.0–12 s"})
	warm := plan
	warm.WarmUp, warm.RampUp = time.Second, time.Second
	d.started.Scenario = warm
	check("with a warm-up", []string{"of all phases"}, nil)
	for _, tt := range []struct {
		event.Event
		words string
	}{
		{event.Draining{}, "the last uploads are awaited"},
		{event.Sent{}, "All calls are sent"},
		{event.AwaitingStorage{}, "Waiting until the calls are stored"},
	} {
		d.Observe(tt.Event)
		check(fmt.Sprintf("%T", tt.Event), []string{tt.words}, nil)
	}
	n := uint64(7)
	d.Observe(event.Accounted{Delivery: measure.Delivery{
		Method: "sqlite", Source: "calls.db", Acknowledged: &n, Stored: &n,
	}})
	check("accounted", []string{"Making the report", "Verified by sqlite, through calls.db"}, nil)
}

// A hostile text does not become markup.
func TestForeignTextIsEscaped(t *testing.T) {
	d := NewDocument(Options{Version: "dev"})
	hostile := plan
	hostile.URL = "http://<img src=x onerror=alert(1)>/\x1b[31m"
	d.Observe(event.Started{RunID: "<script>alert(1)</script>", At: time.Now(), Scenario: hostile})
	s, err := d.render()
	if err != nil || strings.Contains(s.Main, "<img") || strings.ContainsRune(s.Main+s.Title+s.When, '\x1b') {
		t.Errorf("%v: %s", err, s.Main)
	}
}

// The page of a search shows what is done, and the steps so far.
func TestPageFollowsASearch(t *testing.T) {
	d := NewDocument(Options{Version: "dev", Objectives: capacity.Defaults()})
	o := d.Search()
	p95 := 0.25
	for _, tt := range []struct {
		event capacity.Event
		words []string
	}{
		{capacity.AwaitingIdle{}, []string{"Waiting until the server is idle"}},
		{capacity.Preparing{RatePerS: 40}, []string{"Preparing 40/s"}},
		{capacity.Step{RatePerS: 40, Event: event.Started{Scenario: plan}}, []string{"scanner.lan"}},
		{
			capacity.Holding{RatePerS: 40, Snapshot: measure.Snapshot{Elapsed: 3 * time.Second, Accepted: 1200}},
			[]string{"Holding 40/s for 3 s: 1,200 accepted"},
		},
		{capacity.AwaitingStorage{RatePerS: 40}, []string{"the calls of 40/s are stored"}},
		{
			capacity.Ended{CapacityStep: report.CapacityStep{RatePerS: 40, OK: true, P95S: &p95}},
			[]string{"1 step", "250 ms", "chart-rate-times", "Objective"},
		},
		{capacity.AwaitingCount{RatePerS: 80}, []string{"the calls of 80/s are stored"}},
	} {
		o.Observe(tt.event)
		s, err := d.render()
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range append(tt.words, "Running") {
			if !strings.Contains(s.Main, words) {
				t.Errorf("%T: no %q in\n%s", tt.event, words, s.Main)
			}
		}
	}
}
