package load

import (
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/measure"
)

const (
	guideStep   = 5               // growth of the guide's batches
	guideBroken = 0.8             // success rate below which the guide calls the server broken
	guidePause  = 5 * time.Second // between the batches and the sustained part
)

// runGuide runs the batches of the guide's original script: 1, 6, 11 … uploads at once, until less than 80 % of a batch
// succeed or the largest number of uploaders is reached. Then it pauses.
func (s *sender) runGuide() *measure.Guide {
	guide := &measure.Guide{}
	began := s.beginBatches()
	for n := 1; n <= len(s.workers) && !s.interrupted(); n += guideStep {
		batch := s.runBatch(n)
		guide.Batches = append(guide.Batches, batch)
		if float64(batch.Accepted) < guideBroken*float64(batch.Attempted) {
			guide.BreakingPoint = &batch.Concurrent
			break
		}
	}
	s.before[s.workers[0].phase].Length = s.elapsed() - began
	clock.Wait(guidePause, s.interrupt, nil)
	return guide
}

// beginBatches moves all workers to the phase of the batches, which is before the shape, and returns when it begins.
func (s *sender) beginBatches() time.Duration {
	s.before = make([]measure.TimeSpan, len(s.phases))
	began := s.elapsed()
	for i, p := range s.phases {
		if !p.Batches {
			continue
		}
		s.before[i].Start = began
		for _, w := range s.workers {
			w.phase = i
		}
	}
	return began
}

// runBatch makes n workers send one call each, at the same time.
func (s *sender) runBatch(n int) measure.Batch {
	began := s.elapsed()
	var sending sync.WaitGroup
	for _, c := range s.groups {
		sending.Go(func() { c.runBatch(n) })
	}
	for _, w := range s.workers[:n] {
		if s.groups == nil {
			sending.Go(func() { w.sendOne() })
		}
	}
	sending.Wait()
	b := measure.Batch{Concurrent: n}
	for _, w := range s.workers[:n] {
		if w.outcome.Done < began {
			continue // interrupted while it waited for a unique call
		}
		b.Attempted++
		if w.outcome.Class == measure.Accepted {
			b.Accepted++
		}
	}
	b.DurationS = (s.elapsed() - began).Seconds()
	return b
}

// sendOne sends a call that is due now.
func (w *worker) sendOne() {
	w.send(w.next.Add(1)-1, w.elapsed(), measure.NoLag)
}
