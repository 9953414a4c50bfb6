package exporter

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
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

const ms = time.Millisecond

// uploads returns the cumulative figures of a run that has sent some calls.
func uploads(accepted []time.Duration, failed ...measure.Outcome) *measure.Cumulative {
	r := measure.NewRecorder()
	due := uint64(len(accepted) + len(failed))
	r.Accumulate(measure.Sending{
		Due: func(time.Duration) *uint64 { return &due }, InFlight: func() int { return 0 },
	})
	r.AddPhase(measure.Phase{Scored: true})
	for _, d := range accepted {
		r.Shard(0).Record(&measure.Outcome{Done: d, Lag: ms, Bytes: 1000, Connected: true})
	}
	for i := range failed {
		r.Shard(0).Record(&failed[i])
	}
	r.Roll(time.Second, 0, 0)
	return r.Cumulative()
}

// second returns the event of a second of a run.
func second(c *measure.Cumulative) event.Second {
	s := event.Second{Cumulative: c}
	s.Elapsed, s.InFlight, s.Waiting = 3*time.Second, 7, 2
	return s
}

var open = scenario.Scenario{URL: "http://scanner.lan:3000", Rate: 10, MaxConcurrent: 50}

// values gathers all metrics but histograms, by name and labels.
func values(t *testing.T, e *Exporter) map[string]float64 {
	t.Helper()
	found := map[string]float64{}
	for _, f := range gather(t, e) {
		for _, m := range f.Metric {
			name := strings.TrimPrefix(f.GetName(), namespace)
			for _, l := range m.Label {
				name += " " + l.GetName() + "=" + l.GetValue()
			}
			switch {
			case m.Counter != nil:
				found[name] = m.Counter.GetValue()
			case m.Gauge != nil:
				found[name] = m.Gauge.GetValue()
			}
		}
	}
	return found
}

func gather(t *testing.T, e *Exporter) []*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(e)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// check compares some metrics. A value that is not a number must be absent.
func check(t *testing.T, when string, e *Exporter, want map[string]float64) {
	t.Helper()
	got := values(t, e)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		v, ok := got[name]
		if absent := math.IsNaN(want[name]); ok == absent || !absent && v != want[name] {
			t.Errorf("%s: %s is %v (there: %t), want %v", when, name, v, ok, want[name])
		}
	}
}

// The metrics follow a run from its preparation to its end. What is not known is absent, and every counter is there
// from the beginning.
func TestRun(t *testing.T) {
	absent := math.NaN()
	e := New("1.2.3")
	e.Observe(event.Preparing{})
	check(t, "before", e, map[string]float64{
		"build_info version=1.2.3": 1, "stage stage=preparing": 1, "stage stage=sending": 0, "calls_accepted_total": 0,
		"calls_failed_total class=reset parent=connection": 0, "calls_due_total": absent, "elapsed_seconds": absent,
		"stored_calls": absent, "alert kpi=error_rate severity=high": 0, "exit_code": absent,
	})
	e.Observe(event.Started{RunID: "abc", Scenario: open})
	check(t, "at the start", e, map[string]float64{
		"info model=open run_id=abc target=http://scanner.lan:3000": 1, "calls_due_total": 0,
		"stage stage=sending": 1, "uploads_in_flight_limit": 50,
	})
	e.Observe(event.PhaseBegan{Phase: "warm-up"})
	e.Observe(event.PhaseBegan{Phase: "sustained", Scored: true})
	s := second(uploads([]time.Duration{10 * ms, 2 * time.Second},
		measure.Outcome{Class: measure.Status, Status: 503}, measure.Outcome{Class: measure.Duplicate, Status: 409},
		measure.Outcome{Class: measure.Duplicate, Status: 200}))
	s.Server.Set(measure.CPU, 0.5)
	s.Server.Set(measure.DBLongestTransaction, 3)
	s.Server.Set(measure.WriteRate, 1000)
	s.Storage = &verification.Progress{}
	e.Observe(s)
	e.Observe(event.AlertChanged{AlertChange: judge.AlertChange{
		Alert: measure.Alert{KPI: judge.AlertErrorRate, Severity: judge.High}, Opened: true,
	}})
	e.Observe(event.MemoryAlert{Alert: &measure.Alert{}})
	check(t, "while it runs", e, map[string]float64{
		"phase_info phase=sustained scored=true": 1, "phase_info phase=warm-up scored=false": absent,
		"calls_due_total": 5, "uploads_started_total": 5, "calls_accepted_total": 2, "sent_bytes_total": 2000,
		"calls_failed_total class=http_status parent=http":   1,
		"calls_failed_total class=duplicate parent=http":     1,
		"calls_failed_total class=duplicate parent=rejected": 1,
		"calls_failed_http_total status=503":                 1, "calls_failed_http_total status=409": 1,
		"calls_failed_http_total status=200": absent, "connections_opened_total": 2,
		"elapsed_seconds": 3, "uploads_in_flight": 7, "calls_waiting": 2, "stored_calls": absent,
		"server_cpu_seconds_per_second": 0.5, "server_db_longest_transaction_seconds": 3,
		"server_write_bytes_per_second": 1000, "server_rss_bytes": absent,
		"alert kpi=error_rate severity=high": 1, "alert kpi=memory_growth severity=high": 1,
		"alert kpi=error_rate severity=critical": 0,
	})
	e.Observe(event.AlertChanged{AlertChange: judge.AlertChange{
		Alert: measure.Alert{KPI: judge.AlertErrorRate, Severity: judge.High},
	}})
	e.Observe(event.MemoryAlert{})
	e.Observe(event.Draining{})
	check(t, "while it drains", e, map[string]float64{
		"alert kpi=error_rate severity=high": 0, "alert kpi=memory_growth severity=high": 0, "stage stage=draining": 1,
	})
	e.Observe(event.Sent{})
	check(t, "when all is sent", e, map[string]float64{"server_cpu_seconds_per_second": absent})
	e.Observe(event.AwaitingStorage{Progress: verification.Progress{Progress: delivery.Progress{
		Acknowledged: 2, Stored: 1, Backlog: 1, At: time.Second,
	}}, Server: s.Server})
	check(t, "while it verifies", e, map[string]float64{
		"stage stage=verifying": 1, "acknowledged_calls": 2, "stored_calls": 1, "backlog_calls": 1,
		"lost_calls":                    absent,
		"server_cpu_seconds_per_second": 0.5, "phase_info phase=sustained scored=true": absent,
		"calls_accepted_total": 2,
	})
	two, one := uint64(2), uint64(1)
	e.Observe(event.Accounted{Delivery: measure.Delivery{Acknowledged: &two, Stored: &one, Lost: &one}})
	e.End(4)
	check(t, "at the end", e, map[string]float64{
		"server_cpu_seconds_per_second": absent,
		"stage stage=ended":             1, "stage stage=verifying": 0, "stored_calls": 1, "lost_calls": 1,
		"corrupted_calls": absent,
		"backlog_calls":   absent, "exit_code": 4, "calls_accepted_total": 2, "calls_due_total": 5,
	})
}

// Nothing is due in a closed model, and what a replay has due is not known before its end.
func TestDueIsOpen(t *testing.T) {
	replay := open
	replay.Replay.Recordings = 5
	closed := open
	closed.Rate = 0
	for name, s := range map[string]scenario.Scenario{"closed": closed, "replay": replay} {
		e := New("dev")
		e.Observe(event.Started{Scenario: s})
		check(t, name, e, map[string]float64{"calls_due_total": math.NaN(), "calls_accepted_total": 0})
	}
}

// The counters of a search are those of all its steps, and what is true of one step ends with it.
func TestSearch(t *testing.T) {
	e := New("dev")
	o := e.Search()
	for i := range 3 {
		rate := float64(10 * (i + 1))
		o.Observe(capacity.Preparing{RatePerS: rate})
		check(t, "before a step", e, map[string]float64{
			"stage stage=preparing": 1, "search_calls_per_second": rate, "calls_accepted_total": float64(2 * i),
		})
		for _, ev := range []event.Event{
			event.Started{RunID: "abc", Scenario: open},
			second(uploads([]time.Duration{ms})),
			second(uploads([]time.Duration{ms, 3 * ms}, measure.Outcome{Class: measure.Status, Status: 503})),
			event.Sent{},
		} {
			o.Observe(capacity.Step{RatePerS: rate, Event: ev})
		}
		o.Observe(capacity.AwaitingCount{})
		n := float64(i + 1)
		check(t, "after a step", e, map[string]float64{
			"stage stage=verifying": 1, "calls_accepted_total": 2 * n, "calls_due_total": 3 * n,
			"calls_failed_http_total status=503": n, "elapsed_seconds": 3,
		})
		o.Observe(capacity.Ended{CapacityStep: report.CapacityStep{OK: i < 2}})
	}
	o.Observe(capacity.Preparation{Event: event.Warning{}})
	e.End(0)
	check(t, "at the end", e, map[string]float64{
		"search_steps_total result=held": 2, "search_steps_total result=broke": 1, "stage stage=ended": 1,
		"search_calls_per_second": math.NaN(), "calls_accepted_total": 6,
	})
}

// The names, types and help texts are as Prometheus recommends, with all that can be there.
func TestNamesAreGood(t *testing.T) {
	e := New("dev")
	o := e.Search()
	o.Observe(capacity.Preparing{RatePerS: 5})
	e.Observe(event.Started{Scenario: open})
	e.Observe(event.PhaseBegan{Phase: "a \xff phase"})
	s := second(uploads([]time.Duration{ms}, measure.Outcome{Class: measure.Status, Status: 500}))
	for _, info := range measure.Signals() {
		s.Server.Set(info.Signal, 1)
	}
	e.Observe(s)
	n := uint64(1)
	e.mu.Lock()
	e.exitCode, e.account = new(int), &measure.Delivery{
		Acknowledged: &n, Stored: &n, Lost: &n, Corrupted: &n, Duplicated: &n, Pending: &n,
	}
	e.mu.Unlock()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(e)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families := gather(t, e)
	if len(families) < 30+len(measure.Signals()) {
		t.Errorf("only %d metrics", len(families))
	}
	for _, f := range families {
		if f.GetHelp() == "" {
			t.Errorf("%s has no help text", f.GetName())
		}
	}
}

// Histograms have the same samples in classic and native buckets.
func TestHistogram(t *testing.T) {
	list := []time.Duration{
		500 * time.Nanosecond, ms, 10 * ms, 10 * ms, 999 * ms, 1001 * ms, 3 * time.Second, time.Hour,
	}
	e := New("dev")
	e.Observe(event.Started{Scenario: open})
	e.Observe(second(uploads(list)))
	families := gather(t, e)
	i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool {
		return f.GetName() == namespace+"response_time_seconds"
	})
	if i < 0 {
		t.Fatal("there is no histogram")
	}
	h := families[i].Metric[0].Histogram
	sum := 0.0
	for _, d := range list {
		sum += d.Seconds()
	}
	if h.GetSampleCount() != 8 || math.Abs(h.GetSampleSum()-sum) > 1e-9 || h.CreatedTimestamp == nil {
		t.Errorf("%d samples, sum %v, want %d, %v", h.GetSampleCount(), h.GetSampleSum(), len(list), sum)
	}
	classic := map[float64]uint64{}
	for _, b := range h.Bucket {
		classic[b.GetUpperBound()] = b.GetCumulativeCount()
	}
	for edge, want := range map[float64]uint64{0.001: 1, 0.0025: 2, 0.01: 2, 0.025: 4, 1: 5, 2: 6, 3: 6, 5: 7, 60: 7} {
		if classic[edge] != want {
			t.Errorf("%d samples of up to %v s, want %d", classic[edge], edge, want)
		}
	}
	checkNative(t, h, list)
}

// checkNative checks that each duration is in its native bucket, or in the next where it is at the very edge.
func checkNative(t *testing.T, h *dto.Histogram, list []time.Duration) {
	t.Helper()
	if h.GetSchema() != schema || h.GetZeroCount() != 0 {
		t.Errorf("schema %d, %d zeros", h.GetSchema(), h.GetZeroCount())
	}
	var found []int
	index, count, deltas := 0, int64(0), h.PositiveDelta
	for _, span := range h.PositiveSpan {
		index += int(span.GetOffset())
		for range span.GetLength() {
			count += deltas[0]
			deltas = deltas[1:]
			for range count {
				found = append(found, index)
			}
			index++
		}
	}
	if len(found) != len(list) {
		t.Fatalf("%d samples in native buckets, want %d", len(found), len(list))
	}
	for i, d := range list {
		most := min(d, 10*time.Minute).Seconds()
		high := math.Exp2(float64(found[i]) / 16)
		low := math.Exp2(float64(found[i]-1) / 16)
		if most > high*1.0001 || most < low*0.998 && d > time.Microsecond {
			t.Errorf("%v is in the bucket from %v to %v s", d, low, high)
		}
	}
}

// A metric that cannot be made is an error of the gathering, not a panic in a server.
func TestInvalidHistogram(t *testing.T) {
	e := New("dev")
	broken := &measure.Cumulative{}
	broken.Response.Count = 5 // and no buckets
	e.Observe(second(broken))
	registry := prometheus.NewRegistry()
	registry.MustRegister(e)
	if _, err := registry.Gather(); err == nil || !strings.Contains(err.Error(), "count") {
		t.Error(errors.Join(errors.New("a broken histogram is not noticed"), err))
	}
}
