package groupcommit

import (
	"log/slog"
	"sync"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
)

const (
	guardEvery = time.Second
	// guardMaxAge is the age at which a check of the files is too old to acknowledge calls. A check costs about ten
	// microseconds.
	guardMaxAge = 10 * time.Millisecond
	retryAfter  = 5 * time.Second // for refused clients
)

// guard prevents calls from being acknowledged after the files that hold them are no longer at their paths.
type guard struct {
	folder *datadir.Folder
	log    *slog.Logger

	mu   sync.Mutex
	gone bool // as last logged
}

// run checks the files once a second until done is closed, so that a loss is noticed even while no calls arrive.
func (g *guard) run(done <-chan struct{}) {
	tick := time.NewTicker(guardEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			g.check(0)
			if g.folder.IsFull() && g.folder.RestoreReserve() {
				g.log.Info("the disk has room again; uploads are accepted")
			}
		}
	}
}

// check checks the files if the last check is older than maxAge, and returns an UnavailableError if they are gone. It
// logs changes.
func (g *guard) check(maxAge time.Duration) error {
	err := g.folder.CheckAfter(maxAge)
	g.mu.Lock()
	defer g.mu.Unlock()
	if isGone := err != nil; isGone != g.gone {
		g.gone = isGone
		if isGone {
			g.log.Error("uploads are refused: files of the data folder are gone; calls acknowledged since they were "+
				"last seen are lost "+
				"unless the files come back", "reason", err, "last_seen", g.folder.LastFound().Format(time.RFC3339Nano))
		} else {
			g.log.Info("the files of the data folder are back; uploads are accepted again")
		}
	}
	return unavailable(err)
}

// lastCheck returns the result of the last check.
func (g *guard) lastCheck() error { return unavailable(g.folder.Gone()) }

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return &call.UnavailableError{RetryAfter: retryAfter, Err: err, Logged: true}
}
