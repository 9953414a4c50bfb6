package diagnose

import (
	"net/http"
	"slices"

	"rdiostress/internal/measure"
)

// minRefillPoints is how many intervals must follow the first refusal to show what a rate limit lets through.
const minRefillPoints = 3

// rateLimit tells apart what a rate limit let through: the burst with which it began, and the calls for which it had
// room again after that.
func (s Signals) rateLimit(points []measure.Point, res *measure.Result) {
	first, ok := firstRefusalForRate(res)
	if !ok {
		return
	}
	burst := 0.0
	for _, p := range points {
		if p.TS <= first { // of the interval in which the burst ended, all of it: how much is not known
			burst += float64(p.Accepted)
		}
	}
	s.set("burst_calls", burst, Count)
	if after := pointsFrom(points, first+1); len(after) >= minRefillPoints {
		s.set("refill_per_s", acceptedRate(after), PerS)
	}
}

// firstRefusalForRate returns when the server first answered 429, in seconds since the start; false if it did not.
func firstRefusalForRate(res *measure.Result) (first float64, ok bool) {
	for _, d := range res.ErrorDetails {
		if d.Status == http.StatusTooManyRequests && (!ok || d.FirstS < first) {
			first, ok = d.FirstS, true
		}
	}
	return first, ok
}

// pointsFrom returns the points that begin at a time or later.
func pointsFrom(points []measure.Point, from float64) []measure.Point {
	return slices.DeleteFunc(slices.Clone(points), func(p measure.Point) bool { return p.TS < from })
}
