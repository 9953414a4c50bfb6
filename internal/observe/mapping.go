package observe

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rdiostress/internal/measure"
)

// Mapping maps one of a server's own metrics to a signal.
type Mapping struct {
	Signal measure.Signal
	Metric string            // its name in Prometheus text, or its path in JSON with dots between the names
	Labels map[string]string // labels it must have, in Prometheus text; matching series are added up
	Rate   bool              // it is a counter, and the signal is its growth per second
	Factor float64           // converts its unit to the signal's
	named  bool              // given by the user
}

// signalNames are the names of a signal: the guide's, and those of the report's series.
func signalNames() map[string]measure.Signal {
	names := make(map[string]measure.Signal)
	for _, sig := range measure.Signals() {
		names[sig.Name] = sig.Signal
		if sig.KPI != "" {
			names[sig.KPI] = sig.Signal
		}
	}
	return names
}

// mappingForm is name=metric{label="value"}*factor, with the metric in rate() if it is a counter.
var mappingForm = regexp.MustCompile(
	`^\s*([a-z_]+)\s*=\s*(rate\()?\s*([A-Za-z_:][A-Za-z0-9_:.-]*)\s*` +
		`(?:\{([^{}]*)\})?\s*(\))?\s*(?:\*\s*([0-9.eE+-]+))?\s*$`,
)

var labelForm = regexp.MustCompile(`^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"([^"\\]*)"\s*$`)

// ParseMapping parses a mapping such as disk_usage=storage_used_mb*1048576 or
// upload_queue_calls=queue_depth{queue="ingest"}.
func ParseMapping(text string) (Mapping, error) {
	m := mappingForm.FindStringSubmatch(text)
	if m == nil || (m[2] == "") != (m[5] == "") {
		return Mapping{}, fmt.Errorf("%q is not a mapping; write name=metric, such as "+
			"disk_usage=storage_used_mb*1048576, "+
			`stored_calls=calls_total{state="stored"} or cpu_s_per_s=rate(cpu_seconds_total)`, text)
	}
	names := signalNames()
	sig, ok := names[m[1]]
	if !ok {
		known := make([]string, 0, len(names))
		for name := range names {
			known = append(known, name)
		}
		slices.Sort(known)
		return Mapping{}, fmt.Errorf("%q: there is no figure %q; there are %s", text, m[1], strings.Join(known, ", "))
	}
	k := Mapping{Signal: sig, Metric: m[3], Rate: m[2] != "", Factor: 1, named: true}
	if m[6] != "" {
		factor, err := strconv.ParseFloat(m[6], 64)
		if err != nil || !(factor > 0) {
			return Mapping{}, fmt.Errorf("%q: %s is no factor over 0", text, m[6])
		}
		k.Factor = factor
	}
	for part := range strings.SplitSeq(m[4], ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		label := labelForm.FindStringSubmatch(part)
		if label == nil {
			return Mapping{}, fmt.Errorf(`%q: %q is not a label; write label="value"`, text, part)
		}
		if k.Labels == nil {
			k.Labels = make(map[string]string)
		}
		k.Labels[label[1]] = label[2]
	}
	return k, nil
}

// MarshalText implements encoding.TextMarshaler: it writes the mapping in the form that ParseMapping reads.
func (k Mapping) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Mapping) UnmarshalText(text []byte) (err error) {
	*k, err = ParseMapping(string(text))
	return err
}

// String returns the mapping in the form that ParseMapping reads.
func (k Mapping) String() string {
	metric := k.Metric
	if len(k.Labels) > 0 {
		var labels []string
		for name, value := range k.Labels {
			labels = append(labels, name+`="`+value+`"`)
		}
		slices.Sort(labels)
		metric += "{" + strings.Join(labels, ",") + "}"
	}
	if k.Rate {
		metric = "rate(" + metric + ")"
	}
	if k.Factor != 1 {
		metric += "*" + strconv.FormatFloat(k.Factor, 'g', -1, 64)
	}
	return k.Signal.Name() + "=" + metric
}

// knownMetrics are the metric names of known servers: the guide's names as the bundled server has them, those of every
// Prometheus client library, tr-engine's, and those of sdrtrunk-rdio-api's JSON.
func knownMetrics() []Mapping {
	const megabyte = 1 << 20 // as in sdrtrunk-rdio-api
	plain := func(sig measure.Signal, metrics ...string) (list []Mapping) {
		for _, metric := range metrics {
			list = append(list, Mapping{Signal: sig, Metric: metric, Factor: 1})
		}
		return list
	}
	stage := func(sig measure.Signal, name string) Mapping {
		return Mapping{
			Signal: sig,
			Metric: "rdiostress_upload_seconds_sum",
			Labels: map[string]string{"stage": name},
			Rate:   true,
			Factor: 1,
		}
	}
	return slices.Concat(
		plain(measure.RSS, "memory_usage", "process_resident_memory_bytes"),
		[]Mapping{{Signal: measure.CPU, Metric: "process_cpu_seconds_total", Rate: true, Factor: 1}},
		plain(measure.Threads, "go_threads"),
		plain(measure.OpenFiles, "process_open_fds"),
		plain(measure.OpenFilesLimit, "process_max_fds"),
		plain(measure.Heap, "go_memstats_heap_alloc_bytes"),
		plain(measure.Goroutines, "go_goroutines"),
		plain(measure.DiskFree, "rdiostress_disk_free_bytes"),
		plain(measure.UploadQueue, "rdiostress_upload_queue"),
		plain(measure.UploadQueueLimit, "rdiostress_upload_queue_limit"),
		plain(measure.TempFiles, "rdiostress_temporary_files_open"),
		[]Mapping{
			{
				Signal: measure.PoolInUse,
				Metric: "rdiostress_store_connections",
				Labels: map[string]string{"state": "in_use"},
				Factor: 1,
			},
			{
				Signal: measure.BreakerOpen,
				Metric: "rdiostress_store_breaker",
				Labels: map[string]string{"state": "open"},
				Factor: 1,
			},
			stage(
				measure.ReadingTime,
				"read",
			), stage(measure.QueueingTime, "queue"), stage(measure.StoringTime, "commit"),
			// The seconds that calls waited in each second are the mean number of waiting calls, by Little's law.
			{
				Signal: measure.PoolWaiting,
				Metric: "rdiostress_store_connection_wait_seconds_total",
				Rate:   true,
				Factor: 1,
			},
		},
		// tr-engine does not show its pool's limit. The open connections are fewer until they are needed, so their
		// ratio is no usage.
		plain(measure.PoolInUse, "tr_engine_db_pool_acquired_conns"),
		plain(measure.PoolOpen, "tr_engine_db_pool_total_conns"),
		plain(measure.PoolLimit, "rdiostress_store_connections_limit"),
		plain(measure.PoolUsage, "db_connection_pool_usage"),
		plain(measure.TranscriptionQueue, "transcription_queue_depth"),
		plain(measure.StoredBytes, "disk_usage"),
		plain(measure.StoredCalls, "rdiostress_store_calls_total", "total_calls"),
		[]Mapping{{Signal: measure.StoredBytes, Metric: "storage_used_mb", Factor: megabyte}},
	)
}
