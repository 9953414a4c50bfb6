package main

import "rdiostress/internal/measure"

// The least that shows that a server is at work: this much of a processor, or this number of calls in its queue.
const (
	busyCPU   = 0.1
	busyQueue = 1
)

// busy tells whether the server is seen at work; nil where it is not watched.
func (w watcher) busy() func() bool {
	if w.Watcher == nil {
		return nil
	}
	return func() bool {
		seen := w.latest()
		return isBusy(&seen)
	}
}

// isBusy tells whether what was seen of a server just now shows it at work.
func isBusy(seen *measure.Seen) bool {
	cpu, _ := seen.Get(measure.CPU) // 0 where it was not seen
	queued, _ := seen.Get(measure.UploadQueue)
	return cpu > busyCPU || queued >= busyQueue
}
