package admission

import (
	"errors"
	"fmt"
	"sync/atomic"
)

const (
	// DefaultMaxConnections is how many connections may be open where the process may have as many files.
	DefaultMaxConnections = 16_384
	// DefaultStoreFiles is more than a store on SQLite has open.
	DefaultStoreFiles = 64

	// ownFiles are the other files that the server has open: standard streams, listener, poller, files that it loads
	// again, and connections that it refuses.
	ownFiles = maxLingering + 32
	// maxAudioFiles is how many files of long audio may be open at once, received or played, where that is not too
	// large a part of all files.
	maxAudioFiles = 1024
)

// ErrFileLimit says that the process may have too few files open to serve.
var ErrFileLimit = errors.New("too few files may be open to serve: raise the limit (ulimit -n 1024)")

// FileShares divide the files that the process may have open.
type FileShares struct{ Connections, Audio int }

// ShareFiles divides the files that the process may have open, after it has set the store's apart. It fails with
// ErrFileLimit if they are too few.
func ShareFiles(store int) (FileShares, error) { return shareFiles(openFilesLimit(), store) }

// shareFiles divides up to limit files. The store's come first, then audio gets a quarter of the rest.
func shareFiles(limit, store int) (FileShares, error) {
	left := limit - store - ownFiles
	if left < 8 {
		return FileShares{}, ErrFileLimit
	}
	audio := min(left/4, maxAudioFiles)
	return FileShares{Connections: left - audio, Audio: audio}, nil
}

// CheckConnections returns an error if the process may not have as many files open as n connections and a store with
// storeFiles need: ErrFileLimit if it may have too few for any connection.
func CheckConnections(n, storeFiles int) error {
	limit := openFilesLimit()
	shares, err := shareFiles(limit, storeFiles)
	if err == nil && n > shares.Connections {
		err = fmt.Errorf("%d connections are too many: this process may have %d files open (ulimit -n), enough for %d",
			n, limit, shares.Connections)
	}
	return err
}

// Files bounds how many files of long audio are open at once. It may be used concurrently. Make one with NewFiles.
type Files struct {
	limit int64
	open  atomic.Int64
}

// NewFiles returns a bound of limit files.
func NewFiles(limit int) *Files { return &Files{limit: int64(limit)} }

// Acquire reports whether one more file may be opened; it must be released.
func (f *Files) Acquire() bool {
	if f.open.Add(1) <= f.limit {
		return true
	}
	f.open.Add(-1)
	return false
}

// Release says that a file is closed.
func (f *Files) Release() { f.open.Add(-1) }

// Usage returns how many files are open and how many may be.
func (f *Files) Usage() (open, limit int64) { return f.open.Load(), f.limit }
