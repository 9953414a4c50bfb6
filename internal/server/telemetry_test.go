package server_test

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"rdiostress/internal/server"
	"rdiostress/internal/server/call"
)

// steppedClock is a clock that the test advances.
type steppedClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *steppedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *steppedClock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// sampleFor samples the server each second for some time.
func (r *rig) sampleFor(t testing.TB, c *steppedClock, d time.Duration) {
	t.Helper()
	for range int(d / time.Second) {
		c.step(time.Second)
		r.server.Sample(t.Context())
	}
}

// metricsOf returns /metrics as JSON.
func (r *rig) metricsOf(t testing.TB) (kpis map[string]any) {
	t.Helper()
	resp, body := r.get(t, "/metrics", "Accept", "application/json")
	if err := json.Unmarshal([]byte(body), &kpis); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s %s: %v", resp.Status, body, err)
	}
	return kpis
}

// The guide's KPIs are of the last minute. An unknown value is absent with a reason.
func TestKPIs(t *testing.T) {
	clock := &steppedClock{at: now}
	r := newRig(t, func(o *server.Options) { o.Now = clock.now })
	absent := r.metricsOf(t)["absent"].(map[string]any)
	for _, name := range []string{
		"upload_rate", "avg_response_time", "memory_usage", "transcription_queue_depth", "error_rate", "disk_usage",
	} {
		if absent[name] == nil {
			t.Errorf("%s is not absent before the first look", name)
		}
	}
	r.server.Sample(t.Context())
	for range 6 {
		r.upload(t)
	}
	r.post(t, strings.NewReader(form(callWith(field{"system", "one"}))))
	r.post(t, strings.NewReader(form(callWith(field{"system", "one"}))))
	r.post(t, strings.NewReader(form(callWith(field{"key", "wr0ng"}))))
	r.sampleFor(t, clock, 20*time.Second)
	got := r.metricsOf(t)
	for name, want := range map[string]any{
		"upload_rate": 0.3, "error_rate": 0.25, "disk_usage": 600.0,
		"db_connection_pool_usage": 0.0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if v, ok := got["avg_response_time"].(float64); !ok || v <= 0 || v > 10 {
		t.Errorf("avg_response_time is %v", got["avg_response_time"])
	}
	if v, ok := got["memory_usage"].(float64); !ok || v < 1e6 || v > 1e11 {
		t.Errorf("memory_usage is %v", got["memory_usage"])
	}
	if reasons := got["absent"].(map[string]any); len(reasons) != 1 || reasons["transcription_queue_depth"] == nil {
		t.Errorf("absent: %v", reasons)
	}
	r.sampleFor(t, clock, 61*time.Second)
	got = r.metricsOf(t)
	if got["upload_rate"] != 0.0 || got["error_rate"] != nil || got["avg_response_time"] != nil {
		t.Errorf("a minute later: %v %v %v", got["upload_rate"], got["error_rate"], got["avg_response_time"])
	}
}

// A stored call shows in the next sample, at most a second later.
func TestDiskUsageIsFresh(t *testing.T) {
	clock := &steppedClock{at: now}
	r := newRig(t, func(o *server.Options) { o.Now = clock.now })
	for i := range 3 {
		if i > 0 {
			r.upload(t)
			clock.step(time.Minute) // however long Usage took before
		}
		r.server.Sample(t.Context())
		if got, want := r.metricsOf(t)["disk_usage"], 100.0*float64(i); got != want {
			t.Errorf("after %d calls disk_usage is %v, want %v", i, got, want)
		}
	}
}

// Every documented metric exists in Prometheus's format and counts.
func TestMetrics(t *testing.T) {
	r := newRig(t)
	r.upload(t)
	r.server.Sample(t.Context())
	r.post(t, strings.NewReader(form(callWith(field{"key", "wr0ng"}))))
	r.post(t, strings.NewReader(form(callWith(field{"test", "1"}))))
	resp, body := r.get(t, "/metrics", "Accept", "text/plain;version=0.0.4, application/json;q=0.9")
	if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("got %s %v", resp.Status, resp.Header)
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	for _, p := range problems {
		if !strings.HasPrefix(p.Metric, "go_") { // the library's own
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{
		`rdiostress_uploads_total{result="accepted"} 1`, `rdiostress_uploads_total{result="test"} 1`,
		`rdiostress_uploads_refused_total{reason="key"} 1`, `rdiostress_uploads_refused_total{reason="disk_full"} 0`,
		`rdiostress_upload_seconds_count{stage="read"} 1`, `rdiostress_upload_seconds_count{stage="queue"} 1`,
		`rdiostress_upload_seconds_count{stage="commit"} 1`, "rdiostress_store_batch_calls_count",
		"rdiostress_upload_queue 0",
		"rdiostress_upload_queue_limit 1000", "rdiostress_workers 10", "rdiostress_store_queue 0",
		`rdiostress_store_breaker{state="closed"} 1`, `rdiostress_store_connections{state="in_use"}`,
		"rdiostress_temporary_files_open 0", "go_goroutines ", "rdiostress_disk_free_bytes ", "memory_usage " +
			"", "disk_usage 100",
		`rdiostress_alert{kpi="error_rate",severity="critical"} 0`, "process_cpu_seconds_total",
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	if n, err := testutil.GatherAndCount(r.server.Registry()); n == 0 || err != nil {
		t.Errorf("%d metrics, %v", n, err)
	}
}

// alertsOf returns the raised alerts.
func (r *rig) alertsOf(t testing.TB) (raised []string) {
	t.Helper()
	_, body := r.get(t, "/api/alerts")
	var reply struct {
		Alerts []struct{ KPI, Severity, Since string }
		Rules  []struct{ KPI string }
	}
	if err := json.Unmarshal([]byte(body), &reply); err != nil || len(reply.Rules) != 14 {
		t.Fatalf("%s: %v", body, err)
	}
	for _, a := range reply.Alerts {
		raised = append(raised, a.Severity+" "+a.KPI)
	}
	return raised
}

// An alert is raised when a value is over its limit for some time, cleared when it is clearly within the limit for
// longer, and logged each time.
func TestAlerts(t *testing.T) {
	clock := &steppedClock{at: now}
	r := newRig(t, func(o *server.Options) { o.Now = clock.now })
	r.sampleFor(t, clock, 5*time.Second)
	want := func(when string, list ...string) {
		t.Helper()
		if got := r.alertsOf(t); strings.Join(got, ", ") != strings.Join(list, ", ") {
			t.Errorf("%s: %q are raised, want %q", when, got, list)
		}
	}
	want("at first")
	for range 9 {
		r.upload(t)
	}
	r.post(t, strings.NewReader(form(callWith(field{"system", "one"})))) // one in ten
	r.sampleFor(t, clock, 9*time.Second)
	want("before it has lasted")
	r.sampleFor(t, clock, 2*time.Second)
	want("after", "high error_rate")
	for range 5 {
		r.post(t, strings.NewReader(form(callWith(field{"system", "one"}))))
	}
	r.sampleFor(t, clock, 12*time.Second)
	want("worse", "critical error_rate", "high error_rate")
	r.sampleFor(t, clock, 70*time.Second) // no upload in the last minute
	want("quiet for a moment", "critical error_rate", "high error_rate")
	r.sampleFor(t, clock, 32*time.Second)
	want("quiet")
	log := r.log.String()
	if strings.Count(log, "alert raised") != 2 || strings.Count(log, "alert cleared") != 2 ||
		!strings.Contains(log, `level=ERROR msg="alert raised" kpi=error_rate severity=critical limit=0.15 value=0.4`) {
		t.Errorf("log:\n%s", log)
	}
}

// An open circuit breaker raises an alert at once, and so does a database that does not answer for /ready.
func TestBreakerIsSeen(t *testing.T) {
	clock := &steppedClock{at: now}
	stats := call.Stats{Breaker: call.BreakerStats{State: call.BreakerOpen, Opened: 1, Failures: 10}}
	r := newRig(t, func(o *server.Options) {
		o.Now, o.Store = clock.now, statsStore{o.Store, func() call.Stats { return stats }}
	})
	r.server.Sample(t.Context())
	if got := r.alertsOf(t); len(got) != 1 || got[0] != "critical breaker_open" {
		t.Errorf("raised: %q", got)
	}
	if resp, body := r.get(t, "/ready"); resp.StatusCode != 503 || !strings.Contains(body, `"database":"unavailable"`) {
		t.Errorf("/ready: got %s %q", resp.Status, body)
	}
	if resp, body := r.get(t, "/health"); resp.StatusCode != 200 || !strings.Contains(body, `"status":"degraded"`) {
		t.Errorf("/health: got %s %q", resp.Status, body)
	}
	if _, body := r.get(t, "/metrics"); !strings.Contains(body, `rdiostress_store_breaker{state="open"} 1`) {
		t.Error("the metrics do not show it")
	}
}

// statsStore returns the statistics that the test sets.
type statsStore struct {
	call.Store

	stats func() call.Stats
}

func (s statsStore) Stats() call.Stats { return s.stats() }

// A failing store is tried again: a server that gets no uploads could not show that it works again. It is ready once
// something was written, and not earlier.
func TestReady(t *testing.T) {
	var put error
	r := newRig(t, func(o *server.Options) { o.Store = brokenStore{o.Store, func() error { return put }} })
	if resp, body := r.get(t, "/ready"); resp.StatusCode != 200 ||
		body != `{"ready":true,"checks":{"database":"connected","disk":"free","server":"running"}}`+"\n" {
		t.Errorf("got %s %q", resp.Status, body)
	}
	put = errors.New("disk sda1 is on fire")
	r.post(t, strings.NewReader(form(callWith())))
	for range 3 {
		resp, body := r.get(t, "/ready")
		if resp.StatusCode != 503 || !strings.Contains(body, `"database":"not storing"`) ||
			resp.Header.Get("Retry-After") == "" {
			t.Errorf("got %s %q", resp.Status, body)
		}
	}
	put = nil
	eventually(t, "it is ready again", func() bool {
		resp, _ := r.get(t, "/ready")
		return resp.StatusCode == 200
	})
	if log := r.log.String(); strings.Count(log, "calls cannot be stored;") != 1 ||
		strings.Count(log, "calls can be stored again") != 1 {
		t.Errorf("logged:\n%s", log)
	}
}

// A server whose disk has less free space than required refuses uploads and is not ready.
func TestReadyNeedsDisk(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.MinFreeDisk = math.MaxInt64 })
	if resp, body := r.get(t, "/ready"); resp.StatusCode != 503 || !strings.Contains(body, `"disk":"full"`) {
		t.Errorf("got %s %q", resp.Status, body)
	}
}

// A server that is told to stop is not ready, and accepts uploads for the drain time.
func TestDrainTime(t *testing.T) {
	r := newRig(t, func(o *server.Options) { o.DrainTime = time.Hour })
	ln, stop, ended := serve(t, r)
	r.URL = "http://" + r.addr
	stop()
	eventually(t, "/ready reports it", func() bool {
		resp, err := http.Get("http://" + r.addr + "/ready")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode == 503 && strings.Contains(string(body), `"server":"stopping"`)
	})
	if resp, body := r.post(t, strings.NewReader(form(callWith()))); resp.StatusCode != 200 {
		t.Errorf("an upload meanwhile: %s %q", resp.Status, body)
	}
	ln.Close() // instead of waiting for an hour
	<-ended
	short := newRig(t, func(o *server.Options) { o.DrainTime = time.Millisecond })
	_, stop, ended = serve(t, short)
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
