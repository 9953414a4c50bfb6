package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"rdiostress/internal/server"
)

// pending is a call that waits to be stored.
type pending struct {
	upload *server.Upload
	file   string // name in the audio folder, if the audio is there
	id     int64
	err    error
	done   chan struct{} // closed once id and err are set
}

// Put is part of server.Store.
func (s *Store) Put(ctx context.Context, u *server.Upload) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	// The room is taken first: with it, sending to the queue never blocks.
	if s.waiting.Add(1) > s.limit {
		s.waiting.Add(-1)
		return 0, server.ErrFull
	}
	defer s.waiting.Add(-1)

	p := &pending{upload: u, done: make(chan struct{})}
	if u.File != "" {
		if err := os.Rename(u.File, filepath.Join(s.audio, filepath.Base(u.File))); err != nil {
			return 0, err
		}
		// From here on, the file is the store's. Its content is on disk already; its new name has to be.
		p.file = filepath.Base(u.File)
		if err := syncDir(s.audio); err != nil {
			return 0, s.disown(p, err)
		}
	}
	if err := s.enqueue(p); err != nil {
		return 0, s.disown(p, err)
	}
	<-p.done
	if p.err != nil {
		return 0, s.disown(p, p.err)
	}
	return p.id, nil
}

func (s *Store) enqueue(p *pending) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return server.ErrClosed
	}
	s.queue <- p
	return nil
}

// disown removes the audio file of a call that was not stored, and returns err. If a commit failed in a way that leaves open
// whether it took place, the row may still be there: better a call without its audio, which its client was told is not
// stored, than audio that nobody can find.
func (s *Store) disown(p *pending, err error) error {
	if p.file == "" {
		return err
	}
	return errors.Join(err, os.Remove(filepath.Join(s.audio, p.file)))
}
