package diagnose

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// A machine is crowded while it has next to nothing left, and what is neither the server's nor this program's takes
// much of it.
const (
	crowdBusy  = 0.9  // of its processors, by whoever
	crowdShare = 0.25 // of its processors, by others
)

// crowd sets the signals of what else uses the processors of the server's machine. What the server has connected to,
// such as its database, works for it.
func (s Signals) crowd(res *measure.Result, points []measure.Point) {
	n := float64(res.Watch.Processors)
	other := readSignal(points, measure.OtherCPU)
	if n == 0 || len(other.value) == 0 {
		return
	}
	s.setWithNote("other_cpu", other.mean(), Number, otherNames(res.Watch.Others))
	if own := readSignal(points, measure.GeneratorCPU); len(own.value) > 0 {
		s.set("generator_cpu", own.mean(), Number)
	}
	if all := readSignal(points, measure.MachineCPU); len(all.value) > 0 {
		s.set("machine_busy_share", all.mean(), Share)
	}
	if server, ok := s["processors_busy"]; ok {
		backend := 0.0
		if r := readSignal(points, measure.BackendCPU); len(r.value) > 0 {
			backend = r.mean()
		}
		s.set("backend_cpu", backend, Number)
		s.set("backed_cpu_share", (server.Value+backend)/n, Share)
	}
	var crowded, seen float64
	for _, p := range points {
		if share, ok := othersShare(p, n); ok {
			seen += p.WidthS
			if share >= crowdShare && isFull(p) {
				crowded += p.WidthS
			}
		}
	}
	if seen > 0 {
		s.set("crowded_share", crowded/seen, Share)
	}
	if isSlowed(res) {
		s.set("slowed", 1, Truth)
	}
	s.crowdGrowth(points, n)
	s.crowdedStalls(points, n)
}

// isSlowed reports whether the run missed what a server without processors misses: a time, the rate, or the success
// rate by waits and refusals. Other answers have other causes.
func isSlowed(res *measure.Result) bool {
	if missed(res, judge.MeanResponse, judge.P95Response, judge.RateAchieved) {
		return true
	}
	const many = 0.05 // of the uploads, with which a run misses the success rate
	n, waited := res.Totals.Attempted, res.Errors.Timeout+res.Errors.HTTP[strconv.Itoa(http.StatusServiceUnavailable)]
	return n > 0 && float64(waited) >= many*float64(n)
}

// othersShare returns the share of the processors that others used in an interval.
func othersShare(p measure.Point, processors float64) (share float64, ok bool) {
	other, ok := p.Server.Get(measure.OtherCPU)
	backend, _ := p.Server.Get(measure.BackendCPU)
	return max(0, other-backend) / processors, ok
}

// isFull reports whether the machine was crowded in an interval.
func isFull(p measure.Point) bool {
	busy, ok := p.Server.Get(measure.MachineCPU)
	return ok && busy >= crowdBusy
}

// crowdGrowth compares what others used of the processors in the first and in the last quarter of the run.
func (s Signals) crowdGrowth(points []measure.Point, processors float64) {
	if len(points) < minGrowthPoints {
		return
	}
	part := func(points []measure.Point) (mean float64) {
		n := 0.0
		for _, p := range points {
			if share, ok := othersShare(p, processors); ok {
				mean, n = mean+share, n+1
			}
		}
		return mean / n
	}
	first, last := firstAndLastQuarter(points)
	s.set("foreign_cpu_rise", part(last)-part(first), Share)
}

// crowdedStalls sets the share of the stalls that came while the machine was crowded.
func (s Signals) crowdedStalls(points []measure.Point, processors float64) {
	found := findStalls(points)
	if len(found) == 0 {
		return
	}
	crowded := 0
	for _, st := range found {
		for _, p := range points {
			share, _ := othersShare(p, processors)
			if p.TS+p.WidthS > st.end-st.length-1 && p.TS < st.end && share >= crowdShare && isFull(p) {
				crowded++
				break
			}
		}
	}
	s.set("crowded_stalls_share", float64(crowded)/float64(len(found)), Share)
}

// otherNames names the other processes, with the processors that each kept busy.
func otherNames(list []measure.OtherProcess) string {
	var words []string
	for _, o := range list {
		one := fmt.Sprintf("%s %s", sanitize(o.Name), units.Trim(units.Number(o.CPUSPerS)))
		if o.Backend {
			one += " (which the server connects to)"
		}
		words = append(words, one)
	}
	return strings.Join(words, ", ")
}
