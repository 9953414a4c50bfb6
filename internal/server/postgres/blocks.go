package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// blockSize is how many ids a server takes at once, and the maximum that a batch may lack. The unused rest is lost.
const blockSize = 4096

// Advisory locks have names of two numbers, except for the locks of duplicates, which have one.
const (
	// lockNode makes a server's transactions wait for each other: one whose connection was lost may still be running.
	lockNode = "SELECT pg_advisory_xact_lock(1919181929, hashtext($1))"
	// lockBlocks makes servers take blocks one after the other, so that a reader that sees one block sees all lower
	// ones.
	lockBlocks = "SELECT pg_advisory_xact_lock(1919181930, 0)"
)

const (
	takeBlock   = "UPDATE nodes SET first_id = nextval('call_ids'), seen_at = now() WHERE id = $1 RETURNING first_id"
	returnBlock = "UPDATE nodes SET first_id = NULL WHERE id = $1"

	// returnOldBlocks returns the blocks of servers that are gone: readers must check every block that may grow. If
	// such a server comes back, it notices when it stores that its block is gone.
	returnOldBlocks = `UPDATE nodes SET first_id = NULL WHERE first_id IS NOT NULL
		AND seen_at < now() - interval '7 days'
		AND pg_try_advisory_xact_lock(1919181929, hashtext(id))`
)

// block is a range of ids that no other server has.
type block struct {
	first int64 // 0 means no block
	next  int64
}

func (b *block) left() int { return int(b.first + blockSize - b.next) }

// assignIDs assigns the next ids to calls that are about to be stored. All ids of a transaction are from one block:
// when a server takes a block, everything in its previous one is stored.
func (w *writer) assignIDs(ctx context.Context, entries []*entry) error {
	if w.ids.first == 0 || w.ids.left() < len(entries) {
		if err := w.takeBlock(ctx); err != nil {
			return err
		}
	}
	for _, e := range entries {
		e.id = w.ids.next
		w.ids.next++
	}
	return nil
}

// takeBlock takes the next block.
func (w *writer) takeBlock(ctx context.Context) error {
	w.ids = block{}
	return w.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		batch := &pgx.Batch{}
		batch.Queue(lockNode, w.node)
		batch.Queue(lockBlocks)
		batch.Queue(takeBlock, w.node).QueryRow(func(row pgx.Row) error { return row.Scan(&w.ids.first) })
		err := conn.SendBatch(ctx, batch).Close() // one transaction, since it has no BEGIN
		if errors.Is(err, pgx.ErrNoRows) {
			err = errUnknownNode
		}
		if err != nil {
			w.ids = block{}
			return err
		}
		w.ids.next = w.ids.first
		return nil
	})
}

// giveBack returns the block. If that fails, readers keep checking it for some days.
func (w *writer) giveBack() {
	if w.ids.first == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	patience := time.Second
	_ = w.pool.withOnce(ctx, &patience, func(ctx context.Context, conn *pgxpool.Conn) error {
		batch := &pgx.Batch{}
		batch.Queue(lockNode, w.node)
		batch.Queue(returnBlock, w.node)
		return conn.SendBatch(ctx, batch).Close()
	})
}
