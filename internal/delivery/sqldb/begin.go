package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"os"

	"rdiostress/internal/delivery"
)

// witness is a call that was there. Whether it still is shows whether a server has begun anew with an empty database,
// in which ids begin anew too.
type witness struct {
	id   int64
	mark string // what tells it from another call of this id; empty is that there is none
}

// markOf is what tells a call from another one of the same id.
func (s *schema) markOf(r *delivery.Row) string {
	name := r.Name
	if s.renames {
		name = ""
	}
	return fmt.Sprintf("%d %d %s", r.Talkgroup, r.Time.UnixMilli(), name)
}

// maxReach is how far back witnesses lie, as a power of ten.
const maxReach = 7

// findWitnesses finds the newest call, and ever older ones: if the newest are deleted, little has to be read again.
func (p *database) findWitnesses(ctx context.Context) ([]witness, error) {
	var found []witness
	reach := int64(1)
	for range maxReach + 1 {
		w, err := p.callAfter(ctx, max(p.start-reach, 0))
		if err != nil {
			return nil, err
		}
		if len(found) == 0 || w.id < found[len(found)-1].id {
			found = append(found, w)
		}
		if p.start <= reach {
			break
		}
		reach *= 10
	}
	return found, nil
}

// callAfter is the first call after an id; its mark is empty if there is none.
func (p *database) callAfter(ctx context.Context, id int64) (w witness, err error) {
	var v delivery.Visitor
	v.Row = func(r *delivery.Row) { w = witness{r.ID, p.schema.markOf(r)} }
	_, _, err = p.batch(ctx, p.rows, id, 1, &v)
	return w, err
}

// isThere reports whether a witness still is.
func (p *database) isThere(ctx context.Context, w witness) (bool, error) {
	now, err := p.callAfter(ctx, w.id-1)
	return err == nil && now == w, err
}

// lastIntact is the highest id of a call that was there at the start and still is; 0 if there is none.
func (p *database) lastIntact(ctx context.Context) (int64, error) {
	if p.start == 0 {
		return 0, nil
	}
	for _, w := range p.witnesses {
		if is, err := p.isThere(ctx, w); is || err != nil {
			return w.id, err
		}
	}
	return 0, nil
}

// checkBegin sees whether the database is still the one that was opened, and holds what was read of it. Else everything
// is read from where it is as it was.
func (p *database) checkBegin(ctx context.Context) error {
	if err := p.reopen(ctx); err != nil {
		return err
	}
	intact, err := p.lastIntact(ctx)
	if err != nil {
		return err
	}
	isSame := intact == p.start
	if isSame && p.at > p.start && p.seen.id == p.at {
		if isSame, err = p.isThere(ctx, p.seen); err != nil {
			return err
		}
	}
	if !isSame {
		p.beginAt(intact)
	}
	return nil
}

// beginAt has everything read after an id.
func (p *database) beginAt(id int64) {
	p.start, p.at, p.before, p.seen, p.transcribed = id, id, id, witness{}, 0
	if id == 0 {
		p.startLog, p.atLog = 0, 0
		p.blocks.forget()
	}
}

// checkSeen returns an error that wraps ErrBegunAnew if a call is gone that was read a moment ago.
func (p *database) checkSeen(ctx context.Context, seen witness) error {
	if seen.mark == "" {
		return nil
	}
	if err := p.reopen(ctx); err != nil {
		return err
	}
	is, err := p.isThere(ctx, seen)
	if err == nil && !is {
		err = fmt.Errorf("reading the calls: %w", delivery.ErrBegunAnew)
	}
	return err
}

// file is the file of an SQLite database. A server that begins anew may have put another one in its place, while the
// connection still holds the old one.
type file struct {
	path string
	info os.FileInfo // of the one that is open
	open func() (*sql.DB, error)
}

// reopen opens the file that is in the place of the one that is open, if there is another.
func (p *database) reopen(ctx context.Context) error {
	if p.file == nil {
		return nil
	}
	info, err := os.Stat(p.file.path)
	if err != nil || os.SameFile(info, p.file.info) { // of one that was moved, what is open is all that there is
		return nil
	}
	db, err := p.file.open()
	if err != nil {
		return err
	}
	fresh := &database{db: db, dialect: p.dialect}
	db.SetMaxOpenConns(1)
	if err := fresh.recognise(ctx); err != nil { // such as while the server still makes its tables
		_ = db.Close() // nothing was read
		return fmt.Errorf("%w: %w", errReplaced, err)
	}
	_ = p.db.Close() // of a file that is gone
	p.db, p.schema, p.queries, p.file.info = db, fresh.schema, fresh.queries, info
	p.beginAt(0)
	return nil
}

// noEnd is an id that no call has.
const noEnd = math.MaxInt64
