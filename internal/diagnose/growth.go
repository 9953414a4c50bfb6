package diagnose

import (
	"fmt"
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

const (
	minGrowthPoints = 12 // intervals, below which nothing is said about growth
	growthParts     = 4  // the first and the last quarter are compared
)

// growth compares the time that the server needed for a call at the end of the run with that at its beginning, and
// correlates it with the calls stored. It says nothing of a run whose load rose, since times rise with it.
func (s Signals) growth(res *measure.Result) {
	var points []measure.Point
	for _, p := range scoredPoints(res) {
		if p.Attempted > 0 && p.P50S != nil {
			points = append(points, p)
		}
	}
	if len(points) < minGrowthPoints {
		return
	}
	first, last := firstAndLastQuarter(points)
	if endedPerS(last) > loadRise*endedPerS(first) {
		return
	}
	piledUp := s.pileup(first, last) >= muchPileup
	var took, stored []float64
	total := 0.0
	for _, p := range points {
		total += float64(p.Accepted)
		took, stored = append(took, callTime(p, piledUp, res.Generator.SlotWaits > 0)), append(stored, total)
	}
	early, late := stat.Median(took[:len(first)]), stat.Median(took[len(took)-len(last):])
	if early <= 0 {
		return
	}
	s.setWithNote("service_growth", late/early, Times, fmt.Sprintf("from %s to %s while %s calls were stored",
		duration(early), duration(late), Signal{Value: total}.String()))
	s.set("service_early", early, Seconds)
	s.set("service_late", late, Seconds)
	s.set("service_growth_correlation", stat.Spearman(stored, took), Number)
}

const (
	loadRise   = 1.25 // from the first to the last quarter, above which times are taken to follow the load
	muchPileup = 0.03 // of the uploads that end, above which calls come faster than they are answered
)

// pileup returns by how much the uploads under way grew over the run, as a share of those that ended meanwhile. Where
// more calls come than the server takes, each waits longer than the one before, however quick the server is.
func (s Signals) pileup(first, last []measure.Point) float64 {
	flight := func(points []measure.Point) float64 {
		var list []float64
		for _, p := range points {
			list = append(list, float64(p.InFlight))
		}
		return stat.Median(list)
	}
	between := midTime(last) - midTime(first)
	ended := (endedPerS(first) + endedPerS(last)) / 2 * between
	if between <= 0 || ended <= 0 {
		return 0
	}
	share := max(0, flight(last)-flight(first)) / ended
	s.set("pileup_share", share, Share)
	return share
}

// callTime returns the time that the server needed for a call in an interval: the median of those that ended. Where
// calls waited for the generator, it is uploads under way over uploads done per second (Little's law). Where uploads
// pile up at the server, it is how far apart they end.
func callTime(p measure.Point, piledUp, waited bool) float64 {
	switch apart := p.WidthS / float64(p.Attempted); {
	case piledUp:
		return apart
	case waited:
		return float64(p.InFlight) * apart
	default:
		return *p.P50S
	}
}

// firstAndLastQuarter returns the points in the first and in the last quarter of the time that points span. Intervals
// get wider in long runs.
func firstAndLastQuarter(points []measure.Point) (first, last []measure.Point) {
	from, to := points[0].TS, points[len(points)-1].TS+points[len(points)-1].WidthS
	quarter := (to - from) / growthParts
	n := len(points)
	i := slices.IndexFunc(points, func(p measure.Point) bool { return p.TS >= from+quarter })
	j := slices.IndexFunc(points, func(p measure.Point) bool { return p.TS >= to-quarter })
	if i < 0 || j < 0 { // one interval takes all of the time
		return points[:1], points[n-1:]
	}
	return points[:max(i, 1)], points[min(j, n-1):]
}

// endedPerS returns how many uploads ended per second.
func endedPerS(points []measure.Point) float64 {
	var n, time float64
	for _, p := range points {
		n, time = n+float64(p.Attempted), time+p.WidthS
	}
	return n / time
}

// midTime returns the middle of the time that points span.
func midTime(points []measure.Point) float64 {
	last := points[len(points)-1]
	return (points[0].TS + last.TS + last.WidthS) / 2
}
