package server

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

	// ownFiles is what the server has open besides: standard streams, listener, poller, files that it reads again, and the connections
	// that it turns away.
	ownFiles = farewells + 32
	// mostAudioFiles is how many files of long audio may be open at once, received or played, where that is not too large a part of
	// the files that there may be.
	mostAudioFiles = 1024
)

// ErrFiles is that the process may have too few files open to serve.
var ErrFiles = errors.New("too few files may be open to serve: raise the limit (ulimit -n 1024)")

// fileShares divide the files that the process may have open.
type fileShares struct{ connections, audio int }

// shareFiles divides up to limit files. The store's come first, then audio gets a quarter of what is left.
func shareFiles(limit, store int) (fileShares, error) {
	left := limit - store - ownFiles
	if left < 8 {
		return fileShares{}, ErrFiles
	}
	audio := min(left/4, mostAudioFiles)
	return fileShares{connections: left - audio, audio: audio}, nil
}

// CheckConnections says if the process may not have as many files open as n connections and a store with so many files need; ErrFiles
// is that it may have too few for any.
func CheckConnections(n, store int) error {
	limit := openFilesLimit()
	shares, err := shareFiles(limit, store)
	if err == nil && n > shares.connections {
		err = fmt.Errorf("%d connections are too many: this process may have %d files open (ulimit -n), enough for %d", n, limit,
			shares.connections)
	}
	return err
}

// fileRoom bounds how many files are open at once. It may be used concurrently.
type fileRoom struct {
	limit int64
	open  atomic.Int64
}

// take tells whether one more file may be opened; it must be given back.
func (r *fileRoom) take() bool {
	if r.open.Add(1) <= r.limit {
		return true
	}
	r.open.Add(-1)
	return false
}

func (r *fileRoom) give() { r.open.Add(-1) }
