package load

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/address"
	"rdiostress/internal/generator"
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
	return &usageWatch{began: time.Now(), cpuS: generator.CPUTime().Seconds(), samples: readRuntime()}
}

func (w *usageWatch) stop() usageFigures {
	now := readRuntime()
	u := usageFigures{
		cpuS:        generator.CPUTime().Seconds() - w.cpuS,
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
	g.RSSBytes = memory()
	g.CPUS, g.GCPauseMaxS, g.SchedulerMaxS = sent.used.cpuS, sent.used.gcPauseMaxS, sent.used.schedMaxS
	g.AllocBytesPerS = sent.used.allocBytesPerS
	g.Processors, g.Shared = runtime.GOMAXPROCS(0), slices.ContainsFunc(r.Scenario.URLs(), address.IsLoopbackURL)
	took := sent.Took.Seconds()
	cores := float64(g.Processors)
	if g.QuotaProcessors != nil {
		cores = min(cores, *g.QuotaProcessors)
	}
	if why := shortage(g, took); why != "" {
		limited("%s", why)
	} else if took > 0 && g.CPUS/took > busyShare*cores {
		limited("the generator used %s of %s: give it more, or a machine of its own",
			units.Trim(units.Number(g.CPUS/took)), processors(cores))
	}
	if s := g.Stops; s != nil && res.Latency.LeavesTooMuchOut() { // failures that stops explain are up to the score
		limited("the generator itself was stopped for %s in all (a signal, a paused virtual machine, or processors "+
			"that others had): %s accepted and %s failed uploads were due, sent or answered then",
			trimmed(s.StoppedS), units.Count(s.Accepted), units.Count(s.Failed))
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

const (
	// starvedShare is the share of the processor time that its threads could have used, under which the generator gets
	// too little: on a machine that is shared with a busy server it gets half.
	starvedShare = 0.1
	// muchDelay is the share of the run from which on it matters how long threads waited for a processor.
	muchDelay = 0.05
	// longDelayS is the mean wait in seconds for each turn from which on it shows in response times, each of which has
	// two at least.
	longDelayS = 0.01
)

// shortage says how the system kept the generator from running in a part of the run that matters. It is empty
// otherwise.
func shortage(g *measure.Generator, tookS float64) string {
	quota := "a quota"
	if n := g.QuotaProcessors; n != nil {
		quota = "a quota of " + processors(*n)
	}
	switch {
	case g.ThrottledShare != nil && *g.ThrottledShare >= measure.ThrottledMuch:
		return fmt.Sprintf("the generator was short of processor time: %s held it back in %s of the run",
			quota, units.Trim(units.Percent(*g.ThrottledShare)))
	case g.RunDelayS != nil && *g.RunDelayS > muchDelay*tookS && *g.RunDelayMeanS > longDelayS &&
		g.CPUS < starvedShare*(g.CPUS+*g.RunDelayS):
		return fmt.Sprintf("the generator was short of processor time: it got %s, and its threads waited for %s, "+
			"%s each time", trimmed(g.CPUS), trimmed(*g.RunDelayS), trimmed(*g.RunDelayMeanS))
	default:
		return ""
	}
}

// trimmed writes a number of seconds for a sentence.
func trimmed(s float64) string { return units.Trim(units.Seconds(s)) }

// processors writes a number of them.
func processors(n float64) string {
	if n == float64(int(n)) {
		return units.Plural(uint64(n), "processor")
	}
	return units.Trim(units.Number(n)) + " processors"
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
