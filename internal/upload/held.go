package upload

import (
	"io"
	"sync"
	"time"
)

// Held keeps connections open that are not used any more, as a client does that forgets them. The zero value is ready.
type Held struct {
	mu     sync.Mutex
	open   map[io.Closer]*time.Timer
	most   int
	closed bool
}

// Keep closes a connection after a time, or when the Held is closed.
func (h *Held) Keep(c io.Closer, after time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		c.Close()
		return
	}
	if h.open == nil {
		h.open = make(map[io.Closer]*time.Timer)
	}
	h.open[c] = time.AfterFunc(after, func() { h.drop(c) })
	h.most = max(h.most, len(h.open))
}

// drop closes a connection whose time is over, unless Close has.
func (h *Held) drop(c io.Closer) {
	h.mu.Lock()
	_, kept := h.open[c]
	delete(h.open, c)
	h.mu.Unlock()
	if kept {
		c.Close()
	}
}

// Close closes all connections.
func (h *Held) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for c, timer := range h.open {
		timer.Stop()
		c.Close()
	}
	h.open = nil
}

// Most returns how many connections were kept at once at most.
func (h *Held) Most() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.most
}
