package stdio

import (
	"fmt"
	"os"
	"sync"
	"time"

	"rdiostress/internal/clock"
)

// maxQueued is how many bytes wait for the reader; further ones are dropped.
const maxQueued = 1 << 20

// Lossy writes to a file without ever waiting for it, and without errors: what is not taken is dropped. It is safe for
// concurrent use.
type Lossy struct {
	file *os.File

	mu      sync.Mutex
	queue   []byte
	lost    int           // writes since the last that was queued
	taken   uint64        // times that something was written or failed
	stuck   uint64        // taken when Flush last gave up, and one
	drained chan struct{} // closed when all is written; nil where nobody waits for that
	writing bool
}

// NewLossy returns what writes to a file.
func NewLossy(f *os.File) *Lossy { return &Lossy{file: f} }

// Fd returns the file's descriptor, by which a terminal is known.
func (l *Lossy) Fd() uintptr { return l.file.Fd() }

// Write queues a text. It returns no error.
func (l *Lossy) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue)+len(p) > maxQueued {
		l.lost++
		return len(p), nil
	}
	if l.lost > 0 {
		const lost = "\nrdiostress: what was said %d times was not taken in time, and is lost\n"
		l.queue = fmt.Appendf(l.queue, lost, l.lost)
		l.lost = 0
	}
	l.queue = append(l.queue, p...)
	if !l.writing {
		l.writing = true
		go l.drain() // it ends by itself, or with the process if the file takes nothing
	}
	return len(p), nil
}

// drain writes what is queued.
func (l *Lossy) drain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) > 0 {
		text := l.queue
		l.queue = nil
		l.mu.Unlock()
		_, _ = l.file.Write(text) // nobody is left to tell
		l.mu.Lock()
		l.taken++
	}
	l.writing = false
	if l.drained != nil {
		close(l.drained)
		l.drained = nil
	}
}

// Flush waits until all that was written is taken, but no longer than a while, and not again while nothing is taken.
func (l *Lossy) Flush(wait time.Duration) {
	l.mu.Lock()
	if !l.writing || l.stuck == l.taken+1 {
		l.mu.Unlock()
		return
	}
	if l.drained == nil {
		l.drained = make(chan struct{})
	}
	drained := l.drained
	l.mu.Unlock()
	if clock.Wait(wait, drained, nil) {
		l.mu.Lock()
		l.stuck = l.taken + 1
		l.mu.Unlock()
	}
}
