package load

import (
	"time"

	"rdiostress/internal/measure"
)

// primeUploaders is how many calls are under way at once while the server learns of the talkgroups: few, since rdio-scanner writes
// its whole configuration anew for each.
const primeUploaders = 8

// runPrime sends one call of each talkgroup, so that the measured part finds a server that knows them.
func (s *sender) runPrime() {
	began := s.beginBefore(func(p Phase) bool { return p.prime })
	s.priming = true
	all := uint64(len(s.Scenario.Systems) * len(s.Scenario.Talkgroups))
	for s.next.Load() < all && !s.interrupted() {
		s.runBatch(min(primeUploaders, len(s.workers), int(all-s.next.Load())))
	}
	s.priming = false
	s.next.Store(0)
	s.before[s.workers[0].phase].Length = s.elapsed() - began
}

// beginBefore puts all workers into a phase that comes before the shape, and returns when it begins.
func (s *sender) beginBefore(is func(Phase) bool) time.Duration {
	if s.before == nil {
		s.before = make([]measure.Stretch, len(s.phases))
	}
	began := s.elapsed()
	for i, p := range s.phases {
		if !is(p) {
			continue
		}
		s.before[i].Start = began
		for _, w := range s.workers {
			w.phase = i
		}
	}
	return began
}
