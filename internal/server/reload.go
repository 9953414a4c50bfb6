package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// reloadEvery is how often files are looked at. Looking, unlike being told by the system, also works for what is replaced by a
// link, for network file systems, and everywhere.
const reloadEvery = 2 * time.Second

// watched is something that the server has from files and takes anew when they change.
type watched struct {
	what  string
	paths []string
	load  func() error // keeps what there was if it fails

	mu   sync.Mutex
	seen []stamp
}

// stamp tells two states of a file apart.
type stamp struct {
	time time.Time
	size int64
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

// reload loads what there is, if it has changed or always is set.
func (w *watched) reload(always bool) (done bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := always
	for i, path := range w.paths {
		if now := stampOf(path); now != w.seen[i] {
			w.seen[i], changed = now, true
		}
	}
	if !changed {
		return false, nil
	}
	return true, w.load()
}

// watch loads something for the first time.
func (s *Server) watch(what string, load func() error, paths ...string) error {
	w := &watched{what: what, paths: paths, load: load, seen: make([]stamp, len(paths))}
	if _, err := w.reload(true); err != nil {
		return err
	}
	s.watched = append(s.watched, w)
	return nil
}

// Reload takes the files of keys and certificates anew. What cannot be read stays as it was, and the log says so.
func (s *Server) Reload() { s.reload(true) }

func (s *Server) reload(always bool) {
	for _, w := range s.watched {
		switch done, err := w.reload(always); {
		case err != nil:
			s.log.Error("cannot reload the "+w.what+"; what was there stays in force", "error", err)
		case done:
			s.log.Info("reloaded the "+w.what, "files", w.paths)
		}
	}
}

// keepLoaded looks at the files until ctx ends.
func (s *Server) keepLoaded(ctx context.Context) {
	tick := time.NewTicker(s.reloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.reload(false)
		}
	}
}

// loadKeys makes a keyring of the one key and the file of keys, whichever there are.
func (s *Server) loadKeys(own []Key, path string) error {
	keys := own
	if path != "" {
		more, err := ReadKeys(path)
		if err != nil {
			return err
		}
		keys = append(own[:len(own):len(own)], more...)
	}
	s.keys.Store(newKeyring(keys))
	return nil
}

// certificate is the server's own, which may be exchanged.
type certificate struct {
	at atomic.Pointer[tls.Certificate]
}

func (c *certificate) load(certFile, keyFile string) error {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", certFile, keyFile, err)
	}
	c.at.Store(&pair)
	return nil
}

// config is what connections are made with.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if pair := c.at.Load(); pair != nil {
				return pair, nil
			}
			return nil, errors.New("no certificate")
		},
	}
}
