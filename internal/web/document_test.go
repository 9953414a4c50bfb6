package web

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
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

// recorded feeds a document with a run of some seconds, and returns its recorder.
func recorded(d *Document, seconds int) *measure.Recorder {
	r := measure.NewRecorder()
	random := rand.New(rand.NewPCG(1, 2))
	r.Accumulate(measure.Sending{
		Due: func(time.Duration) *uint64 { return nil }, InFlight: func() int { return 3 },
	})
	phase := r.AddPhase(measure.Phase{Name: "sustained", Scored: true})
	d.Observe(event.Started{RunID: "abc", At: time.Now(), Scenario: plan})
	d.Observe(event.PhaseBegan{Phase: "sustained", Scored: true})
	accepted := uint64(0)
	for i := range seconds {
		end := time.Duration(i+1) * time.Second
		for n := range 10 {
			took := time.Duration(float64(20*time.Millisecond) * math.Exp(random.NormFloat64()))
			o := measure.Outcome{Phase: phase, Due: end - took, Sent: end - took/2, Done: end, Bytes: 100}
			o.Lag = took / 100
			if n == 0 && i%3 == 0 {
				o.Class, o.Status = measure.Status, 503
			} else {
				accepted++
			}
			r.Shard(n).Record(&o)
		}
		r.Roll(end, 3, 0)
		e := event.Second{Snapshot: r.Snapshot(), Cumulative: r.Cumulative()}
		e.Storage = &verification.Progress{Progress: delivery.Progress{
			Acknowledged: accepted, Stored: accepted - 5, Backlog: 5, At: end,
		}}
		e.Server.Set(measure.CPU, 0.5)
		d.Observe(e)
	}
	return r
}

// What a document knows of a run is what its recorder has recorded, in few intervals however long the run is.
func TestDocumentIsTheRun(t *testing.T) {
	for _, seconds := range []int{1, 20, 320} {
		d := NewDocument(Options{Version: "dev"})
		r := recorded(d, seconds)
		res, running := d.resultSoFar()
		var want measure.Result
		length := time.Duration(seconds) * time.Second
		r.FillResult(&want, []measure.TimeSpan{{Length: length}})
		got, of := res.Totals, want.Totals
		if got.Attempted != of.Attempted || got.Accepted != of.Accepted || got.Failed != of.Failed ||
			got.BytesSent != of.BytesSent || *got.SuccessRate != *of.SuccessRate {
			t.Errorf("%d s: %+v, want %+v", seconds, got, of)
		}
		if a, b := res.Latency.Figures, want.Latency.Figures; math.Abs(a.P95S/b.P95S-1) > 1e-3 ||
			math.Abs(a.MeanS-b.MeanS) > 1e-9 {
			t.Errorf("%d s: p95 %v, mean %v, want %v, %v", seconds, a.P95S, a.MeanS, b.P95S, b.MeanS)
		}
		if n := res.Errors.HTTP["503"]; n != want.Errors.HTTP["503"] || res.ErrorDetails[0].Count != n {
			t.Errorf("%d s: %d times 503, want %d", seconds, n, want.Errors.HTTP["503"])
		}
		if seconds > 1 && res.ErrorDetails[0].LastS < float64(seconds-4) {
			t.Errorf("%d s: 503 was last seen at %v s", seconds, res.ErrorDetails[0].LastS)
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
