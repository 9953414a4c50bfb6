package admission

import (
	"math"
	"sync/atomic"
	"time"

	"rdiostress/internal/server/disk"
)

// diskCheck is the interval between checks of the disk: uploads at full speed write little in that time.
const diskCheck = 100 * time.Millisecond

// DiskGuard reports when a disk has too little free space for uploads. It is safe for concurrent use. Create one with
// NewDiskGuard.
//
// The space that deleted calls left inside the database counts as free. The database file does not shrink, so without
// it a disk that was full once would stay full, whatever retention deletes. But half of the minimum must be free on the
// disk itself, since the database writes its log there first. Audio files cannot use the space inside the database.
type DiskGuard struct {
	dir string
	min uint64 // bytes that must be free; 0 disables the check

	inside atomic.Int64  // bytes free inside the database
	next   atomic.Int64  // time of the next check, in Unix nanoseconds
	free   atomic.Uint64 // bytes free on the disk, or unknownRoom
}

const unknownRoom = math.MaxUint64

// NewDiskGuard returns a guard of the disk that holds dir, which requires least free bytes; 0 disables the check.
func NewDiskGuard(dir string, least int64) *DiskGuard {
	g := &DiskGuard{dir: dir, min: uint64(least)}
	g.free.Store(unknownRoom)
	return g
}

// SetInside sets how many bytes are free inside the database.
func (g *DiskGuard) SetInside(bytes int64) { g.inside.Store(bytes) }

// Inside returns how many bytes are free inside the database.
func (g *DiskGuard) Inside() int64 { return g.inside.Load() }

// IsFull reports whether less than the minimum was free at the last check.
func (g *DiskGuard) IsFull() bool {
	free, known := g.room()
	return known && (free < g.min/2 || free+uint64(g.inside.Load()) < g.min)
}

// IsFullForFiles reports the same for audio that is stored as a file.
func (g *DiskGuard) IsFullForFiles() bool {
	free, known := g.room()
	return known && free < g.min
}

// room returns how many bytes were free at the last check. If that is unknown, it assumes that there is room: a write
// will show.
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
