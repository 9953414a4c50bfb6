package cli

import "rdiostress/internal/measure"

// The least that shows that a server is at work: this much of a processor, or this number of calls in its queue.
const (
	busyCPU   = 0.1
	busyQueue = 1
)

// busy tells whether the server is seen at work, which uses some processors also at rest; nil where it is not watched.
func (w watcher) busy(resting float64) func() bool {
	if w.Watcher == nil {
		return nil
	}
	return func() bool {
		seen := w.latest()
		return isBusy(&seen, resting)
	}
}

// isBusy tells whether what was seen of a server just now shows it at work. Resting is how many processors it uses
// without any.
func isBusy(seen *measure.Observation, resting float64) bool {
	cpu, _ := seen.Get(measure.CPU) // 0 where it was not seen
	queued, _ := seen.Get(measure.UploadQueue)
	return cpu > resting+busyCPU || queued >= busyQueue
}
