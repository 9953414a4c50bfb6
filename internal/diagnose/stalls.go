package diagnose

import (
	"fmt"
	"math"
	"slices"

	"rdiostress/internal/measure"
)

const (
	stallLeastS  = 0.3  // shorter ones are a garbage collector's or the scheduler's
	stallTimes   = 5    // over the usual maximum of a second
	stallLeast   = 3    // fewer do not show a period
	stallSpread  = 0.25 // median deviation of the gaps over the period, above which there is none
	stallMostGap = 1.5  // the longest gap over the median one; beyond it a stall was left out
)

// stall is a time for which a server answered nothing, or next to.
type stall struct{ end, length float64 } // in seconds since the start of the run

// stalls looks for times at which uploads took far longer than around them, and for a period in them.
func (s Signals) stalls(res *measure.Result) {
	if res.Retries != nil {
		return // response times have the pauses of clients that send again in them
	}
	found := findStalls(steady(res))
	if len(found) == 0 {
		return
	}
	longest, total := 0.0, 0.0
	for _, st := range found {
		longest = max(longest, st.length)
		total += st.length
	}
	s.note("stall_longest", longest, Seconds, fmt.Sprintf("until %s after the start", duration(found[0].end)))
	s.set("stalls", float64(len(found)), Count)
	if span := res.Run.SendingS; span > 0 {
		s.set("stall_share", min(1, total/span), Share)
	}
	if period, ok := periodOf(found); ok {
		s.set("stall_period", period, Seconds)
		s.set("stall_length", median(lengths(found)), Seconds)
	}
}

// findStalls returns the peaks of the longest response time, each a stall's end: what was held up ends together.
func findStalls(points []measure.Point) []stall {
	var worst []float64
	for _, p := range points {
		if p.MaxS != nil {
			worst = append(worst, *p.MaxS)
		}
	}
	if len(worst) < 2*stallLeast {
		return nil
	}
	limit := max(stallLeastS, stallTimes*quantile(worst, 0.25))
	var found []stall
	last := -2
	for i, p := range points {
		if p.MaxS == nil || *p.MaxS < limit {
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

// periodOf returns how far apart stalls come, if that is always about the same. Intervals are a second wide, so that each gap may be
// off by one.
func periodOf(found []stall) (period float64, ok bool) {
	if len(found) < stallLeast {
		return 0, false
	}
	var gaps []float64
	for i := 1; i < len(found); i++ {
		gaps = append(gaps, found[i].end-found[i-1].end)
	}
	period = median(gaps)
	var off []float64
	for _, g := range gaps {
		off = append(off, math.Abs(g-period))
	}
	mean := (found[len(found)-1].end - found[0].end) / float64(len(gaps)) // exacter than the median of whole seconds
	if median(off) > max(1, stallSpread*period) || slices.Max(gaps) > max(period+1, stallMostGap*period) || slices.Min(gaps) < period/2 {
		return 0, false
	}
	return mean, true
}

func lengths(found []stall) (l []float64) {
	for _, st := range found {
		l = append(l, st.length)
	}
	return l
}

// steady is the scored part of the series, without the intervals after sending had ended.
func steady(res *measure.Result) []measure.Point {
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
