package server

import (
	"context"
	"sync/atomic"
	"time"
)

// What clients that read may have in memory together. A page of a list is read and sent in pieces, and a piece is all of it that is in memory:
// however many clients ask for how much, and however slowly they take it, lists cost some 20 MB.
const (
	mostLists  = 256      // under way at once
	pieceBytes = 32 << 10 // of calls, of each list
	listBuffer = 8 << 10
	listStep   = 10 * time.Second // for a client to take stepBytes, while others wait for its place

	mostWholeCalls = 4        // being read with everything that is known of them; large ones take a few megabytes each
	smallCall      = 64 << 10 // no longer counts once it is made

	mostInlineAudio = 256 // calls whose audio is played out of the database, of each a piece in memory

	mostWaiting = 256 // for each of these; further clients are turned away at once
	waitToRead  = 15 * time.Second
)

// readingRoom bounds what clients that read may have in memory together.
type readingRoom struct {
	lists       *slots // pages of calls
	wholeCalls  *slots // calls with everything that is known of them
	inlineAudio *slots // audio out of the database
}

func newReadingRoom() readingRoom {
	return readingRoom{newSlots(mostLists), newSlots(mostWholeCalls), newSlots(mostInlineAudio)}
}

// slots bound how many of something there are at once, and how many wait for that. They may be used concurrently.
type slots struct {
	taken   chan struct{}
	waiting atomic.Int64
}

func newSlots(n int) *slots { return &slots{taken: make(chan struct{}, n)} }

// take takes a slot, for which it waits in line. It must be given back.
func (s *slots) take(ctx context.Context) error {
	select {
	case s.taken <- struct{}{}:
		return nil
	default:
	}
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > mostWaiting {
		return errManyReaders
	}
	timer := time.NewTimer(waitToRead)
	defer timer.Stop()
	select {
	case s.taken <- struct{}{}:
		return nil
	case <-timer.C:
		return errManyReaders
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slots) give() { <-s.taken }
