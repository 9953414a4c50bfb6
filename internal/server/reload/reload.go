// Package reload reloads files when they change, such as keys and certificates that are replaced while the server runs.
//
// Files are polled. Unlike file system notifications, polling works for files behind a replaced link, for network file
// systems, and on every platform. A file that cannot be read or parsed changes nothing: the loaded content stays valid.
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
	// DefaultEvery is the polling interval.
	DefaultEvery = 2 * time.Second
	// maxFileBytes is the maximum size of a file that is polled: half a million keys.
	maxFileBytes = 64 << 20
)

// Set is a set of loaded files that are reloaded when they change. Create one with New.
type Set struct {
	log   *slog.Logger
	every time.Duration
	items []*item
}

// New returns an empty set; Run reads its files at an interval.
func New(log *slog.Logger, every time.Duration) *Set { return &Set{log: log, every: every} }

// Load loads something for the first time, and again when one of its files changes. What is its name in the log. Load
// is not called concurrently with other methods. If load fails, it must keep the previously loaded state.
func (s *Set) Load(what string, load func(contents [][]byte) error, paths ...string) error {
	i := &item{what: what, paths: paths, load: load}
	if _, err := i.reload(true); err != nil {
		return err
	}
	s.items = append(s.items, i)
	return nil
}

// Reload reloads everything. Whatever cannot be loaded keeps its state, and the log says so.
func (s *Set) Reload() {
	for _, i := range s.items {
		s.reload(i, true)
	}
}

func (s *Set) reload(i *item, always bool) {
	switch done, err := i.reload(always); {
	case err != nil:
		s.log.Error("cannot reload the "+i.what+"; the last valid version stays in force", "error", err)
	case done:
		s.log.Info("reloaded the "+i.what, "files", i.paths)
	}
}

// Run reads the files at the set's interval until ctx ends. A large file does not delay the others.
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
// size and, if a file changes quickly, the same modification time.
type item struct {
	what  string
	paths []string
	load  func(contents [][]byte) error

	mu   sync.Mutex
	seen [sha256.Size]byte // hash of what was last loaded or failed to load
}

// reload loads the files if they have changed, or if always is set. Changes during a load are loaded afterwards.
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

// fileContents is the content of files, or the reason why they cannot be read.
type fileContents struct {
	files [][]byte
	err   error
}

// read reads the files. The sum changes if any of that changes.
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

// ReadFile reads a regular file. It refuses others: a pipe can be read only once, and a device may be endless.
func ReadFile(path string) ([]byte, error) {
	text, err := inputfile.Read(path, maxFileBytes)
	if kind := inputfile.KindError(""); errors.As(err, &kind) {
		return nil, fmt.Errorf("%s is %s, not a regular file; only a regular file can be reloaded when it changes",
			path, string(kind))
	}
	return text, err
}
