package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/dbread"
	"rdiostress/internal/delivery"
)

// database is a Prober that reads a server's SQL database, in read-only transactions of few rows.
type database struct {
	db      *sql.DB
	dialect *dbread.Dialect
	schema  *schema
	where   string // where it is, in words, if that was found out and not asked for
	queries
	files audioFiles

	start, startLog int64 // the highest ids when it was opened
	at, atLog       int64 // the highest that were looked at
	before          int64 // what at was a look earlier
	transcribed     int64 // up to which no call waits for its transcript

	witnesses []witness // that show whether ids up to start are those that were there
	seen      witness   // the call of the highest id that was looked at
	blocks    blocks
	file      *file // of an SQLite database; else nil

	lookPatience, allPatience time.Duration
}

const (
	// rowsAtOnce are read in one transaction: few milliseconds' worth, since in SQLite without a write-ahead log a
	// reader holds the writer up.
	rowsAtOnce   = 250
	hashedAtOnce = 50
	maxBatches   = 40   // of one look
	overlapRows  = 2000 // read again at most, where calls overtake each other

	lookPatience = 5 * time.Second // with locks; the next look comes soon
	allPatience  = 2 * time.Minute
)

var (
	// errEndless says that a database does not keep to how many rows it is asked for.
	errEndless = errors.New("the database gives more rows than it is asked for")

	// errReplaced says that a server has put another database in the place of the one that was read, and it cannot be
	// read yet.
	errReplaced = errors.New("the database is being made anew")
)

// newDatabase recognises what a database holds, and notes what it holds by now.
func newDatabase(ctx context.Context, db *sql.DB, d *dbread.Dialect) (*database, error) {
	db.SetMaxOpenConns(1)
	p := &database{db: db, dialect: d, lookPatience: lookPatience, allPatience: allPatience}
	if err := p.recognise(ctx); err != nil {
		return nil, err
	}
	last := func(query string, id *int64) error {
		if query == "" {
			return nil
		}
		return p.queryAtOpen(ctx, query, func(rows *sql.Rows) error { return rows.Scan(id) })
	}
	if err := errors.Join(last(p.last, &p.start), last(p.lastLog, &p.startLog)); err != nil {
		return nil, err
	}
	p.blocks.findGaps(p.start)
	p.at, p.before, p.atLog = p.start, p.start, p.startLog
	err := dbread.Retry(ctx, dbread.OpenPatience, dbread.IsLocked, func() (_ bool, err error) {
		p.witnesses, err = p.findWitnesses(ctx)
		return false, err
	})
	return p, err
}

// recognise finds out whose database it is.
func (p *database) recognise(ctx context.Context) error {
	found, err := dbread.ReadTables(ctx, p.db, p.dialect)
	if err != nil {
		return err
	}
	if p.schema, err = recognise(found); err != nil {
		return err
	}
	p.queries = p.schema.queries(p.dialect)
	return p.findBlocks(ctx, found)
}

// Method implements Prober.
func (p *database) Method() string { return p.dialect.Method }

// Source implements Prober.
func (p *database) Source() string { return p.schema.server + " on " + p.dialect.Product + p.where }

// Close implements Prober.
func (p *database) Close() error { return p.db.Close() }

// queryAtOpen makes a query when the database is opened, again if it is locked.
func (p *database) queryAtOpen(ctx context.Context, query string, each func(*sql.Rows) error, args ...any) error {
	return dbread.QueryAtOpen(ctx, p.db, query, args, each)
}

// Poll implements Prober.
func (p *database) Poll(ctx context.Context, v *delivery.Visitor) error {
	if err := p.retryLook(ctx, func() (bool, error) { return false, p.checkBegin(ctx) }); err != nil {
		return err
	}
	from, upTo := p.at, p.at
	if p.dialect.Overtakes {
		from = max(p.before, p.at-overlapRows)
	}
	p.before = p.at
	var behind []span // that have come below what was looked at
	err := p.retryLook(ctx, func() (_ bool, err error) {
		behind, err = p.unseen(ctx, upTo)
		return false, err
	})
	if err != nil {
		return err
	}
	noting := *v
	noting.Row = func(r *delivery.Row) {
		p.blocks.note(r.ID)
		if r.ID > p.seen.id {
			p.seen = witness{r.ID, p.schema.markOf(r)}
		}
		v.Row(r)
	}
	batches := 0
	for _, s := range append(behind, span{from, noEnd}) {
		err := p.retryLook(ctx, func() (gotOn bool, err error) {
			for n := rowsAtOnce; n == rowsAtOnce && batches < maxBatches && err == nil; batches++ {
				var last int64
				n, last, err = p.batch(ctx, p.upTo(p.rows, s.upTo), s.after, rowsAtOnce, &noting)
				s.after, p.at, gotOn = max(s.after, last), max(p.at, last), gotOn || n > 0
			}
			return gotOn, err
		})
		if err != nil {
			return err
		}
	}
	return p.readLog(ctx, p.lookPatience, &p.atLog, maxBatches, v)
}

func (p *database) retryLook(ctx context.Context, read func() (bool, error)) error {
	return dbread.Retry(ctx, p.lookPatience, temporary, read)
}

// upTo has a query of rows end at an id, which is included.
func (p *database) upTo(query string, id int64) string {
	if id == noEnd {
		return query
	}
	condition := fmt.Sprintf(" AND %s <= %d ORDER BY ", p.dialect.Translate(p.schema.id), id)
	return strings.Replace(query, " ORDER BY ", condition, 1)
}

// ReadAll implements Prober. What comes while it reads is not read: a server that stores without end would hold it for
// ever.
func (p *database) ReadAll(ctx context.Context, v *delivery.Visitor) error {
	var end, endLog int64
	err := p.retryRead(ctx, func() error {
		err := p.checkBegin(ctx)
		for query, id := range map[string]*int64{p.last: &end, p.lastLog: &endLog} {
			if err == nil && query != "" {
				err = p.query(ctx, query, nil, func(rows *sql.Rows) error { return rows.Scan(id) })
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	read := witness{}
	noting := *v
	noting.Row = func(r *delivery.Row) {
		if r.ID > read.id {
			read = witness{r.ID, p.schema.markOf(r)}
		}
		v.Row(r)
	}
	for _, s := range append(slices.Clone(p.blocks.gaps), span{p.start, end}) {
		err := dbread.Retry(ctx, p.allPatience, temporary, func() (gotOn bool, err error) {
			for n := hashedAtOnce; n == hashedAtOnce && s.after < s.upTo && err == nil; {
				var last int64
				n, last, err = p.batch(ctx, p.upTo(p.hashedRows, s.upTo), s.after, hashedAtOnce, &noting)
				s.after, gotOn = max(s.after, last), gotOn || n > 0
			}
			return gotOn, err
		})
		if err != nil {
			return err
		}
	}
	if err := p.readDated(ctx, &noting); err != nil {
		return err
	}
	if err := p.retryRead(ctx, func() error { return p.checkSeen(ctx, read) }); err != nil {
		return err
	}
	fromLog := p.startLog
	return p.readLog(ctx, p.allPatience, &fromLog, int(max(endLog-fromLog, 0))/rowsAtOnce+1, v)
}

// batch tells about calls after an id, up to a limit, and returns how many there were and the last one's id.
func (p *database) batch(
	ctx context.Context, query string, after int64, limit int, v *delivery.Visitor,
) (n int, last int64, err error) {
	err = p.query(ctx, query, []any{after, limit}, func(rows *sql.Rows) error {
		r, err := p.scanRow(rows)
		if err != nil {
			return err
		}
		if n++; n > limit {
			return errEndless
		}
		last = r.ID
		v.Row(r)
		return nil
	})
	return n, last, err
}

// scanRow reads a row of the calls.
func (p *database) scanRow(rows *sql.Rows) (*delivery.Row, error) {
	r := &delivery.Row{Size: -1}
	var name, system, group, at, file sql.NullString
	var size sql.NullInt64
	var sum []byte
	var audio sql.RawBytes
	if err := rows.Scan(&r.ID, &name, &system, &group, &at, &size, &sum, &audio, &file); err != nil {
		return nil, err
	}
	r.Name = name.String
	r.System, r.Talkgroup = number(system.String), number(group.String)
	r.Time = delivery.ParseTime(at.String)
	if size.Valid {
		r.Size = size.Int64
	}
	switch {
	case len(sum) == len(r.Sum):
		r.HasSum = copy(r.Sum[:], sum) > 0
	case audio != nil && p.dialect.Hash != "":
		r.HasSum = copy(r.Sum[:], audio) == len(r.Sum)
	case audio != nil:
		r.Sum, r.HasSum, r.Audio = sha256.Sum256(audio), true, audio
	case file.String != "":
		p.files.readInto(file.String, r)
	default:
		r.NoAudio = "the database has neither the audio nor its hash"
	}
	return r, nil
}

// number is a number in a text; 0 if there is none.
func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// readLog tells the messages of the server's log after an id, which it moves to the last one's, in so many batches at
// most.
func (p *database) readLog(
	ctx context.Context, patience time.Duration, after *int64, batches int, v *delivery.Visitor,
) error {
	if p.log == "" || v.Logged == nil {
		return nil
	}
	return dbread.Retry(ctx, patience, temporary, func() (gotOn bool, err error) {
		for n := rowsAtOnce; n == rowsAtOnce && batches > 0 && err == nil; {
			n = 0
			err = p.query(ctx, p.log, []any{*after, rowsAtOnce}, func(rows *sql.Rows) error {
				var message sql.NullString
				if err := rows.Scan(after, &message); err != nil {
					return err
				}
				n++
				gotOn = true
				v.Logged(message.String)
				return nil
			})
			if err == nil {
				batches--
			}
		}
		return gotOn, err
	})
}

// query makes a query in a read-only transaction and calls each with every row.
func (p *database) query(ctx context.Context, query string, args []any, each func(*sql.Rows) error) error {
	return dbread.Query(ctx, p.db, query, args, each)
}

// temporary reports whether reading the database failed for a moment.
func temporary(err error) bool { return dbread.IsTemporary(err) || errors.Is(err, errReplaced) }
