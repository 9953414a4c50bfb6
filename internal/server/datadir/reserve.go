package datadir

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"rdiostress/internal/server/disk"
)

const (
	reserveFile = "reserve"

	// fullReserve is enough to open an SQLite database and to delete calls from it in small batches, several times
	// over.
	fullReserve  = 4 << 20
	leastReserve = 512 << 10
	reserveShare = 8 // the reserve takes at most one part in 8 of the free space
)

// reserve is disk space that a data folder keeps for a full disk: an unused file. When the disk is full, the file is
// removed so that the database can still be opened and old calls can be deleted. While it is removed, no call is
// accepted, since calls would use up the space.
type reserve struct {
	out atomic.Bool

	mu   sync.Mutex // held while the file is created or removed
	size int64      // size of the removed file
}

// KeepReserve creates the reserve if it is missing and the disk has enough room. Earlier versions had none.
func (f *Folder) KeepReserve() error {
	f.reserve.mu.Lock()
	defer f.reserve.mu.Unlock()
	if f.reserve.out.Load() {
		return nil
	}
	size, err := f.reserveSize()
	if info, serr := os.Stat(f.Path(reserveFile)); serr == nil && info.Size() >= size/2 || err != nil ||
		size < leastReserve {
		return err
	}
	return f.makeReserve(size)
}

// reserveSize returns how much can be reserved.
func (f *Folder) reserveSize() (int64, error) {
	free, err := disk.Free(f.dir)
	return int64(min(free/reserveShare, fullReserve)), err
}

// makeReserve writes the file with content that no file system can compress.
func (f *Folder) makeReserve(size int64) error {
	content := make([]byte, size)
	rand.Read(content) // never fails
	err := disk.WriteFile(f.Path(reserveFile), content)
	if err != nil {
		err = errors.Join(err, removeIfThere(f.Path(reserveFile+".new")))
	}
	return err
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// ReleaseReserve frees the reserve's space and reports whether there was any. From then on no call is accepted until
// RestoreReserve has found space again.
func (f *Folder) ReleaseReserve() (released bool) {
	f.reserve.mu.Lock()
	defer f.reserve.mu.Unlock()
	f.reserve.out.Store(true)
	info, err := os.Stat(f.Path(reserveFile))
	if err != nil || os.Remove(f.Path(reserveFile)) != nil {
		return false
	}
	f.reserve.size = info.Size()
	return true
}

// IsFull reports whether the reserve is released, because the disk was full.
func (f *Folder) IsFull() bool { return f.reserve.out.Load() }

// RestoreReserve creates the reserve again if it is released and the disk has twice as much free space. It reports
// whether the reserve is in place.
func (f *Folder) RestoreReserve() bool {
	if !f.reserve.out.Load() {
		return true
	}
	f.reserve.mu.Lock()
	defer f.reserve.mu.Unlock()
	size := f.reserve.size
	if size == 0 { // there was none
		size, _ = f.reserveSize() // 0 means unknown
		size = max(size, leastReserve)
	}
	free, err := disk.Free(f.dir)
	if err != nil || free < 2*uint64(size) || f.makeReserve(size) != nil {
		return false
	}
	f.reserve.out.Store(false)
	return true
}

// saveReserve restores as much of the reserve as fits, for the next start.
func (f *Folder) saveReserve() {
	if !f.reserve.out.Load() || f.RestoreReserve() {
		return
	}
	f.reserve.mu.Lock()
	defer f.reserve.mu.Unlock()
	if free, err := disk.Free(f.dir); err == nil && free > leastReserve/reserveShare {
		_ = f.makeReserve(int64(min(free/2, fullReserve))) // at best effort
	}
}
