package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/deliverytest"
)

// scanner stores calls as rdio-scanner 7 does: from one goroutine, into its database, behind a queue in memory. It logs
// what it drops as a duplicate.
type scanner struct {
	db    *sql.DB
	queue chan deliverytest.Kept
	done  sync.WaitGroup
	busy  chan struct{} // closed when a write met a lock that was not let go within its patience
	once  sync.Once
}

// newScanner makes one on a copy of the captured database, with another journal if that is asked for.
func newScanner(t testing.TB, path, journal string) *scanner {
	t.Helper()
	db, err := sql.Open(
		"sqlite",
		"file:"+path+"?_busy_timeout=10000&_pragma=journal_mode("+journal+")&_pragma=synchronous(0)",
	)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	s := &scanner{db: db, queue: make(chan deliverytest.Kept, 8192), busy: make(chan struct{})}
	s.done.Go(func() {
		seen := make(map[string]bool)
		for c := range s.queue {
			if err := s.store(seen, c); err != nil {
				s.once.Do(func() { close(s.busy) })
				t.Errorf("storing %s: %v", c.Name, err)
			}
		}
	})
	t.Cleanup(func() {
		close(s.queue)
		s.done.Wait()
		db.Close()
	})
	return s
}

// A server that answers first and stores later, in SQLite with either journal, is looked at while it writes, and is not
// held up.
func TestScannerOnSQLite(t *testing.T) {
	for _, journal := range []string{"delete", "wal"} {
		t.Run(journal, func(t *testing.T) {
			path := copyOf(t, "rdio-scanner-7.0.0.sqlite")
			scanner := newScanner(t, path, journal)
			s := deliverytest.NewStation(t, func(_ *deliverytest.Station, n uint64, c deliverytest.Kept) (int, string) {
				if n%100 == 99 {
					return 200, deliverytest.Imported
				}
				if n%100 == 50 { // a unique call that the server takes for one that it has just stored
					c.Call.Talkgroup, c.Call.Time = 1001, time.Unix(1_700_000_000, 0)
				}
				scanner.queue <- c
				return 200, deliverytest.Imported
			})
			// The first of the calls that look the same is stored, at that other place.
			open := func(ctx context.Context, _ *delivery.Ledger) (delivery.Place, error) {
				return OpenSQLite(ctx,
					path)
			}
			o := deliverytest.Soon()
			o.Timeout = time.Second
			_, d := deliverytest.Rig{Run: "abcdefgh", Total: 1000, Open: open, Options: o}.Make(t, s.URL)
			want := "1000: stored 980, altered 1, dropped 9, missing 10, pending 0; twice 0; refused 0, unanswered " +
				"0; {System:0 Talkgroup:1 Time:1 Audio:0}"
			if got := deliverytest.InShort(d); got != want || d.Source != "rdio-scanner 7 on SQLite" {
				t.Errorf("in %s\ngot  %s\nwant %s", d.Source, got, want)
			}
			if *d.AudioCompared != 981 || d.AckToStored == nil || d.AckToStored.Count != 981 {
				t.Errorf("%d compared; %+v", *d.AudioCompared, d.AckToStored)
			}
			select {
			case <-scanner.busy:
				t.Error("the server was held up")
			default:
			}
		})
	}
}

// store stores a call, unless another one of its talkgroup is in the same five seconds: a window that is too wide for
// real calls.
func (s *scanner) store(seen map[string]bool, c deliverytest.Kept) error {
	place := fmt.Sprint(c.Call.System, c.Call.Talkgroup, c.Call.Time.Unix()/5)
	if c.Call.Talkgroup == 1001 && seen[place] {
		_, err := s.db.Exec(
			`INSERT INTO logs (level, message, timestamp) VALUES ('warn', ?, 0)`,
			fmt.Sprintf(
				"newcall: system=%d talkgroup=%d file=%s duplicate call rejected", c.Call.System, c.Call.Talkgroup,
				c.Name,
			),
		)
		return err
	}
	seen[place] = true
	for _, write := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO systems (label, systemRef) SELECT 'x', ? WHERE NOT EXISTS (SELECT 1 FROM systems WHERE ` +
			`systemRef = ?)`, []any{c.Call.System, c.Call.System}},
		{
			`INSERT INTO talkgroups (label, name, systemId, tagId, talkgroupRef) SELECT 'x', 'x', systemId, 1, ? FROM
				systems s WHERE systemRef = ?
				AND NOT EXISTS (SELECT 1 FROM talkgroups t WHERE t.systemId = s.systemId AND t.talkgroupRef = ?)`,
			[]any{c.Call.Talkgroup, c.Call.System, c.Call.Talkgroup},
		},
		{
			`INSERT INTO calls (audio, audioFilename, audioMime, systemId, talkgroupId, timestamp) SELECT ?, ?,
				'audio/mpeg', t.systemId, t.talkgroupId, ?
				FROM talkgroups t JOIN systems s ON s.systemId = t.systemId WHERE s.systemRef = ? AND t.talkgroupRef
					= ?`,
			[]any{c.Audio, c.Name, c.Call.Time.UnixMilli(), c.Call.System, c.Call.Talkgroup},
		},
	} {
		if _, err := s.db.Exec(write.text, write.args...); err != nil {
			return err
		}
	}
	return nil
}
