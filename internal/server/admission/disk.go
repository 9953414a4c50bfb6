package admission

import (
	"math"
	"sync/atomic"
	"time"

	"rdiostress/internal/server/disk"
)

// diskCheck is how often the disk is asked: uploads at full speed write little in that time.
const diskCheck = 100 * time.Millisecond

// DiskGuard tells when a disk has too little room left to take uploads. It may be used concurrently. Make one with
// NewDiskGuard.
//
// Room that deleted calls have left inside of the database counts: its file does not shrink, so that otherwise a disk
// that was full once would stay so, whatever retention deletes. But half of the least must be free on the disk itself,
// since the database's log is written there first. Audio that becomes a file cannot use the room inside of the
// database.
type DiskGuard struct {
	dir string
	min uint64 // bytes that must be free; 0 means any

	inside atomic.Int64  // bytes free inside of the database
	next   atomic.Int64  // when to ask again, in Unix nanoseconds
	free   atomic.Uint64 // bytes free on the disk, or unknownRoom
}

const unknownRoom = math.MaxUint64

// NewDiskGuard returns a guard of the disk that dir is on, which must have least bytes free; 0 means any.
func NewDiskGuard(dir string, least int64) *DiskGuard {
	g := &DiskGuard{dir: dir, min: uint64(least)}
	g.free.Store(unknownRoom)
	return g
}

// SetInside sets how many bytes are free inside of the database.
func (g *DiskGuard) SetInside(bytes int64) { g.inside.Store(bytes) }

// Inside is how many bytes are free inside of the database.
func (g *DiskGuard) Inside() int64 { return g.inside.Load() }

// IsFull reports whether less than the least was free, lately.
func (g *DiskGuard) IsFull() bool {
	free, known := g.room()
	return known && (free < g.min/2 || free+uint64(g.inside.Load()) < g.min)
}

// IsFullForFiles tells the same for audio that becomes a file.
func (g *DiskGuard) IsFullForFiles() bool {
	free, known := g.room()
	return known && free < g.min
}

// room returns how many bytes were free at the last check. A disk that cannot tell is taken to have room: writing will
// show.
func (g *DiskGuard) room() (free uint64, known bool) {
	if g.min == 0 {
		return 0, false
	}
	now, next := time.Now(), g.next.Load()
	if now.UnixNano() >= next && g.next.CompareAndSwap(next, now.Add(diskCheck).UnixNano()) {
		free, err := disk.Free(g.dir)
		if err != nil {
			free = unknownRoom
		}
		g.free.Store(free)
	}
	free = g.free.Load()
	return free, free != unknownRoom
}
