package server

import (
	"net/http"
	"runtime/debug"

	"rdiostress/internal/server/call"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// stageBounds are the buckets of how long a stage of an upload took, in seconds.
func stageBounds() []float64 {
	return []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
}

// stages are how long uploads that were stored took. They may be used concurrently.
type stages struct {
	read   *call.Distribution // from the request's header to the form's end, without waiting for a worker
	queue  *call.Distribution // waiting for a worker
	commit *call.Distribution // in the store, its own queue included
	total  *call.Distribution
}

func newStages() stages {
	return stages{
		call.NewDistribution(stageBounds()...), call.NewDistribution(stageBounds()...), call.NewDistribution(stageBounds()...),
		call.NewDistribution(stageBounds()...),
	}
}

// newRegistry gathers the server's figures, the Go runtime's and the process's.
func newRegistry(s *Server) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{s})
	return reg
}

// collector turns what the server counts into metrics when they are asked for, so that uploads pay for counting alone.
type collector struct{ s *Server }

// Describe describes nothing: what there is depends on the store. The registry then checks each gathering.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect is part of prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	m := &metrics{to}
	m.kpis(c.s)
	m.uploads(c.s)
	m.room(c.s)
	m.store(c.s.store.Stats())
	m.gauge("rdiostress_build_info", "Which version this is; always 1.", 1, "version", c.s.version, "go", goVersion())
	for _, a := range c.s.alerts.reply().Rules {
		m.gauge("rdiostress_alert", "Whether an alert is raised.", truth(a.Raised), "kpi", a.KPI, "severity", string(a.Severity))
	}
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return ""
}

// metrics sends metrics on. Labels are pairs of name and value.
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
	m.to <- prometheus.MustNewConstHistogram(prometheus.NewDesc(name, help, names, nil), h.Count, h.Sum, h.Buckets, values...)
}

func split(labels []string) (names, values []string) {
	for i := 0; i < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	return names, values
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// kpis are the guide's seven, under its names. One that is not observed is absent.
func (m *metrics) kpis(s *Server) {
	help := map[string]string{
		kpiUploadRate:    "Accepted uploads per second, over the last minute.",
		kpiResponseTime:  "Mean seconds from an upload's header to its reply, of those accepted in the last minute.",
		kpiPool:          "Share of the database connections that are in use, 0 to 1.",
		kpiMemory:        "Resident memory in bytes.",
		kpiTranscription: "Calls that wait to be transcribed.",
		kpiErrorRate:     "Share of the last minute's uploads that failed, 0 to 1; without those refused for their key or rate.",
		kpiDisk:          "Bytes of stored audio.",
	}
	figures := s.figures()
	for _, name := range kpis() {
		if f := figures[name]; f.absent == "" {
			m.gauge(name, help[name], f.value)
		}
	}
	if f := figures[figureFreeDisk]; f.absent == "" {
		m.gauge("rdiostress_disk_free_bytes", "Free bytes of the disk that uploads are spooled to.", f.value)
	}
}

func (m *metrics) uploads(s *Server) {
	const uploads, refused = "rdiostress_uploads_total", "rdiostress_uploads_refused_total"
	m.counter(uploads, "Uploads that were answered 200, by what became of them.", float64(s.stats.accepted.Load()), "result", "accepted")
	m.counter(uploads, "Uploads that were answered 200, by what became of them.", float64(s.stats.duplicates.Load()), "result", "duplicate")
	m.counter(uploads, "Uploads that were answered 200, by what became of them.", float64(s.stats.tests.Load()), "result", "test")
	for why := range numReasons {
		m.counter(refused, "Uploads that were refused, by why.", float64(s.stats.refusals[why].Load()), "reason", why.String())
	}
	m.counter("rdiostress_dropped_fields_total", "Optional fields of calls that could not be read.", float64(s.stats.droppedFields.Load()))
	m.counter("rdiostress_cut_fields_total", "Optional fields of calls that were too long to be kept whole.", float64(s.stats.cutFields.Load()))
	for _, stage := range []struct {
		name string
		d    *call.Distribution
	}{{"read", s.stages.read}, {"queue", s.stages.queue}, {"commit", s.stages.commit}, {"total", s.stages.total}} {
		m.histogram("rdiostress_upload_seconds", "How long stored uploads took: to be read, to wait for a worker, to be committed, in all.",
			stage.d.Histogram(), "stage", stage.name)
	}
}

func (m *metrics) room(s *Server) {
	a := s.admission
	m.gauge("rdiostress_uploads_in_hand", "Uploads under way.", float64(a.uploads.Load()))
	m.gauge("rdiostress_workers_busy", "Workers that have an upload.", float64(len(a.workers)))
	m.gauge("rdiostress_workers", "Workers that there are.", float64(cap(a.workers)))
	m.gauge("rdiostress_upload_queue", "Uploads that wait for a worker.", float64(a.waiting.Load()))
	m.gauge("rdiostress_upload_queue_limit", "Uploads that may wait for a worker.", float64(a.queue))
	m.gauge("rdiostress_upload_memory_bytes", "What uploads under way have allocated.", float64(a.used.Load()))
	m.gauge("rdiostress_upload_memory_limit_bytes", "What they may.", float64(a.memory))
	m.gauge("rdiostress_connections", "Connections open.", float64(s.door.open.Load()))
	m.gauge("rdiostress_connections_limit", "Connections that may be open.", float64(s.door.limit))
	m.counter("rdiostress_connections_refused_total", "Connections beyond that, answered 503 and closed.", float64(s.door.refused.Load()))
	m.gauge("rdiostress_audio_files_open", "Files of long audio that are being received or played.", float64(s.audioFiles.open.Load()))
	m.gauge("rdiostress_audio_files_limit", "Those that may be open.", float64(s.audioFiles.limit))
	m.gauge("rdiostress_store_free_bytes", "Room inside of the database that deleted calls have left.", float64(s.disk.inside.Load()))
	m.gauge("rdiostress_temporary_files_open", "Spool files of uploads under way.", float64(s.spool.open.Load()))
}

func (m *metrics) store(st call.Stats) {
	m.gauge("rdiostress_store_queue", "Calls that wait to be stored or are being stored.", float64(st.Queued))
	m.gauge("rdiostress_store_queue_limit", "Calls that may wait to be stored.", float64(st.QueueLimit))
	m.gauge("rdiostress_store_connections", "Database connections.", float64(st.Pool.InUse), "state", "in_use")
	m.gauge("rdiostress_store_connections", "Database connections.", float64(st.Pool.Idle), "state", "idle")
	m.gauge("rdiostress_store_connections_limit", "Database connections that there may be.", float64(st.Pool.Max))
	m.counter("rdiostress_store_connection_waits_total", "Acquisitions that found no idle connection.", float64(st.Pool.Waits))
	m.counter("rdiostress_store_connection_wait_seconds_total", "What they waited.", st.Pool.Waited.Seconds())
	m.counter("rdiostress_store_connections_opened_total", "Connections made.", float64(st.Pool.Opened))
	for _, state := range []call.BreakerState{call.BreakerClosed, call.BreakerHalfOpen, call.BreakerOpen} {
		m.gauge("rdiostress_store_breaker", "1 for the state that the circuit breaker is in.", truth(st.Breaker.State == state),
			"state", string(state))
	}
	m.counter("rdiostress_store_breaker_opened_total", "How often the circuit breaker has opened.", float64(st.Breaker.Opened))
	m.gauge("rdiostress_store_failures", "Failures in a row.", float64(st.Breaker.Failures))
	m.counter("rdiostress_store_calls_total", "Calls stored.", float64(st.Stored))
	m.counter("rdiostress_store_repeats_total", "Calls that were there already, sent again.", float64(st.Repeats))
	m.counter("rdiostress_store_expired_total", "Calls that retention has deleted.", float64(st.Expired))
	m.histogram("rdiostress_store_batch_calls", "Calls in one transaction.", st.BatchCalls)
	m.histogram("rdiostress_store_queue_seconds", "How long calls waited for their transaction to begin.", st.QueueWait)
	m.histogram("rdiostress_store_commit_seconds", "How long transactions took.", st.Commit)
}

// handleMetrics is GET /metrics: Prometheus text, or JSON for who asks for that.
func (s *Server) handleMetrics() http.HandlerFunc {
	text := promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{DisableCompression: true})
	return func(w http.ResponseWriter, r *http.Request) {
		if wantsJSONFirst(r) {
			s.metricsJSON(w, r)
			return
		}
		text.ServeHTTP(steadyWriter{ResponseWriter: w}, r)
	}
}
