package compare

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// definition says how a figure is taken from reports.
type definition struct {
	name, title string
	unit        units.Unit
	higher      bool // is better
	// of is the figure of one run, or why there is none.
	of func(*report.Report) (float64, string)
	// all is the figure of several runs together. Each of them has it.
	all func([]*report.Report) float64
	// slices cuts a run's time into parts that can be added up; nil where that is not possible.
	slices func(*report.Report) ([]part, error)
}

// The units that no threshold has.
const (
	inBytes     units.Unit = "bytes"
	inPerSecond units.Unit = "per_s"
)

// definitions are all figures, in the order in which they are shown.
func definitions() []definition {
	return []definition{
		timeFigure("p50_response_time_s", "p50", "p50_s", 0.5),
		timeFigure(defaultGated, "p95", "p95_s", 0.95),
		timeFigure("p99_response_time_s", "p99", "p99_s", 0.99),
		{
			name: "mean_response_time_s", title: "mean", unit: units.InSeconds,
			of:     func(r *report.Report) (float64, string) { return timeOf(&r.Latency, "mean_s") },
			all:    func(runs []*report.Report) float64 { return pooled(latencies(runs), meanOf) },
			slices: responseParts(1, meanOf),
		},
		{
			name: "success_rate", title: "success", unit: units.InRatio, higher: true,
			of: func(r *report.Report) (float64, string) {
				return share(float64(r.Totals.Accepted), float64(r.Totals.Attempted), "it sent no call")
			},
			all: func(runs []*report.Report) float64 {
				return sum(runs, func(r *report.Report) float64 { return float64(r.Totals.Accepted) }) /
					sum(runs, func(r *report.Report) float64 { return float64(r.Totals.Attempted) })
			},
			slices: func(r *report.Report) ([]part, error) { return successParts(r), nil },
		},
		{
			name: "stored_per_s", title: "stored", unit: inPerSecond, higher: true, of: storedPerS,
			all: func(runs []*report.Report) float64 { // calls over the time that they took
				calls := sum(runs, storedCalls)
				took := sum(runs, func(r *report.Report) float64 { return storedCalls(r) / *r.Delivery.StoredPerS })
				return calls / took
			},
		},
		{
			name: "p95_due_to_stored_s", title: "p95 stored", unit: units.InSeconds,
			of: func(r *report.Report) (float64, string) {
				if r.Delivery.DueToStored == nil {
					return 0, "it was not seen when each call was stored"
				}
				return timeOf(r.Delivery.DueToStored, "p95_s")
			},
			all: func(runs []*report.Report) float64 {
				var list []*measure.Distribution
				for _, r := range runs {
					list = append(list, r.Delivery.DueToStored)
				}
				return pooled(list, quantileOf(0.95))
			},
		},
		{
			name: "server_cpu_s_per_call", title: "CPU / call", unit: units.InSeconds,
			of: func(r *report.Report) (float64, string) {
				cpu, calls := cpuAndCalls(r)
				return share(cpu, calls, "the server's processor time was not seen")
			},
			all: func(runs []*report.Report) float64 {
				return sum(runs, func(r *report.Report) float64 { cpu, _ := cpuAndCalls(r); return cpu }) /
					sum(runs, func(r *report.Report) float64 { _, calls := cpuAndCalls(r); return calls })
			},
			slices: func(r *report.Report) ([]part, error) { return cpuParts(r), nil },
		},
		{
			name: "server_memory_bytes", title: "memory", unit: inBytes, of: memory,
			all: func(runs []*report.Report) float64 { // the mean of what each took at most
				return sum(runs, func(r *report.Report) float64 { v, _ := memory(r); return v }) / float64(len(runs))
			},
		},
		{
			name: "server_memory_bytes_per_call", title: "mem. / call", unit: inBytes, of: memoryPerCall,
			all: func(runs []*report.Report) float64 {
				return sum(runs, func(r *report.Report) float64 { v, _ := memory(r); return v }) /
					sum(runs, func(r *report.Report) float64 { return float64(r.Totals.Accepted) })
			},
		},
	}
}

// defaultGated is the figure that counts for the verdict if no gate names another.
const defaultGated = "p95_response_time_s"

// FigureNames are the names of all figures.
func FigureNames() (list []string) {
	for _, d := range definitions() {
		list = append(list, d.name)
	}
	return list
}

// timeFigure is a percentile of the response times.
func timeFigure(name, title, key string, q float64) definition {
	return definition{
		name: name, title: title, unit: units.InSeconds,
		of:     func(r *report.Report) (float64, string) { return timeOf(&r.Latency, key) },
		all:    func(runs []*report.Report) float64 { return pooled(latencies(runs), quantileOf(q)) },
		slices: responseParts(int(math.Ceil(5/(1-q))), quantileOf(q)),
	}
}

// timeOf is a figure of a distribution, by its name in JSON.
func timeOf(d *measure.Distribution, key string) (float64, string) {
	switch {
	case d.Figures == nil:
		return 0, cmp.Or(d.Absent, "it has no time")
	case slices.Contains(measure.FewSamples(d.Count), key):
		return 0, "its " + units.Plural(d.Count, "call") + " are too few for " + strings.TrimSuffix(key, "_s")
	}
	f := d.Figures
	return map[string]float64{"mean_s": f.MeanS, "p50_s": f.P50S, "p95_s": f.P95S, "p99_s": f.P99S}[key], ""
}

func quantileOf(q float64) func(*measure.Histogram) float64 {
	return func(h *measure.Histogram) float64 { return h.Quantile(q).Seconds() }
}

func meanOf(h *measure.Histogram) float64 { return h.Mean().Seconds() }

func latencies(runs []*report.Report) (list []*measure.Distribution) {
	for _, r := range runs {
		list = append(list, &r.Latency)
	}
	return list
}

// pooled is a figure of all samples of some distributions, which have been checked as their reports were read.
func pooled(list []*measure.Distribution, figure func(*measure.Histogram) float64) float64 {
	all := measure.NewHistogram()
	for _, d := range list {
		if h, err := d.Decode(); err == nil {
			all.Merge(h)
		}
	}
	return figure(all)
}

// share divides, unless there is nothing to divide by.
func share(part, whole float64, absent string) (float64, string) {
	if whole == 0 {
		return 0, absent
	}
	return part / whole, ""
}

func sum(runs []*report.Report, of func(*report.Report) float64) (total float64) {
	for _, r := range runs {
		total += of(r)
	}
	return total
}

func storedPerS(r *report.Report) (float64, string) {
	switch d := &r.Delivery; {
	case d.StoredPerS == nil || d.Stored == nil:
		return 0, cmp.Or(d.Absent, "what was stored was not seen")
	case *d.StoredPerS == 0 || *d.Stored == 0:
		return 0, "nothing was stored"
	default:
		return *d.StoredPerS, ""
	}
}

func storedCalls(r *report.Report) float64 { return float64(*r.Delivery.Stored) }

// cpuAndCalls are the processor time of the server in the scored part, and the calls accepted in the same time.
func cpuAndCalls(r *report.Report) (cpuS, calls float64) {
	for _, p := range cpuParts(r) {
		cpuS, calls = cpuS+p.sum, calls+p.weight
	}
	return cpuS, calls
}

func memory(r *report.Report) (float64, string) {
	if kpi := judge.SignalKPI(judge.Scored(r.Result), measure.RSS); kpi.Max != nil && *kpi.Max > 0 {
		return *kpi.Max, ""
	}
	return 0, cmp.Or(r.Watch.Absent[measure.RSS.Name()], "the server's memory was not seen")
}

func memoryPerCall(r *report.Report) (float64, string) {
	bytes, absent := memory(r)
	if absent != "" {
		return 0, absent
	}
	return share(bytes, float64(r.Totals.Accepted), "no call was accepted")
}
