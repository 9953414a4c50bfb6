package load

import (
	"fmt"
	"runtime"

	"rdiostress/internal/measure"
)

const (
	// busyShare of the processors is where the generator itself may hold the run back.
	busyShare = 0.9
	// lateLag is a lag at the 99th percentile that shows in the latencies: a tenth of the mean that is allowed.
	lateLag = 0.1
)

// judgeSelf writes down what the generator used, and whether it, and not the server, held the run back.
func (r *Runner) judgeSelf(res *measure.Result, sent Sending) {
	g := &res.Generator
	limited := func(format string, args ...any) {
		g.Limited = true
		g.Reasons = append(g.Reasons, fmt.Sprintf(format, args...))
	}
	g.CPUS, g.RSSBytes = usage()
	cores := float64(runtime.GOMAXPROCS(0))
	if took := sent.Took.Seconds(); took > 0 && g.CPUS/took > busyShare*cores {
		limited("the generator used %.1f of %g processors: give it more, or a machine of its own", g.CPUS/took, cores)
	}
	if g.LagP99S != nil && *g.LagP99S > lateLag {
		limited("the generator sent calls late, by %.0f ms at the 99th percentile: its machine is too busy", *g.LagP99S*1000)
	}
	if sent.Starved {
		limited("%d talkgroups have no more than %d unique calls a second: name more with --talkgroups or --systems",
			len(r.Scenario.Systems)*len(r.Scenario.Talkgroups), r.Traffic.MaxPerSecond())
	}
	if n := exhausted(res.ErrorDetails); n > 0 {
		limited("%d uploads found no file descriptor or port on this machine: raise the limit (ulimit -n) or lower --max-concurrent", n)
	}
}

func exhausted(details []measure.ErrorDetail) (n uint64) {
	for _, d := range details {
		if d.Class == measure.Exhausted.String() {
			n += d.Count
		}
	}
	return n
}
