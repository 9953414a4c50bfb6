package measure

import (
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ms = time.Millisecond

func TestRecorderAddsUp(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Scored: true})
	outcomes := []Outcome{
		{Due: 0, Sent: 10 * ms, Done: 100 * ms, Lag: 2 * ms, Bytes: 1000},
		{Due: 50 * ms, Sent: 60 * ms, Done: 350 * ms, Lag: 4 * ms, Bytes: 1000},
		{Due: 60 * ms, Done: 400 * ms, Lag: -1, Class: Status, Status: 503, Bytes: 10, Detail: "503 busy"},
		{Due: 60 * ms, Done: 300 * ms, Lag: -1, Class: Status, Status: 503, Bytes: 10, Detail: "503 first"},
		{Due: 60 * ms, Done: 500 * ms, Lag: -1, Class: Status, Status: 500, Bytes: 10, Detail: "500 oops"},
		{Due: 60 * ms, Done: 500 * ms, Lag: -1, Class: Reset, Detail: "gone"},
		{Due: 60 * ms, Done: 500 * ms, Lag: -1, Class: ConnectTimeout},
		{Due: 60 * ms, Done: 500 * ms, Lag: -1, Class: Duplicate, Status: 200, Bytes: 10},
	}
	for i := range outcomes {
		r.Shard(i).Record(&outcomes[i])
	}
	r.Roll(time.Second, 3, 0)
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: 2 * time.Second}})

	success, failure := 0.25, 0.75
	want := Totals{
		Attempted: 8, Accepted: 2, Failed: 6, SuccessRate: &success, ErrorRate: &failure, UploadsPerS: 4,
		BytesSent: 2040,
	}
	if diff := cmp.Diff(want, res.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	wantErrors := Errors{Timeout: 1, Connection: 1, HTTP: map[string]uint64{"500": 1, "503": 2}, Rejected: 1}
	if diff := cmp.Diff(wantErrors, res.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if got, want := res.Latency.MeanS, 0.2; got != want {
		t.Errorf("mean response time %v s, want %v", got, want)
	}
	if got, want := res.ServiceTime.MeanS, 0.19; got != want {
		t.Errorf("mean service time %v s, want %v", got, want)
	}
	busiest := ErrorDetail{
		Class: "http_status", Parent: "http", Status: 503, Count: 2, FirstS: 0.3, LastS: 0.4, Sample: "503 first",
	}
	if diff := cmp.Diff(busiest, res.ErrorDetails[0]); diff != "" {
		t.Errorf("most frequent failure (-want +got):\n%s", diff)
	}
	if res.Generator.LagMaxS == nil || *res.Generator.LagMaxS != 0.004 {
		t.Errorf("largest lag %v, want 4 ms", res.Generator.LagMaxS)
	}
	snap := r.Snapshot()
	if snap.Attempted != 8 || snap.Accepted != 2 || snap.Failed != 6 || snap.InFlight != 3 || snap.Last.PerSecond != 8 {
		t.Errorf("snapshot %+v", snap)
	}
}

func TestRecorderWithoutSamples(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Scored: true})
	r.Roll(time.Second, 0, 0)
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: time.Second}})
	if res.Totals.SuccessRate != nil || res.Totals.ErrorRate != nil {
		t.Error("a rate of nothing is not absent")
	}
	if res.Latency.Figures != nil || res.Latency.Absent == "" {
		t.Errorf("latency of nothing: %+v", res.Latency)
	}
	if _, err := json.Marshal(res); err != nil {
		t.Error(err)
	}
}

// Every outcome that concurrent goroutines record during rolls is counted exactly once.
func TestRecorderLosesNothing(t *testing.T) {
	const uploaders, each = 16, 5000
	r := NewRecorder()
	r.AddPhase(Phase{Scored: true})
	var wg sync.WaitGroup
	for i := range uploaders {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			for range each {
				o := Outcome{Done: time.Duration(rng.IntN(1000)) * ms, Lag: -1}
				if rng.IntN(10) == 0 {
					o.Class, o.Status = Status, uint16(500+rng.IntN(4))
				}
				r.Shard(i).Record(&o)
			}
		})
	}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	elapsed := time.Duration(0)
	for done := false; !done; {
		select {
		case <-finished:
			done = true
		default:
		}
		elapsed += time.Second
		r.Roll(elapsed, 0, 0)
	}
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: elapsed}})
	if res.Totals.Attempted != uploaders*each {
		t.Errorf("attempted %d, want %d", res.Totals.Attempted, uploaders*each)
	}
	if res.Latency.Count != res.Totals.Accepted {
		t.Errorf("%d latencies of %d accepted uploads", res.Latency.Count, res.Totals.Accepted)
	}
	var http, series uint64
	for _, n := range res.Errors.HTTP {
		http += n
	}
	for _, p := range res.Series {
		series += p.Attempted
		kinds := uint64(0)
		for _, f := range p.Failures {
			kinds += f.Count
		}
		if kinds != p.Failed {
			t.Errorf("at %g s %d failed, by kind %+v", p.TS, p.Failed, p.Failures)
		}
	}
	if http != res.Totals.Failed || series != res.Totals.Attempted {
		t.Errorf(
			"by status %d of %d failed, in the series %d of %d", http, res.Totals.Failed, series,
			res.Totals.Attempted,
		)
	}
}

func TestSeriesCoarsensWithTime(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Scored: true})
	const hours = 24
	for s := 1; s <= hours*3600; s++ {
		if s%600 == 0 {
			r.Shard(0).Record(&Outcome{Done: ms, Lag: NoLag})
		}
		r.Roll(time.Duration(s)*time.Second, 0, 0)
	}
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: hours * time.Hour}})
	if want := 600 + 300 + 23*60; len(res.Series) != want {
		t.Errorf("%d points, want %d", len(res.Series), want)
	}
	if want := 3600 + 9*360 + 14*60; len(res.FineSeries) != want {
		t.Errorf("%d finer points, want %d", len(res.FineSeries), want)
	}
	var sum uint64
	at := 0.0
	for _, p := range res.Series {
		if p.TS != at {
			t.Fatalf("point at %v s, want %v: the series has a gap", p.TS, at)
		}
		at += p.WidthS
		sum += p.Attempted
	}
	if at != hours*3600 || sum != res.Totals.Attempted {
		t.Errorf("the series covers %v s and %d uploads, want %d and %d", at, sum, hours*3600, res.Totals.Attempted)
	}
}

func TestEveryClassHasANameAndAParent(t *testing.T) {
	seen := map[string]bool{}
	for c := Accepted; c < numClasses; c++ {
		if name := c.String(); name == "unknown" || seen[name] {
			t.Errorf("class %d is called %q", c, name)
		} else {
			seen[name] = true
		}
		if (c.Parent() == ParentNone) != (c == Accepted) {
			t.Errorf("%v has parent %q", c, c.Parent())
		}
	}
	if numClasses.String() != "unknown" {
		t.Errorf("no class is called %q", numClasses)
	}
}

func BenchmarkRecord(b *testing.B) {
	r := NewRecorder()
	r.AddPhase(Phase{Scored: true})
	next := make(chan int, 1)
	next <- 0
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		i := <-next
		next <- i + 1
		shard := r.Shard(i)
		o := Outcome{Due: ms, Sent: 2 * ms, Done: 30 * ms, Lag: 50 * time.Microsecond, Bytes: 16384}
		for pb.Next() {
			shard.Record(&o)
		}
	})
}

func TestFirstCallsBesideTheOthers(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Name: "sustained", Scored: true})
	for i := range 10 {
		o := Outcome{Done: 20 * time.Millisecond, Class: Accepted}
		if i < 2 {
			o.First, o.Done = true, 100*time.Millisecond
		}
		r.Shard(i).Record(&o)
	}
	// failed: its time does not count
	r.Shard(0).Record(&Outcome{First: true, Done: time.Second, Class: Reset})
	r.Roll(time.Second, 0, 0)
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: time.Second}})
	want := FirstCalls{Count: 2, MeanS: 0.1, LaterMeanS: 0.02}
	if res.FirstCalls == nil || *res.FirstCalls != want {
		t.Errorf("first calls %+v, want %+v", res.FirstCalls, want)
	}
	if n := res.Series[0].FirstCalls; n != 2 {
		t.Errorf("%d first calls in the first second, want 2", n)
	}
}

// The 95th percentile of eleven uploads is the slowest one, in totals, phases, steps, the series, the snapshot for
// rules and progress, and the trend. Each figure says that eleven uploads are too few to show it.
func TestOneSlowUploadOfElevenEverywhere(t *testing.T) {
	const slow = 3200 * ms
	r := NewRecorder()
	phase := r.AddPhase(Phase{Name: "sustained", Scored: true})
	for i := range 11 {
		took := 49 * ms
		if i == 4 {
			took = slow
		}
		const done = time.Hour - 500*ms
		o := Outcome{Due: done - took, Sent: done - took, Done: done, Phase: phase, Lag: took}
		o.Steps = [numSteps]time.Duration{Connect: took, Handshake: took, Send: took, Wait: took, Read: took}
		r.Shard(i).Record(&o)
	}
	r.Roll(time.Hour, 0, 0)
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: time.Hour}})
	for name, d := range map[string]Distribution{
		"latency": res.Latency, "service time": res.ServiceTime, "phase": res.Phases[0].Latency,
		"connect": res.Steps.Connect, "read": res.Steps.Read,
	} {
		if d.P95S != 3.2 || d.P90S > 0.05 {
			t.Errorf("%s: p90 %g s, p95 %g s", name, d.P90S, d.P95S)
		}
		if diff := cmp.Diff([]string{"p95_s", "p99_s", "p999_s"}, d.FewSamples); diff != "" {
			t.Errorf("%s: few samples (-want +got):\n%s", name, diff)
		}
	}
	if p := res.Series[0]; *p.P95S != 3.2 || *p.MaxS != 3.2 || *p.P50S > 0.05 {
		t.Errorf("series: p50 %g s, p95 %g s, max %g s", *p.P50S, *p.P95S, *p.MaxS)
	}
	if s := res.Trend[0]; *s.P95S != 3.2 || len(s.FewSamples) != 1 {
		t.Errorf("trend: p95 %g s, few samples for %v", *s.P95S, s.FewSamples)
	}
	if g := res.Generator; *g.LagP99S != 3.2 || len(g.FewSamples) != 1 || g.FewSamples[0] != "lag_p99_s" {
		t.Errorf("lag: p99 %g s, few samples for %v", *g.LagP99S, g.FewSamples)
	}
	now := r.Snapshot()
	if now.P95 != slow || now.Last.P95 != slow || now.HourP95 != slow || now.P95Of != 11 || now.HourP95Of != 11 {
		t.Errorf("snapshot %+v", now)
	}
}

// An interval has the failures of its own, by kind, and a bounded number of kinds.
func TestFailuresOfAnInterval(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Scored: true})
	fail := func(c Class, status uint16, times int) {
		for range times {
			r.Shard(0).Record(&Outcome{Class: c, Status: status, Done: ms, Lag: NoLag})
		}
	}
	fail(Status, 503, 2)
	fail(Timeout, 0, 3)
	r.Roll(time.Second, 0, 0)
	fail(Status, 503, 1)
	r.Roll(2*time.Second, 0, 0)
	r.Roll(3*time.Second, 0, 0)
	for status := range uint16(20) {
		fail(Status, 400+status, 1)
	}
	r.Roll(4*time.Second, 0, 0)
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: 4 * time.Second}})
	want := [][]PointFailure{
		{{Class: "reply_timeout", Count: 3}, {Class: "http_status", Status: 503, Count: 2}},
		{{Class: "http_status", Status: 503, Count: 1}},
		nil,
	}
	for i, list := range want {
		if diff := cmp.Diff(list, res.Series[i].Failures); diff != "" {
			t.Errorf("interval %d: %s", i, diff)
		}
	}
	if n := len(res.Series[3].Failures); n != mostPointFailures || res.Series[3].Failed != 20 {
		t.Errorf("%d kinds of 20: %+v", n, res.Series[3])
	}
}
