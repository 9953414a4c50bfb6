package server

import (
	"sync/atomic"
	"time"

	"rdiostress/internal/server/disk"
)

// diskCheck is how often the disk is asked: uploads at full speed write little in that time.
const diskCheck = 100 * time.Millisecond

// diskGuard tells when a disk has too little room left to take uploads. It may be used concurrently.
type diskGuard struct {
	dir string
	min uint64 // bytes that must be free; 0 is none

	next atomic.Int64 // when to ask again, in Unix nanoseconds
	full atomic.Bool
}

// isFull tells whether less than min was free, lately. A disk that cannot tell is taken to have room: writing will show.
func (g *diskGuard) isFull() bool {
	if g.min == 0 {
		return false
	}
	now, next := time.Now(), g.next.Load()
	if now.UnixNano() >= next && g.next.CompareAndSwap(next, now.Add(diskCheck).UnixNano()) {
		free, err := disk.Free(g.dir)
		g.full.Store(err == nil && free < g.min)
	}
	return g.full.Load()
}
