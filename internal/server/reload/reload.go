// Package reload loads files again when they change, such as keys and certificates that are exchanged while the server
// runs.
//
// Files are polled, which, unlike notifications of the system, also works for what is replaced by a link, for network
// file systems, and on every platform. A file that cannot be read or understood changes nothing: what was loaded stays
// in force.
package reload

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"rdiostress/internal/inputfile"
)

const (
	// DefaultEvery is how often files are read.
	DefaultEvery = 2 * time.Second
	// maxFileBytes is how large a file may be that is read again and again: half a million keys.
	maxFileBytes = 64 << 20
)

// Set is what was loaded from files and is loaded again when they change. Make one with New.
type Set struct {
	log   *slog.Logger
	every time.Duration
	items []*item
}

// New returns an empty set whose files are read at an interval while Run runs.
func New(log *slog.Logger, every time.Duration) *Set { return &Set{log: log, every: every} }

// Load loads something for the first time, and again when one of its files changes. What it is called in the log is
// what. It is not called concurrently with other methods. If load fails, it must leave in force what was loaded before.
func (s *Set) Load(what string, load func(contents [][]byte) error, paths ...string) error {
	i := &item{what: what, paths: paths, load: load}
	if _, err := i.reload(true); err != nil {
		return err
	}
	s.items = append(s.items, i)
	return nil
}

// Reload loads everything again. What cannot be loaded stays as it was, and the log says so.
func (s *Set) Reload() {
	for _, i := range s.items {
		s.reload(i, true)
	}
}

func (s *Set) reload(i *item, always bool) {
	switch done, err := i.reload(always); {
	case err != nil:
		s.log.Error("cannot reload the "+i.what+"; what was there stays in force", "error", err)
	case done:
		s.log.Info("reloaded the "+i.what, "files", i.paths)
	}
}

// Run reads the files at the set's interval until ctx ends. A large file delays no other.
func (s *Set) Run(ctx context.Context) {
	var readers sync.WaitGroup
	for _, i := range s.items {
		readers.Go(func() {
			tick := time.NewTicker(s.every)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					s.reload(i, false)
				}
			}
		})
	}
	readers.Wait()
}

// item is one thing that was loaded from files. Its states are distinguished by content: two of them may have the same
// size and, if a file changes quickly, the same time.
type item struct {
	what  string
	paths []string
	load  func(contents [][]byte) error

	mu   sync.Mutex
	seen [sha256.Size]byte // of what was last loaded, or failed to be
}

// reload loads the files if they have changed, or if always is set. What changes while it is loaded is loaded after
// that.
func (i *item) reload(always bool) (done bool, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for {
		contents, sum := i.read()
		if sum == i.seen && !always {
			return done, err
		}
		always, done, i.seen = false, true, sum
		if err = contents.err; err == nil {
			err = i.load(contents.files)
		}
	}
}

// fileContents are what files hold, or why they cannot be read.
type fileContents struct {
	files [][]byte
	err   error
}

// read reads the files. The sum differs if anything of that does.
func (i *item) read() (c fileContents, sum [sha256.Size]byte) {
	hash := sha256.New()
	for _, path := range i.paths {
		text, err := ReadFile(path)
		if err != nil {
			c.err = errors.Join(c.err, err)
			text = []byte(err.Error())
		}
		c.files = append(c.files, text)
		part := sha256.Sum256(text)
		hash.Write(part[:]) // never fails
	}
	hash.Sum(sum[:0])
	return c, sum
}

// ReadFile reads a regular file. Others are refused: a pipe can be read only once, and a device may have no end.
func ReadFile(path string) ([]byte, error) {
	text, err := inputfile.Read(path, maxFileBytes)
	if kind := inputfile.KindError(""); errors.As(err, &kind) {
		return nil, fmt.Errorf("%s is %s, and no regular file, which could be read again when it changes", path,
			string(kind))
	}
	return text, err
}
