package admission

import (
	"errors"
	"fmt"
	"sync/atomic"
)

const (
	// DefaultMaxConnections is the default limit of open connections, if the process may open that many files.
	DefaultMaxConnections = 16_384
	// DefaultStoreFiles is more than the files that a store on SQLite has open.
	DefaultStoreFiles = 64

	// ownFiles is the number of other files that the server has open: standard streams, the listener, the poller, files
	// that it reloads, and connections that it refuses.
	ownFiles = maxLingering + 32
	// maxAudioFiles limits the files of long audio that are open at once, received or played. The limit is lower if the
	// process may open few files.
	maxAudioFiles = 1024
)

// ErrFileLimit means that the process may open too few files to serve.
var ErrFileLimit = errors.New("the process may open too few files to serve: raise the limit (ulimit -n 1024)")

// FileShares is how the files that the process may open are divided.
type FileShares struct{ Connections, Audio int }

// ShareFiles divides the files that the process may open, after it has reserved the store's. It returns ErrFileLimit if
// there are too few.
func ShareFiles(store int) (FileShares, error) { return shareFiles(openFilesLimit(), store) }

// shareFiles divides up to limit files. The store's files come first; audio gets a quarter of the rest.
func shareFiles(limit, store int) (FileShares, error) {
	left := limit - store - ownFiles
	if left < 8 {
		return FileShares{}, ErrFileLimit
	}
	audio := min(left/4, maxAudioFiles)
	return FileShares{Connections: left - audio, Audio: audio}, nil
}

// CheckConnections returns an error if the process may not open enough files for n connections and a store with
// storeFiles. The error is ErrFileLimit if not even one connection is possible.
func CheckConnections(n, storeFiles int) error {
	limit := openFilesLimit()
	shares, err := shareFiles(limit, storeFiles)
	if err == nil && n > shares.Connections {
		err = fmt.Errorf("%d connections are too many: this process may have %d files open (ulimit -n), enough for %d",
			n, limit, shares.Connections)
	}
	return err
}

// Files limits how many files of long audio are open at once. It is safe for concurrent use. Create one with NewFiles.
type Files struct {
	limit int64
	open  atomic.Int64
}

// NewFiles returns a limiter of limit files.
func NewFiles(limit int) *Files { return &Files{limit: int64(limit)} }

// Acquire reports whether one more file may be opened. If so, the caller must call Release.
func (f *Files) Acquire() bool {
	if f.open.Add(1) <= f.limit {
		return true
	}
	f.open.Add(-1)
	return false
}

// Release records that a file is closed.
func (f *Files) Release() { f.open.Add(-1) }

// Usage returns the number of open files and the limit.
func (f *Files) Usage() (open, limit int64) { return f.open.Load(), f.limit }
