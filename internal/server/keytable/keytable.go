// Package keytable keeps a copy of the API keys that are in the table api_keys of a PostgreSQL database, for servers
// that share it.
//
// Uploads are checked against the copy, never against the database. A watcher has a connection of its own, on which
// PostgreSQL announces every change (LISTEN, NOTIFY). Announcements get lost with their connection, and behind some
// connection poolers always. So the watcher also compares the table's version at an interval, and after every
// connection that it makes. While the database is away the last copy stays in force: no call can be stored then anyway.
package keytable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/apikey"
)

const (
	// DefaultRefresh is how old a copy becomes before it is compared with the table.
	DefaultRefresh = time.Second

	connectTimeout = 5 * time.Second
	queryTimeout   = 5 * time.Second
	reconnectAfter = 250 * time.Millisecond
	channel        = "rdiostress_api_keys"
)

const (
	selectVersion = "SELECT keys_version FROM store WHERE id = 1"
	selectKeys    = "SELECT label, sha256, systems, talkgroups, cidrs, expires_at FROM api_keys"
)

// Options are the options of a Watcher.
type Options struct {
	URL     string             // of the database, whose schema is up to date
	Apply   func([]apikey.Key) // gets all keys whenever they have changed; not called concurrently
	Refresh time.Duration      // 0 means the default
	Log     *slog.Logger
}

// Watcher follows the table of keys. Create one with Open.
type Watcher struct {
	o       Options
	config  *pgx.ConnConfig
	conn    *pgx.Conn // nil while there is none
	version int64     // of the keys that were last applied

	stop context.CancelFunc
	done sync.WaitGroup
}

// Open reads the keys, applies them, and follows them until Close. It fails if they cannot be read now.
func Open(ctx context.Context, o Options) (*Watcher, error) {
	o.Refresh = cmp.Or(o.Refresh, DefaultRefresh)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, err // shows no password
	}
	config.ConnectTimeout = connectTimeout
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "rdiostress keys"
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // poolers know no statements that were prepared elsewhere
	w := &Watcher{o: o, config: config, version: -1}
	if err := w.connect(ctx); err != nil {
		return nil, fmt.Errorf("reading the API keys: %w", oneLine(err))
	}
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	w.done.Go(func() { w.follow(following) })
	return w, nil
}

// Close ends following.
func (w *Watcher) Close() {
	w.stop()
	w.done.Wait()
}

// connect makes a connection, and then reads the keys, so that no change gets lost in between.
func (w *Watcher) connect(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(limited, w.config)
	if err != nil {
		return err
	}
	w.conn = conn
	if _, err = conn.Exec(limited, "LISTEN "+channel); err == nil {
		err = w.read(ctx)
	}
	if err != nil {
		w.disconnect()
	}
	return err
}

func (w *Watcher) disconnect() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.conn.Close(ctx) // it may be lost
	w.conn = nil
}

// follow reads the keys whenever they have changed, until ctx ends.
func (w *Watcher) follow(ctx context.Context) {
	isLost := false
	for ctx.Err() == nil {
		var err error
		if w.conn == nil {
			err = w.connect(ctx)
		} else if err = w.await(ctx); err != nil {
			w.disconnect()
		}
		switch {
		case ctx.Err() != nil:
		case err != nil:
			if !isLost {
				w.o.Log.Error("API keys cannot be read from the database; the last ones stay in force",
					"error", oneLine(err))
			}
			isLost = true
			_ = clock.Sleep(ctx, reconnectAfter) // fails if ctx ends
		case isLost:
			w.o.Log.Info("API keys are read from the database again")
			isLost = false
		}
	}
	if w.conn != nil {
		w.disconnect()
	}
}

// await waits until a change is announced or the copy is old, and reads the keys.
func (w *Watcher) await(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, w.o.Refresh)
	defer cancel()
	// The time's end leaves the connection as it is.
	if _, err := w.conn.WaitForNotification(limited); err != nil && limited.Err() == nil {
		return err
	}
	return w.read(ctx)
}

// read reads the keys and applies them if they have changed. It asks for the version first: keys that are newer are
// read once more.
func (w *Watcher) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var version int64
	if err := w.conn.QueryRow(ctx, selectVersion).Scan(&version); err != nil || version == w.version {
		return err
	}
	rows, err := w.conn.Query(ctx, selectKeys)
	if err != nil {
		return err
	}
	var keys []apikey.Key
	var row apikey.Row
	_, err = pgx.ForEachRow(rows,
		[]any{&row.Label, &row.SHA256, &row.Systems, &row.Talkgroups, &row.From, &row.Expires}, func() error {
			key, err := row.Key()
			if err != nil {
				w.o.Log.Error("a key in the database is wrong and is not accepted", "key", row.Label,
					"error", oneLine(err))
				return nil
			}
			keys = append(keys, key)
			return nil
		})
	if err != nil {
		return err
	}
	w.o.Apply(keys)
	w.version = version
	w.o.Log.Debug("read the API keys of the database", "keys", len(keys), "version", version)
	return nil
}

// oneLine returns an error whose text has one line: the driver's has one for each address that it has tried.
func oneLine(err error) error {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\t' })
	return errors.New(strings.Join(lines, " "))
}
