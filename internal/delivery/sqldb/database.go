package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/delivery"
)

// database is a Prober that reads a server's SQL database, in read-only transactions of few rows.
type database struct {
	db      *sql.DB
	dialect *dialect
	schema  *schema
	where   string // where it is, in words, if that was found out and not asked for
	queries
	files audioFiles

	start, startLog int64 // the highest ids when it was opened
	at, atLog       int64 // the highest that were looked at
	before          int64 // what at was a look earlier

	lookPatience, allPatience time.Duration
}

const (
	// rowsAtOnce are read in one transaction: few milliseconds' worth, since in SQLite without a write-ahead log a
	// reader holds the writer up.
	rowsAtOnce   = 250
	hashedAtOnce = 50
	maxBatches   = 40   // of one look
	overlapRows  = 2000 // read again at most, where calls overtake each other
	queryTimeout = 20 * time.Second
)

// newDatabase recognises what a database holds, and begins after what it holds by now.
func newDatabase(ctx context.Context, db *sql.DB, d *dialect) (*database, error) {
	db.SetMaxOpenConns(1)
	p := &database{db: db, dialect: d, lookPatience: lookPatience, allPatience: allPatience}
	found := make(map[string]map[string]bool)
	err := p.queryAtOpen(ctx, d.tables, func(rows *sql.Rows) error {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		table = strings.ToLower(table)
		if found[table] == nil {
			found[table] = make(map[string]bool)
		}
		found[table][strings.ToLower(column)] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.schema, err = recognise(found); err != nil {
		return nil, err
	}
	p.queries = p.schema.queries(d)
	last := func(query string, id *int64) error {
		if query == "" {
			return nil
		}
		return p.queryAtOpen(ctx, query, func(rows *sql.Rows) error { return rows.Scan(id) })
	}
	if err := errors.Join(last(p.last, &p.start), last(p.lastLog, &p.startLog)); err != nil {
		return nil, err
	}
	p.at, p.before, p.atLog = p.start, p.start, p.startLog
	return p, nil
}

// Method implements Prober.
func (p *database) Method() string { return p.dialect.method }

// Source implements Prober.
func (p *database) Source() string { return p.schema.server + " on " + p.dialect.product + p.where }

// Close implements Prober.
func (p *database) Close() error { return p.db.Close() }

// queryAtOpen makes a query when the database is opened, again if it is locked.
func (p *database) queryAtOpen(ctx context.Context, query string, each func(*sql.Rows) error) error {
	return retry(ctx, openPatience, isLocked, func() (bool, error) { return false, p.query(ctx, query, nil, each) })
}

// Poll implements Prober.
func (p *database) Poll(ctx context.Context, v *delivery.Visitor) error {
	from := p.at
	if p.dialect.overtakes {
		from = max(p.before, p.at-overlapRows)
	}
	p.before = p.at
	batches := 0
	err := retry(ctx, p.lookPatience, temporary, func() (gotOn bool, err error) {
		for n := rowsAtOnce; n == rowsAtOnce && batches < maxBatches && err == nil; batches++ {
			var last int64
			n, last, err = p.batch(ctx, p.rows, from, rowsAtOnce, v)
			from, p.at, gotOn = max(from, last), max(p.at, last), gotOn || n > 0
		}
		return gotOn, err
	})
	if err != nil {
		return err
	}
	return p.readLog(ctx, p.lookPatience, &p.atLog, v)
}

// ReadAll implements Prober.
func (p *database) ReadAll(ctx context.Context, v *delivery.Visitor) error {
	from := p.start
	err := retry(ctx, p.allPatience, temporary, func() (gotOn bool, err error) {
		for n := hashedAtOnce; n == hashedAtOnce && err == nil; {
			var last int64
			n, last, err = p.batch(ctx, p.hashedRows, from, hashedAtOnce, v)
			from, gotOn = max(from, last), gotOn || n > 0
		}
		return gotOn, err
	})
	if err != nil {
		return err
	}
	fromLog := p.startLog
	return p.readLog(ctx, p.allPatience, &fromLog, v)
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
		n++
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
	r.System, _ = strconv.ParseInt(system.String, 10, 64)
	r.Talkgroup, _ = strconv.ParseInt(group.String, 10, 64)
	r.Time = delivery.ParseTime(at.String)
	if size.Valid {
		r.Size = size.Int64
	}
	switch {
	case len(sum) == len(r.Sum):
		r.HasSum = copy(r.Sum[:], sum) > 0
	case audio != nil && p.dialect.hash != "":
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

// readLog tells the messages of the server's log after an id, which it moves to the last one's.
func (p *database) readLog(ctx context.Context, patience time.Duration, after *int64, v *delivery.Visitor) error {
	if p.log == "" || v.Logged == nil {
		return nil
	}
	return retry(ctx, patience, temporary, func() (gotOn bool, err error) {
		for n := rowsAtOnce; n == rowsAtOnce && err == nil; {
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
		}
		return gotOn, err
	})
}

// query makes a query in a read-only transaction and calls each with every row.
func (p *database) query(ctx context.Context, query string, args []any, each func(*sql.Rows) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() // it has only read
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("reading the calls: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return fmt.Errorf("reading the calls: %w", err)
		}
	}
	return rows.Err()
}
