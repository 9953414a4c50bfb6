package terminal

import (
	"math"
	"time"

	"rdiostress/internal/glyph"
	"rdiostress/internal/measure"
	"rdiostress/internal/trial/verification"
)

// maxHistory is how many seconds a sparkline can show.
const maxHistory = 240

// history is a figure over the last seconds, one value each; a second in which it was not observed is no number.
type history struct{ values []float64 }

// add adds the value of the last of so many seconds, of which the others were missed.
func (h *history) add(v float64, seconds int) {
	for range min(seconds, maxHistory) - 1 {
		h.values = append(h.values, math.NaN())
	}
	h.values = append(h.values, v)
	if over := len(h.values) - maxHistory; over > 0 {
		h.values = append(h.values[:0], h.values[over:]...)
	}
}

// last returns the last columns values.
func (h *history) last(columns int) []float64 {
	return h.values[len(h.values)-max(min(columns, len(h.values)), 0):]
}

// highest returns the highest of values; false where all are unknown.
func highest(values []float64) (top float64, ok bool) {
	top = math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			top, ok = max(top, v), true
		}
	}
	return top, ok
}

// sparkline draws values that are not negative.
func (p pen) sparkline(values []float64) string { return glyph.Sparkline(values, p.ascii) }

// p95Of returns the 95th percentile of the last second, or of the last few where that has too few uploads; no number
// where these are too few as well.
func p95Of(s *measure.Snapshot) float64 {
	switch {
	case !measure.TooFew(0.95, s.Last.Accepted-min(s.Last.LeftOut, s.Last.Accepted)):
		return s.Last.P95.Seconds()
	case !measure.TooFew(0.95, s.RecentP95Of):
		return s.RecentP95.Seconds()
	default:
		return math.NaN()
	}
}

// storedOver is the least time over which the rate of storing is taken: storage is read every second or less often, and
// servers store in batches.
const storedOver = 5 * time.Second

// storing is how many calls were stored at the times when storage was read lately.
type storing struct{ reads []reading }

type reading struct {
	at     time.Duration
	stored uint64
}

// add notes how storage stands. It reports whether that is known anew.
func (s *storing) add(p *verification.Progress) bool {
	if p == nil || p.At == 0 || p.Err != nil {
		return false
	}
	if last := len(s.reads) - 1; last >= 0 && s.reads[last].at >= p.At {
		return false
	}
	s.reads = append(s.reads, reading{p.At, p.Stored})
	for len(s.reads) > 2 && s.reads[1].at <= p.At-storedOver {
		s.reads = s.reads[1:]
	}
	return true
}

// perSecond returns how many calls were stored per second lately; false where that is not known.
func (s *storing) perSecond() (rate float64, ok bool) {
	if len(s.reads) < 2 {
		return 0, false
	}
	first, last := s.reads[0], s.reads[len(s.reads)-1]
	return (float64(last.stored) - float64(min(first.stored, last.stored))) / (last.at - first.at).Seconds(), true
}
