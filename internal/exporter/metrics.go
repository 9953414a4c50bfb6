package exporter

import (
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
)

// namespace begins the name of each metric. The bundled server's begin otherwise, so that both can be scraped.
const namespace = "rdiostress_run_"

// Describe describes nothing: which metrics there are depends on what is known. The registry then checks each
// gathering.
func (e *Exporter) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (e *Exporter) Collect(to chan<- prometheus.Metric) {
	e.mu.Lock()
	s := e.state
	open := make(map[alertKey]bool, len(s.alerts))
	for key := range s.alerts {
		open[key] = true
	}
	e.mu.Unlock()
	m := &metrics{to, e}
	m.about(&s)
	m.calls(&s)
	m.alerts(open)
	m.storage(&s)
	m.server(&s)
	m.search(&s)
}

// metrics sends metrics to a channel. Labels are pairs of name and value.
type metrics struct {
	to chan<- prometheus.Metric
	*Exporter
}

func desc(name, help string, labels []string) (d *prometheus.Desc, values []string) {
	var names []string
	for i := 0; i < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	return prometheus.NewDesc(namespace+name, help, names, nil), values
}

func (m *metrics) gauge(name, help string, v float64, labels ...string) {
	d, values := desc(name, help, labels)
	m.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, values...)
}

func (m *metrics) counter(name, help string, n uint64, labels ...string) {
	d, values := desc(name, help, labels)
	m.to <- prometheus.MustNewConstMetricWithCreatedTimestamp(d, prometheus.CounterValue, float64(n), m.began,
		values...)
}

func (m *metrics) histogram(name, help string, t *measure.Times, edges []float64) {
	d, _ := desc(name, help, nil)
	h, err := newHistogram(d, t, edges, m.began)
	if err != nil {
		m.to <- prometheus.NewInvalidMetric(d, err)
		return
	}
	m.to <- h
}

// about sends what is run, and how far it is.
func (m *metrics) about(s *state) {
	m.gauge("build_info", "Version of the load generator; always 1.", 1, "version", m.version)
	for _, one := range stages() {
		m.gauge("stage", "Whether the run is at this stage.", oneIf(s.stage == one), "stage", string(one))
	}
	if s.started != nil {
		sc := &s.started.Scenario
		model := "closed"
		if sc.Open() {
			model = "open"
		}
		m.gauge("info", "What the run is; always 1. Of a search, its current step.", 1, "run_id", s.started.RunID,
			"target", text(sc.URL), "model", model)
		m.gauge("uploads_in_flight_limit", "Uploads that may be in flight.", float64(sc.MaxConcurrent))
	}
	if s.phase != nil {
		m.gauge("phase_info", "The phase of the run; always 1.", 1, "phase", text(s.phase.Phase), "scored",
			strconv.FormatBool(s.phase.Scored))
	}
	if s.exitCode != nil {
		m.gauge("exit_code", "Exit code of the command; absent before the end.", float64(*s.exitCode))
	}
}

// text returns a label's value of a text from outside.
func text(s string) string { return strings.ToValidUTF8(s, "�") }

// calls sends the counts and times of the calls. All counters are there from the beginning, so that no first value is
// missed.
func (m *metrics) calls(s *state) {
	c := s.cumulative()
	if c.Due != nil || s.started != nil && s.started.Scenario.Open() && !s.started.Scenario.Replay.On() {
		m.counter("calls_due_total", "Calls that were due, with intentional duplicates; not for a closed model or a "+
			"replay.", measure.OrZero(c.Due))
	}
	m.counter("uploads_started_total", "Uploads that were begun: each attempt, also of intentional duplicates.",
		c.Started)
	m.counter("calls_accepted_total", "Accepted calls.", c.Accepted)
	m.failures(c.Failures)
	m.counter("upload_retries_total", "Failed attempts after which a call waited to be sent again.", c.Retried)
	m.counter("sent_bytes_total", "Bytes of requests that were sent.", c.BytesSent)
	m.counter("connections_opened_total", "Connections that were opened.", c.Connects)
	m.counter("calls_delayed_total", "Calls that were due before an uploader was free.", c.SlotWaits)
	m.counter("calls_untimed_total",
		"Accepted calls without times, because the load generator itself was stopped meanwhile.", c.LeftOut)
	m.histogram("response_time_seconds", "Seconds from when an accepted call was due until its reply.", &c.Response,
		timeEdges())
	m.histogram("service_time_seconds", "Seconds from the first byte of an accepted call until its reply.", &c.Service,
		timeEdges())
	m.histogram("generator_lag_seconds", "Seconds that the load generator was late to release a call.", &c.Lag,
		lagEdges())
	if s.second != nil {
		m.gauge("elapsed_seconds", "Seconds since the start of the run. Of a search, of its current step.",
			s.second.Elapsed.Seconds())
		m.gauge("uploads_in_flight", "Uploads in flight.", float64(s.second.InFlight))
		m.gauge("calls_waiting", "Failed calls that wait to be sent again.", float64(s.second.Waiting))
	}
}

// failures sends the counts of failed calls.
func (m *metrics) failures(list []measure.FailureCount) {
	type kind struct {
		class  measure.Class
		parent measure.Parent
	}
	counts := map[kind]uint64{{measure.Duplicate, measure.ParentHTTP}: 0}
	for _, class := range measure.Failures() {
		counts[kind{class, class.Parent()}] = 0
	}
	statuses := map[uint16]uint64{}
	for i := range list {
		f := &list[i]
		counts[kind{f.Class, f.Parent()}] += f.Count
		if f.Parent() == measure.ParentHTTP {
			statuses[f.Status] += f.Count
		}
	}
	for k, n := range counts {
		m.counter("calls_failed_total", "Failed calls by class, and by the class's group in the report.", n,
			"class", k.class.String(), "parent", string(k.parent))
	}
	for status, n := range statuses {
		m.counter("calls_failed_http_total", "Failed calls of the group http, by the status of the reply.", n,
			"status", strconv.Itoa(int(status)))
	}
}

// alerts sends the guide's alerts, open or not.
func (m *metrics) alerts(open map[alertKey]bool) {
	keys := []alertKey{{judge.AlertMemoryGrowth, judge.High}}
	for _, rule := range judge.Guide().Alerts {
		keys = append(keys, alertKey{rule.KPI, rule.Severity})
	}
	for _, key := range keys {
		m.gauge("alert", "Whether an alert is open.", oneIf(open[key]), "kpi", key.kpi, "severity", key.severity)
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// storage sends how the calls of the trial are stored, once that was looked at.
func (m *metrics) storage(s *state) {
	const of = " Of a search, of its current step."
	if d := s.account; d != nil {
		for _, one := range []struct {
			name, help string
			n          *uint64
		}{
			{"acknowledged_calls", "Calls that the server acknowledged." + of, d.Acknowledged},
			{"stored_calls", "Acknowledged calls that are stored." + of, d.Stored},
			{"backlog_calls", "Acknowledged calls that are not stored yet." + of, d.Pending},
			{"lost_calls", "Acknowledged calls that are lost." + of, d.Lost},
			{"corrupted_calls", "Calls that are stored, but altered." + of, d.Corrupted},
			{"duplicated_calls", "Calls that are stored more than once." + of, d.Duplicated},
		} {
			if one.n != nil {
				m.gauge(one.name, one.help, float64(*one.n))
			}
		}
		return
	}
	if p := s.storage; p != nil && p.At > 0 {
		m.gauge("acknowledged_calls", "Calls that the server acknowledged."+of, float64(p.Acknowledged))
		m.gauge("stored_calls", "Acknowledged calls that are stored."+of, float64(p.Stored))
		m.gauge("backlog_calls", "Acknowledged calls that are not stored yet."+of, float64(p.Backlog))
	}
}

// server sends what is observed of the server.
func (m *metrics) server(s *state) {
	for _, info := range measure.Signals() {
		if v, ok := s.server.Get(info.Signal); ok {
			m.gauge("server_"+metricName(info.Name), info.Doc, v)
		}
	}
}

// metricName returns a signal's name with its unit in full, as Prometheus has it.
func metricName(signal string) string {
	for _, unit := range []struct{ short, full string }{
		{"_s_per_s", "_seconds_per_second"}, {"_per_s", "_per_second"}, {"_s", "_seconds"},
	} {
		if name, ok := strings.CutSuffix(signal, unit.short); ok {
			return name + unit.full
		}
	}
	return signal
}

// search sends how far a search is.
func (m *metrics) search(s *state) {
	if s.rate != nil {
		m.gauge("search_calls_per_second", "Rate that the search holds.", *s.rate)
	}
	if s.rate != nil || s.held+s.broke > 0 {
		m.counter("search_steps_total", "Rates that the search has tried, by result.", s.held, "result", "held")
		m.counter("search_steps_total", "Rates that the search has tried, by result.", s.broke, "result", "broke")
	}
}
