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
	// guardGap is the age from which a look at the files is too old to acknowledge calls by. A look costs some ten microseconds.
	guardGap   = 10 * time.Millisecond
	retryAfter = 5 * time.Second // which refused clients are told to wait
)

// guard keeps calls from being acknowledged once the files that they are written to are not at their paths any more.
type guard struct {
	folder *datadir.Folder
	log    *slog.Logger

	mu   sync.Mutex
	gone bool // as the log says
}

// keep looks once a second, so that it is known also while no call comes, until done is closed.
func (g *guard) keep(done <-chan struct{}) {
	tick := time.NewTicker(guardEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			g.look(0)
			if g.folder.IsFull() && g.folder.RestoreReserve() {
				g.log.Info("the disk has room again; uploads are taken")
			}
		}
	}
}

// look looks if the last look is older than gap, and returns an UnavailableError if files are gone. The log says when that changes.
func (g *guard) look(gap time.Duration) error {
	err := g.folder.CheckAfter(gap)
	g.mu.Lock()
	defer g.mu.Unlock()
	if isGone := err != nil; isGone != g.gone {
		g.gone = isGone
		if isGone {
			g.log.Error("uploads are refused: files of the data folder are gone; calls acknowledged since they were last seen are lost "+
				"unless the files come back", "reason", err, "last_seen", g.folder.LastSeen().Format(time.RFC3339Nano))
		} else {
			g.log.Info("the files of the data folder are back; uploads are taken again")
		}
	}
	return unavailable(err)
}

// known is what the last look found.
func (g *guard) known() error { return unavailable(g.folder.Gone()) }

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return &call.UnavailableError{RetryAfter: retryAfter, Err: err, Logged: true}
}
