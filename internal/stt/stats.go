package stt

import (
	"sync"
	"time"
)

// Stats are what a Server got. Each request is in one of the numbers from Done to Underway.
type Stats struct {
	Requests  uint64
	Done      uint64        // answered with a text
	Failed    uint64        // answered 500, as asked for
	Limited   uint64        // answered 429, as asked for
	Full      uint64        // answered 503, since the queue was full
	Wrong     uint64        // answered 400, 401 or 413
	Left      uint64        // the client did not wait for the answer
	Underway  int           // not answered yet
	Bytes     uint64        // of the audio in requests that were not wrong
	Sound     time.Duration // of the audio whose duration is known
	Busiest   int           // requests that were under way at the same time, at most
	BusiestAt time.Duration // when that was for the first time, since the start
	Took      time.Duration // from the first request to the last answer
	LastWrong string        // what was wrong with the last request that was
}

// counts counts what happens to requests.
type counts struct {
	mu          sync.Mutex
	now         Stats
	begun       time.Time
	first, last time.Time
}

// begin counts a request.
func (c *counts) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Now()
	c.now.Requests++
	if c.now.Requests == 1 {
		c.first = at
	}
	if c.now.Underway++; c.now.Underway > c.now.Busiest {
		c.now.Busiest, c.now.BusiestAt = c.now.Underway, at.Sub(c.begun)
	}
}

// add counts the audio of a request.
func (c *counts) add(r *recording) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Bytes += uint64(r.bytes)
	c.now.Sound += r.length
}

// end counts how a request ended.
func (c *counts) end(count func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now.Underway--
	c.last = time.Now()
	count(&c.now)
}

func (c *counts) stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.now
	if !c.last.IsZero() {
		s.Took = c.last.Sub(c.first)
	}
	return s
}
