package telemetry

import (
	"runtime/debug"

	"rdiostress/internal/selfmetrics"
	"rdiostress/internal/server/call"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// newRegistry returns a registry of the metrics of the server, the Go runtime and the process.
func newRegistry(t *Telemetry) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), selfmetrics.Process(), &collector{t})
	return reg
}

// collector turns the server's values into metrics when they are gathered, so that uploads only pay for counting.
type collector struct{ t *Telemetry }

// Describe describes nothing: the metrics depend on the store. The registry then checks each gathering.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	m := &metrics{to}
	state := c.t.o.State()
	m.kpis(c.t.Values())
	m.uploads(c.t.o.Counters)
	m.room(state)
	m.store(state.Store)
	m.transcription(state.Transcription)
	m.gauge("rdiostress_build_info", "Version of the server; always 1.", 1, "version", c.t.o.Version, "go", goVersion())
	for _, a := range c.t.Alerts().Rules {
		m.gauge("rdiostress_alert", "Whether an alert is raised.", zeroOrOne(a.Raised), "kpi", a.KPI, "severity",
			string(a.Severity))
	}
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return ""
}

// metrics sends metrics to a channel. Labels are pairs of name and value.
type metrics struct{ to chan<- prometheus.Metric }

func (m *metrics) send(kind prometheus.ValueType, name, help string, v float64, labels []string) {
	names, values := split(labels)
	m.to <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, v, values...)
}

func (m *metrics) gauge(name, help string, v float64, labels ...string) {
	m.send(prometheus.GaugeValue, name, help, v, labels)
}

func (m *metrics) counter(name, help string, v float64, labels ...string) {
	m.send(prometheus.CounterValue, name, help, v, labels)
}

func (m *metrics) histogram(name, help string, h call.Histogram, labels ...string) {
	names, values := split(labels)
	m.to <- prometheus.MustNewConstHistogram(prometheus.NewDesc(name, help, names, nil), h.Count, h.Sum, h.Buckets,
		values...)
}

func split(labels []string) (names, values []string) {
	for i := 0; i < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	return names, values
}

// kpis sends the guide's seven values under its names. An unknown value is absent.
func (m *metrics) kpis(values map[string]Value) {
	help := map[string]string{
		kpiUploadRate:    "Accepted uploads per second, over the last minute.",
		kpiResponseTime:  "Mean seconds from an upload's header to its reply, for uploads accepted in the last minute.",
		kpiPool:          "Share of the database connections that are in use, 0 to 1.",
		kpiMemory:        "Resident memory in bytes.",
		kpiTranscription: "Calls that wait to be transcribed.",
		kpiErrorRate: "Share of the last minute's uploads that failed, 0 to 1; without those refused because of " +
			"their key or rate.",
		kpiDisk: "Bytes of stored audio.",
	}
	for _, name := range KPIs() {
		if v := values[name]; v.Absent == "" {
			m.gauge(name, help[name], v.Number)
		}
	}
	if v := values[valueFreeDisk]; v.Absent == "" {
		m.gauge("rdiostress_disk_free_bytes", "Free bytes of the disk that uploads are spooled to.", v.Number)
	}
}

func (m *metrics) uploads(c *Counters) {
	for _, result := range []struct {
		name string
		n    int64
	}{{"accepted", c.accepted.Load()}, {"duplicate", c.duplicates.Load()}, {"test", c.tests.Load()}} {
		m.counter("rdiostress_uploads_total", "Uploads answered with 200, by result.",
			float64(result.n),
			"result", result.name)
	}
	for cause := range numCauses {
		m.counter("rdiostress_uploads_refused_total", "Refused uploads, by reason.",
			float64(c.causes[cause].Load()),
			"reason", cause.String())
	}
	m.counter("rdiostress_rate_limits_unknown_total", "Rate limits of uploads that could not be looked up.",
		float64(c.unknown.Load()))
	m.counter("rdiostress_dropped_fields_total", "Optional fields of calls that could not be read.",
		float64(c.droppedFields.Load()))
	m.counter("rdiostress_cut_fields_total", "Optional fields of calls that were cut because they were too long.",
		float64(c.cutFields.Load()))
	for _, stage := range []struct {
		name string
		d    *call.Distribution
	}{{"read", c.read}, {"queue", c.queue}, {"commit", c.commit}, {"total", c.total}} {
		m.histogram("rdiostress_upload_seconds",
			"Durations of stored uploads in seconds by stage: read, wait for a worker, commit, total.",
			stage.d.Histogram(), "stage", stage.name)
	}
}

func (m *metrics) room(s State) {
	g := s.Gate
	m.gauge("rdiostress_uploads_in_hand", "Uploads in progress.", float64(g.Uploads))
	m.gauge("rdiostress_workers_busy", "Workers that hold an upload.", float64(g.Workers))
	m.gauge("rdiostress_workers", "Total number of workers.", float64(g.WorkerLimit))
	m.gauge("rdiostress_upload_queue", "Uploads that wait for a worker.", float64(g.Queue))
	m.gauge("rdiostress_upload_queue_limit", "Uploads that may wait for a worker.", float64(g.QueueLimit))
	m.gauge("rdiostress_upload_memory_bytes", "Memory of uploads in progress.", float64(g.Memory))
	m.gauge("rdiostress_upload_memory_limit_bytes", "Memory limit of uploads in progress.", float64(g.MemoryLimit))
	m.gauge("rdiostress_connections", "Connections open.", float64(s.Connections.Open))
	m.gauge("rdiostress_connections_limit", "Connections that may be open.", float64(s.Connections.Limit))
	m.counter("rdiostress_connections_refused_total", "Connections beyond the limit, which got 503 and were closed.",
		float64(s.Connections.Refused))
	m.gauge("rdiostress_audio_files_open", "Files of long audio that are being received or played.",
		float64(s.AudioFiles))
	m.gauge("rdiostress_audio_files_limit", "Files of long audio that may be open.", float64(s.AudioFileLimit))
	m.gauge("rdiostress_store_free_bytes", "Free bytes inside the database, left by deleted calls.",
		float64(s.FreeInside))
	m.gauge("rdiostress_temporary_files_open", "Spool files of uploads in progress.", float64(s.SpoolFiles))
}

// breaker sends the state of a circuit breaker. Of says whose it is.
func (m *metrics) breaker(name, of string, st call.BreakerStats) {
	for _, state := range []call.BreakerState{call.BreakerClosed, call.BreakerHalfOpen, call.BreakerOpen} {
		m.gauge(name+"_breaker", "1 for the current state of the circuit breaker"+of+".", zeroOrOne(st.State == state),
			"state", string(state))
	}
	m.counter(name+"_breaker_opened_total", "How often the circuit breaker"+of+" has opened.", float64(st.Opened))
	m.gauge(name+"_failures", "Consecutive failures"+of+".", float64(st.Failures))
}

func (m *metrics) store(st call.Stats) {
	m.gauge("rdiostress_store_queue", "Calls that wait to be stored or are being stored.", float64(st.Queued))
	m.gauge("rdiostress_store_queue_limit", "Calls that may wait to be stored.", float64(st.QueueLimit))
	m.gauge("rdiostress_store_connections", "Database connections.", float64(st.Pool.InUse), "state", "in_use")
	m.gauge("rdiostress_store_connections", "Database connections.", float64(st.Pool.Idle), "state", "idle")
	m.gauge("rdiostress_store_connections_limit", "Database connections that may be open.", float64(st.Pool.Max))
	m.counter("rdiostress_store_connection_waits_total", "Acquisitions that found no idle connection.",
		float64(st.Pool.Waits))
	m.counter("rdiostress_store_connection_wait_seconds_total", "Total wait of these acquisitions.",
		st.Pool.Waited.Seconds())
	m.counter("rdiostress_store_connections_opened_total", "Connections made.", float64(st.Pool.Opened))
	m.breaker("rdiostress_store", "", st.Breaker)
	if st.Bucket.State != "" {
		m.breaker("rdiostress_audio_store", " of the bucket for long audio", st.Bucket)
	}
	m.counter("rdiostress_store_calls_total", "Calls stored.", float64(st.Stored))
	m.counter("rdiostress_store_repeats_total", "Calls sent again that were already stored.", float64(st.Repeats))
	m.counter("rdiostress_store_expired_total", "Calls deleted by retention.", float64(st.Expired))
	m.histogram("rdiostress_store_batch_calls", "Calls in one transaction.", st.BatchCalls)
	m.histogram("rdiostress_store_queue_seconds", "How long calls waited for their transaction to begin.", st.QueueWait)
	m.histogram("rdiostress_store_commit_seconds", "How long transactions took.", st.Commit)
}
