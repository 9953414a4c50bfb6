package diagnose

import (
	"net/http"
	"strconv"

	"rdiostress/internal/measure"
)

// repeats sets the signals of calls that were sent again.
func (s Signals) repeats(res *measure.Result) {
	r := res.Retries
	if r == nil || r.Calls == 0 {
		return
	}
	var calls uint64 // of all phases, as repeats are
	for _, p := range res.Phases {
		calls += p.Totals.Attempted
	}
	calls = max(calls, res.Totals.Attempted)
	s.set("repeats", float64(r.Sent), Count)
	s.set("repeat_share", float64(r.Sent)/float64(calls+r.Sent), Share)
	s.set("repeat_load", float64(calls+r.Sent)/float64(calls), Times)
	if len(r.Tries) > 0 {
		s.set("repeat_calls", float64(r.Tries[0].Sent), Count) // each of them has one second attempt
	}
	if r.Sent > 0 {
		s.set("repeat_success_share", float64(r.Recovered)/float64(r.Sent), Share)
	}
	busy, failed := r.Errors.Timeout, r.Errors.Timeout+r.Errors.Connection+r.Errors.Rejected
	for status, n := range r.Errors.HTTP {
		if failed += n; status == strconv.Itoa(http.StatusTooManyRequests) ||
			status == strconv.Itoa(http.StatusServiceUnavailable) {
			busy += n
		}
	}
	if failed > 0 {
		s.set("repeat_overload_share", float64(busy)/float64(failed), Share)
	}
}
