package diagnose

import (
	"math"
	"net/http"
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// A server that acknowledges calls before it stores them is quick until its queue is full, and then as slow as it
// stores. That shows in the series, without looking at what was stored: uploads are taken fast, and from one second on
// at a steady lower rate.
const (
	fullDrop  = 0.7 // of the rate before, to which the rate falls at most
	fullSlack = 0.4 // of the rate after it, by which a second may differ
	// share of the first third's rate that the last third's must have; a server that gets ever slower has another
	// problem
	fullDrift     = 0.7
	fullStays     = 0.8  // part of the seconds that stay clearly below the rate before
	fullCliff     = 0.1  // of the rate before: a fall that deep is a queue's also where the server gets slower after it
	fullWait      = 2    // how many times as long uploads take then, at least
	fullBusy      = 0.9  // of the slots that are busy then, or the load was lowered
	fullCalls     = 1000 // that it took beyond what it stored, at least: rdio-scanner's queue holds 8,192
	fullAtOnce    = 4000 // the same where that took less than fullSlow
	fullSlow      = 3    // seconds
	minFullPoints = 10   // intervals after it
	fullEdge      = 3    // intervals that rates at the step are of
)

// fullQueueStep describes when a queue was full, and how uploads were taken before and after.
type fullQueueStep struct {
	at, before, after float64 // in seconds since the start, and calls per second
	calls             float64 // that were taken beyond what was stored
	waits             float64 // in seconds, of uploads after it, at the median
}

// fullQueue sets the signals of a queue that ran full, and the rate at which calls were taken once the effects of a
// start were over: empty queues, bursts that a rate limit lets through, connections that open.
func (s Signals) fullQueue(res *measure.Result) {
	points := slices.DeleteFunc(slices.Clone(res.Series), func(p measure.Point) bool {
		return p.TS >= res.Run.SendingS || p.WidthS <= 0
	})
	s.rateLimit(points, res)
	rest := afterStart(points, res)
	f, ok := refusedFrom(points, res)
	if !ok {
		f, ok = ranFull(points, res.Scenario.MaxConcurrent)
	}
	if ok {
		s.set("queue_full_at", f.at, Seconds)
		s.set("rate_before_full", f.before, PerS)
		s.set("rate_after_full", f.after, PerS)
		if f.waits > 0 {
			s.set("wait_after_full", f.waits, Seconds)
		}
		if f.calls > 0 {
			s.set("queued_until_full", f.calls, Count)
		}
		rest = slices.DeleteFunc(rest, func(p measure.Point) bool { return p.TS <= f.at })
	} else if v, there := s["accepted_per_s"]; there && res.Delivery.Crash == nil && res.Run.SendingS >= coldS {
		s["accepted_all_along_per_s"] = v
	}
	if len(rest) > 0 && res.Run.SendingS >= coldS { // a shorter run is nothing but a start
		s.set("settled_per_s", acceptedRate(rest), PerS)
	}
}

// afterStart returns the points after the first seconds of a run that is long enough, and after the first refusal for
// the rate.
func afterStart(points []measure.Point, res *measure.Result) []measure.Point {
	const enough = 3 // times the first seconds
	from := 0.0
	for _, p := range res.Phases {
		if p.Scored {
			from = p.StartS
			break
		}
	}
	if res.Run.SendingS-from >= enough*coldS {
		from += coldS
	}
	if first, ok := firstRefusalForRate(res); ok {
		from = max(from, first+1) // the burst that a limit lets through is over
	}
	return pointsFrom(points, from)
}

// refusedFrom finds the queue of a server that says that it is full: from some time on it answers 503, and it took more
// before.
func refusedFrom(points []measure.Point, res *measure.Result) (f fullQueueStep, ok bool) {
	i := slices.IndexFunc(res.ErrorDetails,
		func(d measure.ErrorDetail) bool { return d.Status == http.StatusServiceUnavailable })
	if i < 0 {
		return f, false
	}
	f.at = res.ErrorDetails[i].FirstS
	k := slices.IndexFunc(points, func(p measure.Point) bool { return p.TS+p.WidthS > f.at })
	if k < 2 || len(points)-k-1 < minFullPoints {
		return f, false
	}
	before, after := points[:k], points[k+1:]
	f.before, f.after = acceptedRate(before), acceptedRate(after)
	f.calls = beyond(points[:k+1], f.after)
	return f, f.after > 0 && f.after <= fullDrop*f.before
}

// ranFull finds the second from which uploads were taken at a steady lower rate, with all slots busy and waiting
// longer.
func ranFull(points []measure.Point, slots int) (f fullQueueStep, ok bool) {
	k := steepest(points)
	if k < 0 {
		return f, false
	}
	before, after := points[:k], points[k+1:]
	f.before, f.after = acceptedRate(before[max(0, k-fullEdge):]), acceptedRate(after)
	if f.after <= 0 || f.after > fullDrop*f.before {
		return f, false
	}
	f.at = points[k].TS
	if edge := acceptedRate(after[:fullEdge]); edge > fullCliff*f.before && !isStep(after, f.after, edge) {
		return f, false
	}
	low := 0
	for _, p := range after {
		if acceptedRate([]measure.Point{p}) < (f.before+f.after)/2 {
			low++
		}
	}
	f.waits = stat.Median(waits(after))
	waits := f.waits >= fullWait*stat.Median(waits(before[max(0, k-fullEdge):]))
	busy := slots > 0 && stat.Median(inFlight(after)) >= fullBusy*float64(slots)
	f.calls = beyond(points[:k+1], f.after)
	least := float64(fullCalls)
	if f.at-before[0].TS < fullSlow {
		least = fullAtOnce
	}
	return f, float64(low) >= fullStays*float64(len(after)) && waits && busy && f.calls >= least
}

// isStep reports whether the rate stayed the same after it fell.
func isStep(after []measure.Point, rate, edge float64) bool {
	third := len(after) / 3
	first, last := acceptedRate(after[:third]), acceptedRate(after[len(after)-third:])
	return math.Abs(edge/rate-1) <= fullSlack && last >= fullDrift*first && first >= fullDrift*last
}

// steepest returns the interval at which the rate falls most from those before to those after; -1 if there is none.
func steepest(points []measure.Point) int {
	best, at := 1.0, -1
	for k := 1; k+1+minFullPoints <= len(points); k++ {
		before, after := acceptedRate(points[max(0, k-fullEdge):k]), acceptedRate(points[k+1:k+1+fullEdge])
		if before > 0 && after > 0 && after/before < best {
			best, at = after/before, k
		}
	}
	return at
}

// beyond returns how many calls were taken beyond a rate.
func beyond(points []measure.Point, rate float64) (calls float64) {
	for _, p := range points {
		calls += max(0, float64(p.Accepted)-rate*p.WidthS)
	}
	return calls
}

// acceptedRate returns how many uploads were accepted per second.
func acceptedRate(points []measure.Point) float64 {
	var n, took float64
	for _, p := range points {
		n, took = n+float64(p.Accepted), took+p.WidthS
	}
	return n / took
}

func waits(points []measure.Point) (list []float64) {
	for _, p := range points {
		if p.P50S != nil {
			list = append(list, *p.P50S)
		}
	}
	return list
}

func inFlight(points []measure.Point) (list []float64) {
	for _, p := range points {
		list = append(list, float64(p.InFlight))
	}
	return list
}
