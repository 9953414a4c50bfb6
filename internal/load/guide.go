package load

import (
	"sync"
	"time"

	"rdiostress/internal/measure"
)

const (
	guideStep   = 5               // by which the guide's batches grow
	guideBroken = 0.8             // success rate under which it takes the server for broken
	guidePause  = 5 * time.Second // between the batches and the sustained part
)

// runGuide runs the batches of the guide's original script: 1, 6, 11 … uploads at once, until fewer than 80 % of a
// batch succeed or the largest number of uploaders is reached; then a pause.
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
	select {
	case <-time.After(guidePause):
	case <-s.interrupt:
	}
	return guide
}

// beginBatches puts all workers into the phase of the batches, which comes before the shape, and returns when it
// begins.
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

// runBatch has n workers send one call each, all at once.
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
			continue // interrupted before there was a unique call
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
