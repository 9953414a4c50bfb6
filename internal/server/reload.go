package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// reloadEvery is how often files are looked at. Looking, unlike being told by the system, also works for what is replaced by a
	// link, for network file systems, and everywhere.
	reloadEvery = 2 * time.Second
	// mostFileBytes is what a file may have that is read again and again: half a million keys.
	mostFileBytes = 64 << 20
)

// watched is something that the server has from files and takes anew when they change. They are told apart by what is in them: two states
// of a file may have the same size and, where it changes quickly, the same time.
type watched struct {
	what  string
	paths []string
	load  func(contents [][]byte) error // keeps what there was if it fails

	mu   sync.Mutex
	seen [sha256.Size]byte // of what was last loaded, or was to be
}

// reload loads what there is, if it has changed or always is set. What changes while it is loaded is loaded after that.
func (w *watched) reload(always bool) (done bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		contents, sum := w.read()
		if sum == w.seen && !always {
			return done, err
		}
		always, done, w.seen = false, true, sum
		if err = contents.err; err == nil {
			err = w.load(contents.files)
		}
	}
}

// fileContents are what files hold, or why they cannot be read.
type fileContents struct {
	files [][]byte
	err   error
}

// read reads the files. The sum tells whether anything of it differs.
func (w *watched) read() (c fileContents, sum [sha256.Size]byte) {
	hash := sha256.New()
	for _, path := range w.paths {
		text, err := readFile(path)
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

// readFile reads a file, if it is one: a pipe would be read to its end once, and a device may have none.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		failed.Op = "open" // which is what people know
		return nil, err
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file, which could be read again when it changes", path)
	case info.Size() > mostFileBytes:
		return nil, fmt.Errorf("%s is too large: it has %d bytes, of at most %d", path, info.Size(), mostFileBytes)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var text bytes.Buffer
	text.Grow(int(info.Size()) + bytes.MinRead) // so that it need not grow
	if _, err := io.Copy(&text, io.LimitReader(f, mostFileBytes)); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return text.Bytes(), nil
}

// watch loads something for the first time.
func (s *Server) watch(what string, load func(contents [][]byte) error, paths ...string) error {
	w := &watched{what: what, paths: paths, load: load}
	if _, err := w.reload(true); err != nil {
		return err
	}
	s.watched = append(s.watched, w)
	return nil
}

// Reload takes the files of keys and certificates anew. What cannot be read stays as it was, and the log says so.
func (s *Server) Reload() {
	for _, w := range s.watched {
		s.reload(w, true)
	}
}

func (s *Server) reload(w *watched, always bool) {
	switch done, err := w.reload(always); {
	case err != nil:
		s.log.Error("cannot reload the "+w.what+"; what was there stays in force", "error", err)
	case done:
		s.log.Info("reloaded the "+w.what, "files", w.paths)
	}
}

// keepLoaded looks at the files until ctx ends. What takes its time with one thing holds up no other.
func (s *Server) keepLoaded(ctx context.Context) {
	var keepers sync.WaitGroup
	for _, w := range s.watched {
		keepers.Go(func() {
			tick := time.NewTicker(s.reloadEvery)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					s.reload(w, false)
				}
			}
		})
	}
	keepers.Wait()
}

// loadKeys makes a keyring of the one key and a file of keys, whichever there are.
func (s *Server) loadKeys(own []Key, path string, text []byte) error {
	keys := own
	if path != "" {
		more, err := parseKeys(text)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
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

func (c *certificate) load(certFile, keyFile string, certText, keyText []byte) error {
	pair, err := tls.X509KeyPair(certText, keyText)
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
