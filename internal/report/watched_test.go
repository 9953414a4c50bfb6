package report

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
)

// soak is a run of three hours whose server was watched: it leaks 30 MB an hour, and failed for a while.
func soak() measure.Result {
	const points, each, width = 1080, 20, 10.0
	res := result(points*each, 0, 21*time.Millisecond, 180*time.Millisecond)
	res.Run.DurationS, res.Run.SendingS, res.Scenario.DurationS = points*width, points*width, points*width
	setCounts(&res, points*each-60, 60)
	res.Latency, res.ServiceTime = spreadOut(points*each-60, 21*time.Millisecond, 180*time.Millisecond), spreadOut(points*each-60, 20*time.Millisecond, 170*time.Millisecond)
	res.Phases[0].Latency, res.Phases[0].ServiceTime, res.Phases[0].Totals = res.Latency, res.ServiceTime, res.Totals
	res.Errors.HTTP["503"] = 60
	res.ErrorDetails = []measure.ErrorDetail{{
		Class: "http_status", Parent: "http", Status: 503, Count: 60, FirstS: 3600, LastS: 3629, Sample: "busy",
	}}
	res.Series = nil
	for i := range points {
		p := measure.Point{TS: float64(i) * width, WidthS: width, Attempted: each, Accepted: each, InFlight: 1}
		if i >= 360 && i < 363 {
			p.Accepted, p.Failed = 0, each
		} else {
			mean, p95 := 0.04, 0.09+0.05*float64(i)/points
			p.MeanS, p.P50S, p.P95S, p.MaxS = &mean, &mean, &p95, &p95
		}
		p.Server = serverAt(i, p.TS)
		res.Series = append(res.Series, p)
	}
	for i := range 18 {
		p95 := 0.09 + 0.05*float64(i)/18
		res.Trend = append(res.Trend, measure.TrendPoint{FromS: 600 * float64(i), ToS: 600 * float64(i+1), P95S: &p95})
	}
	res.Watch = measure.Watch{
		Process: "rdio-scanner", PID: 4711, Processors: 2, DataFolders: []string{"/var/lib/rdio"}, Events: []string{"3601 s: the server's process 4711 ended"},
		MemoryKind: measure.MemorySummed, MemoryNote: "the proportional memory of its processes cannot be read: permission denied",
		Others:     []measure.OtherProcess{{Name: "postgres", CPUSPerS: 0.31, Backend: true}, {Name: "chromium", CPUSPerS: 0.22}},
		MetricsURL: "http://localhost:8000/metrics", Database: "rdio on localhost:5432",
		Absent: map[string]string{measure.TranscriptionQueue.Name(): "http://localhost:8000/metrics does not show it"},
	}
	return res
}

// serverAt has a value for every signal but two.
func serverAt(i int, t float64) *measure.Observation {
	var seen measure.Observation
	for sig := range measure.NumSignals {
		seen.Set(sig, float64(sig)+2)
	}
	seen.Set(measure.RSS, 60e6+float64(i%6)*4e6+30e6*t/3600)
	seen.Set(measure.CPU, 0.4)
	seen.Set(measure.StoredCalls, 1000+2*t)
	seen.Set(measure.StoredBytes, 1e6+3e4*t)
	seen.Set(measure.DataSize, 2e6+3e4*t)
	seen.Set(measure.DiskFree, 20e9-1e6*t)
	seen.Set(measure.MachineCPU, 0.61)
	seen.Set(measure.GeneratorCPU, 0.25)
	seen.Set(measure.OtherCPU, 0.57)
	seen.Set(measure.BackendCPU, 0.31)
	seen.Set(measure.MachineIOWait, 0.02)
	seen.Set(measure.PoolUsage, 0.35)
	seen.Set(measure.BreakerOpen, 0)
	seen.Set(measure.DBLongestTransaction, 0.012)
	seen.Drop(measure.TranscriptionQueue)
	seen.Drop(measure.Heap)
	return &seen
}

func TestSoakReport(t *testing.T) {
	rep := New(soak(), "1.2.3")
	if rep.Memory.Stabilises != No || *rep.Memory.GrowthBytesPerH < 28e6 || *rep.Memory.GrowthBytesPerH > 32e6 {
		t.Errorf("memory: %+v", rep.Memory)
	}
	var kinds []string
	for _, a := range rep.Alerts {
		kinds = append(kinds, a.Severity+" "+a.KPI)
	}
	if got := strings.Join(kinds, ", "); got != "high memory_growth, critical error_rate, high error_rate" {
		t.Errorf("alerts: %s", got)
	}
	if len(rep.Trend) != 18 || *rep.Trend[0].StoredPerS != 2 || *rep.Trend[17].P95S < *rep.Trend[0].P95S {
		t.Errorf("trend: %d stretches, %+v", len(rep.Trend), rep.Trend[0])
	}
	if k := rep.KPIs.TranscriptionQueueDepth; k.Mean != nil || !strings.Contains(k.Absent, "does not show it") {
		t.Errorf("a figure that nobody showed: %+v", k)
	}
	if k := rep.KPIs.DBConnectionPoolUsage; k.Mean == nil || *k.Max != 0.35 {
		t.Errorf("pool: %+v", k)
	}
	for _, h := range rep.Trend {
		if h.ToS-h.FromS != 600 {
			t.Errorf("stretch %+v", h)
		}
	}
	// What was verified counts before the server's own word.
	res := soak()
	for i := range res.Series {
		n := uint64(i) * 10
		res.Series[i].Stored = &n
	}
	if perS := Hours(res)[0].StoredPerS; perS == nil || *perS != 1 {
		t.Errorf("verified storage rate %v", perS)
	}
	if line := rep.Trend[3].Words(); !strings.Contains(line, "2.00 accepted/s, 0.00 % failed, p95 ") || !strings.Contains(line, "2.00 stored/s, server's memory ") {
		t.Errorf("line %q", line)
	}
}

// eachSecond are moments of one second each, with the given uploads and mean response time.
func eachSecond(from int, n int, attempted, accepted uint64, mean float64) (list []Moment) {
	for i := range n {
		list = append(list, Moment{
			EndS: float64(from + i + 1), WidthS: 1, Attempted: attempted, Accepted: accepted, ResponseSumS: mean * float64(accepted),
		})
	}
	return list
}

func TestAlerts(t *testing.T) {
	w := NewAlertWatch()
	var told []string
	add := func(list []Moment) {
		for _, m := range list {
			for _, c := range w.Add(m) {
				told = append(told, c.Words())
			}
		}
	}
	add(eachSecond(0, 30, 100, 95, 2))   // exactly the limits
	add(eachSecond(30, 10, 100, 90, 2))  // 10 % fail: the window is over 5 % at once
	add(eachSecond(40, 5, 0, 0, 0))      // nothing ends
	add(eachSecond(45, 30, 100, 100, 6)) // no failures, but slow
	add(eachSecond(75, 30, 100, 100, 0.1))
	want := []string{
		"high alert: error rate 5.50 %, over 5 %",
		"high alert: mean response time 2.87 s, over 2 s",
		"critical alert: mean response time 5.27 s, over 5 s",
		"high alert over: error rate, for 17 s, at worst 10.00 %",
		"critical alert over: mean response time, for 28 s, at worst 6.00 s",
		"high alert over: mean response time, for 36 s, at worst 6.00 s",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	alerts := []measure.Alert{
		{Severity: High, KPI: AlertErrorRate, Unit: "ratio", Value: 0.1, Limit: 0.05, FromS: 30, ToS: 47},
		{Severity: High, KPI: AlertResponseTime, Unit: "s", Value: 6, Limit: 2, FromS: 45, ToS: 81},
		{Severity: Critical, KPI: AlertResponseTime, Unit: "s", Value: 6, Limit: 5, FromS: 48, ToS: 76},
	}
	if diff := cmp.Diff(alerts, w.Alerts()); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

// TestAlertsOfDisk: a disk that fills and is freed, and one that nobody sees.
func TestAlertsOfDisk(t *testing.T) {
	w := NewAlertWatch()
	opened, closed := 0, 0
	for i := range 60 {
		m := Moment{EndS: float64(i + 1), WidthS: 1}
		if i != 12 { // it is not seen for a moment
			free := 1e9
			if i >= 10 && i < 30 {
				free -= float64(i) * 1e6
			}
			m.DiskFreeBytes = &free
		}
		for _, c := range w.Add(m) {
			if c.Opened {
				opened++
			} else {
				closed++
			}
		}
	}
	want := []measure.Alert{{Severity: Critical, KPI: AlertDiskFree, Unit: "bytes", Value: 971e6, Limit: 1e9, FromS: 10, ToS: 30}}
	if diff := cmp.Diff(want, w.Alerts()); diff != "" || opened != 1 || closed != 1 {
		t.Errorf("opened %d, closed %d (-want +got):\n%s", opened, closed, diff)
	}
}

// TestAlertsAreBounded: an error rate that goes up and down for days does not fill the memory.
func TestAlertsAreBounded(t *testing.T) {
	w := NewAlertWatch()
	for i := range 300 {
		accepted := uint64(100)
		for _, m := range append(eachSecond(i*60, 20, 100, 0, 0), eachSecond(i*60+20, 40, 100, accepted, 0.1)...) {
			w.Add(m)
		}
	}
	list := w.Alerts()
	if len(list) != 2*mostAlerts {
		t.Errorf("%d alerts of two rules", len(list))
	}
	if last := list[len(list)-1]; last.ToS < 299*60 {
		t.Errorf("the last ends at %g s", last.ToS)
	}
}

// What is so or not is no share; a count has no mean, and one that began anew says so.
func TestWatchedRows(t *testing.T) {
	res := soak()
	for i := range res.Series {
		res.Series[i].Server.Set(measure.BreakerOpen, 0)
	}
	rows := func() string {
		var b strings.Builder
		if err := WriteTable(&b, New(res, "1.2.3"), TableOptions{Width: 100}); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	for _, want := range []string{"circuit breaker open never no no", "calls stored – – 22,580 "} {
		if text := rows(); !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	half := len(res.Series) / 2
	for i := range res.Series {
		res.Series[i].Server.Set(measure.BreakerOpen, float64(i/half%2))
		if i >= half {
			res.Series[i].Server.Set(measure.StoredCalls, 2*float64(i-half))
		}
	}
	for _, want := range []string{"circuit breaker open 50.00 % of the time yes yes", "calls stored since a restart – – 1,078 "} {
		if text := rows(); !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// A count that began anew says nothing of how many there were in between.
func TestHourWithRestart(t *testing.T) {
	points := make([]measure.Point, 4)
	for i, v := range []float64{100, 200, 50, 250} {
		points[i] = measure.Point{TS: float64(i), WidthS: 1, Server: &measure.Observation{}}
		points[i].Server.Set(measure.StoredCalls, v)
	}
	if h := HourOf(points); h.StoredPerS != nil {
		t.Errorf("%g stored/s", *h.StoredPerS)
	}
	if h := HourOf(points[2:]); h.StoredPerS == nil || *h.StoredPerS != 200 {
		t.Errorf("after it: %v", h.StoredPerS)
	}
}

// What kind of memory was read is said with it.
func TestMemoryIsCalledByItsKind(t *testing.T) {
	for kind, want := range map[string]string{
		"": "memory", measure.MemoryRSS: "memory (RSS)", measure.MemoryPSS: "memory (Pss)", measure.MemorySummed: "memory (RSS, summed)",
		measure.MemoryReported: "memory",
	} {
		w := measure.Watch{MemoryKind: kind}
		if got := memoryName(w); got != want {
			t.Errorf("%q is called %q, want %q", kind, got, want)
		}
		if words := memoryWords(w); (words != "") != (kind == measure.MemoryPSS || kind == measure.MemorySummed) {
			t.Errorf("%q: %q", kind, words)
		}
	}
}
