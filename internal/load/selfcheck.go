package load

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"strings"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

const (
	// busyShare is the share of the processors from which on the generator itself may hold back the run.
	busyShare = 0.9
	// lateLag is a lag at the 99th percentile that shows in the latencies: a tenth of the mean that is allowed.
	lateLag = 0.1
)

// Metrics of the runtime that show the load of the generator.
const (
	metricGC    = "/sched/pauses/total/gc:seconds"
	metricSched = "/sched/latencies:seconds"
	metricAlloc = "/gc/heap/allocs:bytes"
)

// usageFigures are the resources that the generator has used in a time.
type usageFigures struct {
	cpuS, gcPauseMaxS, schedMaxS, allocBytesPerS float64
}

// usageWatch measures the resources that the generator uses from its start.
type usageWatch struct {
	began   time.Time
	cpuS    float64
	samples []metrics.Sample
}

func readRuntime() []metrics.Sample {
	samples := []metrics.Sample{{Name: metricGC}, {Name: metricSched}, {Name: metricAlloc}}
	metrics.Read(samples)
	return samples
}

func startUsageWatch() *usageWatch {
	cpu, _ := usage()
	return &usageWatch{began: time.Now(), cpuS: cpu, samples: readRuntime()}
}

func (w *usageWatch) stop() usageFigures {
	cpu, _ := usage()
	now := readRuntime()
	u := usageFigures{
		cpuS:        cpu - w.cpuS,
		gcPauseMaxS: longest(w.samples[0].Value.Float64Histogram(), now[0].Value.Float64Histogram()),
		schedMaxS:   longest(w.samples[1].Value.Float64Histogram(), now[1].Value.Float64Histogram()),
	}
	if took := time.Since(w.began).Seconds(); took > 0 {
		u.allocBytesPerS = float64(now[2].Value.Uint64()-w.samples[2].Value.Uint64()) / took
	}
	return u
}

// longest returns the upper end of the highest bucket that has grown, or 0 if none has.
func longest(before, after *metrics.Float64Histogram) float64 {
	for i := len(after.Counts) - 1; i >= 0; i-- {
		if after.Counts[i] == before.Counts[i] {
			continue
		}
		if end := after.Buckets[i+1]; !math.IsInf(end, 0) {
			return end
		}
		return after.Buckets[i]
	}
	return 0
}

// judgeGenerator records the resources of the generator, and whether the generator, and not the server, held back the
// run.
func (r *Runner) judgeGenerator(res *measure.Result, sent Sending) {
	g := &res.Generator
	limited := func(format string, args ...any) {
		g.Limited = true
		g.Reasons = append(g.Reasons, fmt.Sprintf(format, args...))
	}
	_, g.RSSBytes = usage()
	g.CPUS, g.GCPauseMaxS, g.SchedulerMaxS = sent.used.cpuS, sent.used.gcPauseMaxS, sent.used.schedMaxS
	g.AllocBytesPerS = sent.used.allocBytesPerS
	g.Processors, g.Shared = runtime.GOMAXPROCS(0), address.IsLoopbackURL(r.Scenario.URL)
	cores := float64(g.Processors)
	if took := sent.Took.Seconds(); took > 0 && g.CPUS/took > busyShare*cores {
		limited("the generator used %s of %s: give it more, or a machine of its own",
			units.Trim(units.Number(g.CPUS/took)), units.Plural(uint64(g.Processors), "processor"))
	}
	if g.LagP99S != nil && *g.LagP99S > lateLag {
		limited("the generator sent calls late, by %s: its machine is too busy", g.FormatLag(units.Seconds))
	}
	if sent.Starved {
		limited("%d talkgroups have no more than %d calls in a run of %v that are no duplicates of each other: name "+
			"more talkgroups or systems",
			len(r.Scenario.Systems)*len(r.Scenario.Talkgroups), r.Traffic.Capacity(), r.Scenario.Length())
	}
	for _, d := range res.ErrorDetails {
		if d.Class == measure.Exhausted.String() {
			limited("%d uploads found that %s", d.Count, exhaustion(d.Sample))
		}
	}
}

// exhaustion says which limit of this machine an error is about, and how to raise it.
func exhaustion(text string) string {
	switch {
	case strings.Contains(text, "too many open files in system"):
		return "this machine has no file descriptor left: raise fs.file-max (sysctl), or have fewer uploads in flight"
	case strings.Contains(text, "too many open files"):
		return "this process may open no more files: raise the limit (ulimit -n), or have fewer uploads in flight"
	case strings.Contains(text, "cannot assign requested address"):
		return "this machine has no local port left for the target: widen net.ipv4.ip_local_port_range (sysctl), " +
			"lower the rate, or keep connections"
	default:
		return fmt.Sprintf("this machine has no room for a connection (%s): have fewer uploads in flight", text)
	}
}
