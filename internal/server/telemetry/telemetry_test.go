package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/telemetry"
)

// bench is a Telemetry whose values the test sets.
type bench struct {
	*telemetry.Telemetry
	counters *telemetry.Counters
	state    telemetry.State
	usage    call.Usage
	err      error // of the store and the disk
	log      bytes.Buffer
	now      time.Time
}

func newBench() *bench {
	b := &bench{
		counters: telemetry.NewCounters(), now: time.Unix(1_800_000_000, 0),
		state: telemetry.State{Connections: admission.ConnectionUsage{Open: 1, Limit: 4}},
	}
	b.Telemetry = telemetry.New(telemetry.Options{
		Version: "v1", Log: slog.New(slog.NewTextHandler(&b.log, nil)), Counters: b.counters,
		State:    func() telemetry.State { return b.state },
		Usage:    func(context.Context) (call.Usage, error) { return b.usage, b.err },
		FreeDisk: func() (uint64, error) { return 5e9, b.err },
	})
	return b
}

// sampleFor takes a sample each second for some time.
func (b *bench) sampleFor(d time.Duration) {
	for range int(d / time.Second) {
		b.now = b.now.Add(time.Second)
		b.Sample(context.Background(), b.now)
	}
}

// want compares values; NaN means that a value is absent.
func (b *bench) want(t *testing.T, values map[string]float64) {
	t.Helper()
	got := b.Values()
	for name, want := range values {
		if v := got[name]; math.IsNaN(want) != (v.Absent != "") || v.Absent == "" && math.Abs(v.Number-want) > 1e-9 {
			t.Errorf("%s is %+v, want %v", name, v, want)
		}
	}
}

func TestValuesAreOfTheLastMinute(t *testing.T) {
	b := newBench()
	absent := math.NaN()
	b.want(t, map[string]float64{
		"upload_rate": absent, "avg_response_time": absent, "memory_usage": absent, "error_rate": absent,
		"disk_usage":                absent,
		"transcription_queue_depth": absent, "db_connection_pool_usage": absent, "memory_growth": absent,
		"connection_usage": 0.25,
	})
	b.usage.AudioBytes = 600
	b.state.Store.Pool = call.PoolStats{InUse: 1, Max: 4}
	b.sampleFor(time.Second)
	for range 6 {
		b.counters.Accept(telemetry.Times{Received: time.Second, Waited: time.Second / 2, Total: 2 * time.Second})
	}
	b.counters.Refuse(telemetry.CauseMalformed, 400)
	b.counters.Refuse(telemetry.CauseDisk, 507)
	b.counters.Refuse(telemetry.CauseKey, 401) // not a sign of trouble
	b.sampleFor(20 * time.Second)
	b.want(t, map[string]float64{
		"upload_rate": 0.3, "avg_response_time": 2, "error_rate": 0.25, "disk_usage": 600,
		"db_connection_pool_usage": 0.25,
		"disk_free_bytes":          5e9, "breaker_open": 0, "database_unusable": 0,
	})
	if v := b.Values()["memory_usage"]; v.Absent != "" || v.Number < 1e6 {
		t.Errorf("memory_usage is %+v", v)
	}
	b.sampleFor(61 * time.Second)
	b.want(t, map[string]float64{"upload_rate": 0, "avg_response_time": absent, "error_rate": absent})
	b.err = errors.New("gone")
	b.sampleFor(10 * time.Second)
	b.want(t, map[string]float64{"disk_usage": absent, "disk_free_bytes": absent})
}

func TestStats(t *testing.T) {
	c := telemetry.NewCounters()
	c.Accept(telemetry.Times{})
	c.Duplicate()
	c.Test()
	c.Drop(2)
	c.Cut(3)
	c.Refuse(telemetry.CauseKey, 401)
	c.Refuse(telemetry.CauseQueue, 503)
	c.Refuse(telemetry.CauseInternal, 500)
	want := telemetry.Stats{Accepted: 1, Duplicates: 1, Refused: 1, Busy: 1, Failed: 1, DroppedFields: 2, CutFields: 3}
	if got := c.Stats(); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestAlertsAreRaisedAndCleared(t *testing.T) {
	b := newBench()
	raised := func() (names []string) {
		for _, a := range b.Alerts().Alerts {
			names = append(names, string(a.Severity)+" "+a.KPI)
		}
		return names
	}
	want := func(when string, names ...string) {
		t.Helper()
		if got := raised(); strings.Join(got, ", ") != strings.Join(names, ", ") {
			t.Errorf("%s: %q are raised, want %q", when, got, names)
		}
	}
	b.sampleFor(5 * time.Second)
	want("at first")
	b.state.Connections.Open = 4
	b.sampleFor(9 * time.Second)
	want("before it has lasted")
	b.sampleFor(3 * time.Second)
	want("after", "high connection_usage")
	b.state.Connections.Open = 3
	b.sampleFor(40 * time.Second)
	want("just within the limit", "high connection_usage")
	b.state.Connections.Open = 1
	b.sampleFor(32 * time.Second)
	want("clearly within the limit")
	b.state.Store.Bucket.State = call.BreakerHalfOpen
	b.sampleFor(time.Second)
	want("the bucket is away", "critical audio_store_away")
	b.state.Store.Bucket.State = ""
	b.sampleFor(32 * time.Second)
	want("the bucket is back")
	b.state.Store.Breaker.State, b.state.Unusable = call.BreakerOpen, true
	b.sampleFor(time.Second)
	want("a breaker opens", "critical breaker_open", "critical database_unusable")
	if n := strings.Count(b.log.String(), "alert raised"); n != 3 { // the store logs one of the four
		t.Errorf("%d alerts are logged as raised, want 3:\n%s", n, &b.log)
	}
	if n := len(b.Alerts().Rules); n != 14 {
		t.Errorf("%d rules", n)
	}
}

func TestMetricsAreGathered(t *testing.T) {
	b := newBench()
	b.state.Store.Stored = 7
	b.counters.Accept(telemetry.Times{})
	b.counters.Refuse(telemetry.CauseKey, 401)
	b.sampleFor(time.Second)
	want := `
# HELP rdiostress_store_calls_total Calls stored.
# TYPE rdiostress_store_calls_total counter
rdiostress_store_calls_total 7
`
	if err := testutil.GatherAndCompare(b.Registry(), strings.NewReader(want),
		"rdiostress_store_calls_total"); err != nil {
		t.Error(err)
	}
	document, err := b.Document()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"disk_usage":0`, `"transcription_queue_depth":"this server does not transcribe"`,
		`{"labels":{"reason":"key"},"value":1}`, `"rdiostress_upload_seconds":[{"labels":{"stage":"commit"},"count":1,`,
		`{"labels":{"kpi":"error_rate","severity":"high"},"value":0}`, `"go_gc_duration_seconds":[{"count":`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the document lacks %s", want)
		}
	}
}
