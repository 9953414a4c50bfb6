package diagnose

import (
	"fmt"
	"math"
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

const (
	minStallS   = 0.3  // shorter ones are a garbage collector's or the scheduler's
	stallTimes  = 5    // over the usual maximum of a second
	minStalls   = 3    // fewer do not show a period
	stallSpread = 0.15 // of the period, by which gaps may differ from it
	stallChance = 0.02 // that stalls at random would come that regularly, above which there is no period
	stallWidthS = 1.5  // of intervals at most: in the wider ones of long runs stalls cannot be told apart
	// of the longest time, that the 95th percentile of the same second has if more than single calls were slow
	stallHeldUp = 0.5
	stallDip    = 0.75 // of the usual uploads of a second, under which fewer ended than otherwise
)

// stall is a time in which the server answered nothing, or next to nothing.
type stall struct{ end, length float64 } // in seconds since the start of the run

// stalls looks for times at which uploads took far longer than around them, and for a period in these times.
func (s Signals) stalls(res *measure.Result) {
	if res.Retries != nil || res.Scenario.RealClients {
		return // response times have the pauses of clients in them
	}
	points := slices.DeleteFunc(scoredPoints(res), func(p measure.Point) bool { return p.WidthS > stallWidthS })
	found := findStalls(points)
	if len(found) == 0 {
		return
	}
	total := 0.0
	for _, st := range found {
		total += st.length
	}
	longest := longestOf(found, points[0].TS)
	s.setWithNote("stall_longest", longest, Seconds, fmt.Sprintf("until %s after the start", duration(found[0].end)))
	s.set("stalls", float64(len(found)), Count)
	span := points[len(points)-1].TS + points[len(points)-1].WidthS - points[0].TS
	s.set("stall_share", min(1, total/span), Share)
	large := largest(found)
	if period, ok := periodOf(large); ok {
		s.set("stall_period", period, Seconds)
		s.set("regular_stalls", float64(len(large)), Count)
		s.set("stall_length", stat.Median(lengths(large)), Seconds)
	}
}

// longestOf returns the longest stall. Those of the first seconds, in which a server is slow for other reasons, count
// only if there are no others.
func longestOf(found []stall, start float64) (longest float64) {
	for _, st := range found {
		if st.end >= start+coldS {
			longest = max(longest, st.length)
		}
	}
	if longest == 0 {
		longest = slices.Max(lengths(found))
	}
	return longest
}

// findStalls returns the peaks of the longest response time, each the end of a stall: uploads that were held up end
// together. A second in which only single calls were slow is not a stall.
func findStalls(points []measure.Point) []stall {
	var worst, ended []float64
	for _, p := range points {
		ended = append(ended, float64(p.Attempted))
		if p.MaxS != nil {
			worst = append(worst, *p.MaxS)
		}
	}
	if len(worst) < 2*minStalls {
		return nil
	}
	limit, few := max(minStallS, stallTimes*measure.Quantile(worst, 0.25)), stallDip*stat.Median(ended)
	var found []stall
	last := -2
	for i, p := range points {
		if p.MaxS == nil || *p.MaxS < limit {
			continue
		}
		dips := ended[i] < few || i > 0 && ended[i-1] < few
		if !dips && p.P95S != nil && *p.P95S < stallHeldUp**p.MaxS {
			continue
		}
		st := stall{p.TS + p.WidthS, *p.MaxS}
		if i == last+1 { // the same one, seen in two intervals
			if prev := &found[len(found)-1]; st.length > prev.length {
				*prev = st
			}
		} else {
			found = append(found, st)
		}
		last = i
	}
	return found
}

// periodOf returns how far apart stalls come, if that is always about the same. Intervals are a second wide, so that
// each gap may be off by one.
func periodOf(found []stall) (period float64, ok bool) {
	if len(found) < minStalls {
		return 0, false
	}
	var gaps []float64
	for i := 1; i < len(found); i++ {
		gaps = append(gaps, found[i].end-found[i-1].end)
	}
	period = stat.Median(gaps)
	most := max(1, stallSpread*period)
	if slices.Max(gaps) > period+most || slices.Min(gaps) < period-most {
		return 0, false
	}
	if math.Pow(chanceOf(period, most), float64(len(gaps)-1)) > stallChance {
		return 0, false
	}
	// exacter than the median of whole seconds
	return (found[len(found)-1].end - found[0].end) / float64(len(gaps)), true
}

// largest leaves out the stalls that are far shorter than most, which have another cause.
func largest(found []stall) []stall {
	const most, far = 0.75, 0.5
	least := far * measure.Quantile(lengths(found), most)
	return slices.DeleteFunc(slices.Clone(found), func(st stall) bool { return st.length < least })
}

// chanceOf returns the chance that a gap between random stalls, of the given mean, differs from the mean by no more
// than most. Such gaps are whole seconds and follow a geometric distribution, from 2 on: stalls in neighbouring seconds
// are one.
func chanceOf(mean, most float64) float64 {
	const least = 2
	longer := 1 - 1/(mean-least+1) // the chance that a gap that has come so far goes on for another second
	return math.Pow(longer, max(mean-most-least, 0)) - math.Pow(longer, mean+most-least+1)
}

func lengths(found []stall) (l []float64) {
	for _, st := range found {
		l = append(l, st.length)
	}
	return l
}

// scoredPoints returns the scored part of the series, without the intervals after sending had ended.
func scoredPoints(res *measure.Result) []measure.Point {
	start := 0.0
	for _, p := range res.Phases {
		if p.Scored {
			start = p.StartS
			break
		}
	}
	return slices.DeleteFunc(slices.Clone(res.Series), func(p measure.Point) bool {
		return p.TS < start || p.TS >= res.Run.SendingS || p.WidthS <= 0
	})
}
