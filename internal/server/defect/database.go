package defect

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/sqlite"
)

// databaseKinds returns the defects of the database.
func databaseKinds() map[string]kind {
	return map[string]kind{
		"pool-exhaustion": {
			"has few database connections and holds each during slow work, so that calls wait for one and give up",
			[]arg{{"connections", 4}, {"hold", 300 * time.Millisecond}, {"timeout", 5 * time.Second}},
			func(v values) Defect {
				return Defect{store: func(s call.Store) call.Store {
					return &pooled{
						Store: s, free: make(chan struct{}, v.number("connections")),
						hold: v.duration("hold"), timeout: v.duration("timeout"),
					}
				}}
			},
		},
		"locked-database": {
			"holds the database's write lock most of the time, as another program's long transaction does",
			[]arg{{"hold", 900 * time.Millisecond}, {"free", 30 * time.Millisecond}},
			func(v values) Defect {
				l := &locking{path: sqlite.DatabasePath(v.dir), hold: v.duration("hold"), free: v.duration("free")}
				return Defect{store: l.wrap, stop: l.stop}
			},
		},
		"missing-index": {
			"reads all stored calls for each new call",
			[]arg{{"row", bytes(2000)}},
			func(v values) Defect {
				return Defect{store: func(s call.Store) call.Store {
					return &scanning{
						Store: s,
						row:   make([]byte, v.bytes("row")),
					}
				}}
			},
		},
		"new-talkgroup-cost": {
			"blocks all uploads to rewrite its configuration for each new talkgroup",
			[]arg{{"cost", 60 * time.Millisecond}},
			func(v values) Defect {
				return Defect{store: func(s call.Store) call.Store {
					return &populating{Store: s, cost: v.duration("cost"), known: make(map[[2]int64]bool)}
				}}
			},
		},
	}
}

// pooled is a store with few connections that holds each for longer than storing takes.
type pooled struct {
	call.Store
	free          chan struct{} // holds one token for each connection in use
	hold, timeout time.Duration
	waits, waited atomic.Int64 // how many calls had to wait, and for how long in total, in nanoseconds
}

func (p *pooled) Put(ctx context.Context, u *call.Upload) (int64, error) {
	if !p.acquire() {
		return 0, errors.New("no database connection came free in time")
	}
	defer func() { <-p.free }()
	_ = clock.Sleep(ctx, p.hold)
	return p.Store.Put(ctx, u)
}

// acquire waits for a connection. It returns false if none becomes free in time.
func (p *pooled) acquire() bool {
	select {
	case p.free <- struct{}{}:
		return true
	default:
	}
	start := time.Now()
	defer func() {
		p.waits.Add(1)
		p.waited.Add(int64(time.Since(start)))
	}()
	timer := time.NewTimer(p.timeout)
	defer timer.Stop()
	select {
	case p.free <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

// Stats returns the statistics of this pool, which is in front of the store's own.
func (p *pooled) Stats() call.Stats {
	s := p.Store.Stats()
	used := len(p.free)
	s.Pool = call.PoolStats{
		InUse: used, Idle: cap(p.free) - used, Max: cap(p.free), Opened: int64(cap(p.free)),
		Waits: p.waits.Load(), Waited: time.Duration(p.waited.Load()),
	}
	return s
}

// locking holds SQLite's write lock most of the time.
type locking struct {
	path       string
	hold, free time.Duration
	ctx        context.Context
	cancel     context.CancelFunc
	locker     sync.WaitGroup
}

// wrap starts the locker once the store, and with it the database, is open. It does not change the store.
func (l *locking) wrap(s call.Store) call.Store {
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.locker.Go(l.run)
	return s
}

func (l *locking) stop() {
	l.cancel()
	l.locker.Wait()
}

// run takes the lock again and again. If the server holds it, run tries again soon.
func (l *locking) run() {
	db, err := sql.Open("sqlite", l.path)
	if err != nil {
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for l.ctx.Err() == nil {
		if _, err := db.ExecContext(l.ctx, "BEGIN IMMEDIATE"); err == nil {
			_ = clock.Sleep(l.ctx, l.hold)
			_, _ = db.ExecContext(context.WithoutCancel(l.ctx), "ROLLBACK")
			_ = clock.Sleep(l.ctx, l.free)
			continue
		}
		_ = clock.Sleep(l.ctx, time.Millisecond)
	}
}

// scanning is a store that reads all its rows before it adds one.
type scanning struct {
	call.Store
	mu   sync.Mutex
	rows int
	row  []byte // every row is read from here: only the work counts
}

func (s *scanning) Put(ctx context.Context, u *call.Upload) (int64, error) {
	s.mu.Lock()
	for range s.rows {
		sha256.Sum256(s.row)
	}
	s.rows++
	s.mu.Unlock()
	return s.Store.Put(ctx, u)
}

// populating is a store that stops for each new talkgroup.
type populating struct {
	call.Store
	mu    sync.Mutex
	cost  time.Duration
	known map[[2]int64]bool
}

func (p *populating) Put(ctx context.Context, u *call.Upload) (int64, error) {
	key := [2]int64{u.Call.System, u.Call.Talkgroup}
	p.mu.Lock()
	if !p.known[key] {
		p.known[key] = true
		_ = clock.Sleep(ctx, p.cost)
	}
	p.mu.Unlock()
	return p.Store.Put(ctx, u)
}
