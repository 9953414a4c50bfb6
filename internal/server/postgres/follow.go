package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/cursor"
	"rdiostress/internal/server/listing"
)

// selectPlace finds the name of the database, the newest call, and the highest id that a server may have.
const selectPlace = `SELECT name, (SELECT coalesce(max(id), 0) FROM calls),
	(SELECT CASE WHEN is_called THEN last_value + $1 - 1 ELSE 0 END FROM call_ids) FROM store`

// selectOpen finds the blocks that servers still use, and how far.
const selectOpen = `SELECT first_id,
	coalesce((SELECT max(id) FROM calls WHERE id >= first_id AND id < first_id + $1), first_id - 1)
	FROM nodes WHERE first_id IS NOT NULL ORDER BY first_id`

// Follow implements call.Store. It reads one snapshot; the cursor records which blocks may still grow.
func (s *Store) Follow(ctx context.Context, q call.Query, at string) (page []call.Record, next string, err error) {
	err = s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
		return pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) (err error) {
			page, next, err = follow(ctx, tx, q, at)
			return err
		})
	})
	return page, next, err
}

func follow(ctx context.Context, tx pgx.Tx, q call.Query, at string) (page []call.Record, next string, err error) {
	var name string
	var newest, last int64
	if err := tx.QueryRow(ctx, selectPlace, blockSize).Scan(&name, &newest, &last); err != nil {
		return nil, "", err
	}
	c, err := cursor.Open(at, name, last)
	if err != nil {
		return nil, "", err
	}
	open, err := openBlocks(ctx, tx)
	if err != nil {
		return nil, "", err
	}
	if at == call.CursorNow {
		c.Last = 0
		c = c.Advance(newest, blockSize, open)
		return nil, c.String(), nil
	}
	for _, span := range c.Unseen(blockSize) {
		rest := q
		rest.PerPage, rest.MaxBytes = q.PerPage-len(page), bytesLeft(q, page)
		more, err := readPage(ctx, tx, listing.Follow(dialect(), rest, span, rest.PerPage), rest.MaxBytes)
		if err != nil {
			return nil, "", err
		}
		page = append(page, more...)
		if len(page) >= q.PerPage || !q.IsWhole(page) {
			newest = page[len(page)-1].ID
			break
		}
	}
	c = c.Advance(newest, blockSize, open)
	return page, c.String(), nil
}

// bytesLeft returns how many bytes a page may still have; 0 means no limit.
func bytesLeft(q call.Query, page []call.Record) int64 {
	if q.MaxBytes == 0 {
		return 0
	}
	for i := range page {
		q.MaxBytes -= page[i].Bytes()
	}
	return q.MaxBytes
}

// openBlocks returns the blocks of ids that may still grow.
func openBlocks(ctx context.Context, tx pgx.Tx) ([]cursor.Block, error) {
	rows, err := tx.Query(ctx, selectOpen, blockSize)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[cursor.Block])
}
