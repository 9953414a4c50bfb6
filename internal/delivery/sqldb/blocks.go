package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"rdiostress/internal/dbread"
)

// span is ids after one up to another, which is included.
type span struct{ after, upTo int64 }

// blocks are those out of which several of rdiostress's own servers on one PostgreSQL hand out ids, each out of its
// own. So calls come to stand below the highest id. Each server stores calls in the order of its block's ids.
type blocks struct {
	size int64           // ids in a block; 0 where the database has no blocks
	used []int64         // the first ids of those in use
	open []int64         // the same, and those in use at the last look
	seen map[int64]int64 // the highest id seen of a block, by its first

	gaps []span // what was free, when the database was opened, in blocks below its highest id
}

// The sequence that hands out blocks, and the first ids of those in use with the highest that is used.
const (
	blockSizeQuery = `SELECT COALESCE((SELECT increment_by FROM pg_sequences
		WHERE sequencename = 'call_ids' AND schemaname = ANY (current_schemas(false))), 0)`
	openBlocksQuery = `SELECT first_id,
		COALESCE((SELECT MAX(id) FROM calls WHERE id >= first_id AND id < first_id + %d), first_id - 1)
		FROM nodes WHERE first_id IS NOT NULL ORDER BY first_id`
)

// findBlocks finds the blocks, if the database has such.
func (p *database) findBlocks(ctx context.Context, found dbread.Tables) error {
	if p.dialect.Method != "postgres" || p.schema.server != serverOwn || !found.Has("nodes", "first_id") {
		return nil
	}
	err := p.queryAtOpen(ctx, blockSizeQuery, func(rows *sql.Rows) error { return rows.Scan(&p.blocks.size) })
	if err != nil || p.blocks.size <= 1 {
		p.blocks.size = 0
		return err
	}
	p.blocks.seen = make(map[int64]int64)
	return p.queryAtOpen(ctx, fmt.Sprintf(openBlocksQuery, p.blocks.size), func(rows *sql.Rows) error {
		var first, last int64
		err := rows.Scan(&first, &last)
		p.blocks.used, p.blocks.seen[first] = append(p.blocks.used, first), last
		p.blocks.open = p.blocks.used
		return err
	})
}

// findGaps finds what is free below the highest id.
func (b *blocks) findGaps(start int64) {
	for _, first := range b.open {
		if gap := (span{b.seen[first], min(first+b.size-1, start)}); gap.after < gap.upTo {
			b.gaps = append(b.gaps, gap)
		}
	}
}

// forget forgets what was seen of a database that was.
func (b *blocks) forget() {
	b.gaps, b.open, b.used = nil, nil, nil
	clear(b.seen)
}

// isInGap reports whether an id was free when the database was opened.
func (b *blocks) isInGap(id int64) bool {
	return slices.ContainsFunc(b.gaps, func(s span) bool { return s.after < id && id <= s.upTo })
}

// note notes that a call was seen.
func (b *blocks) note(id int64) {
	for _, first := range b.open {
		if first <= id && id < first+b.size {
			b.seen[first] = max(b.seen[first], id)
			return
		}
	}
}

// unseen looks which blocks are in use, and returns what may have come in them up to an id, and in those that were in
// use before.
func (p *database) unseen(ctx context.Context, upTo int64) ([]span, error) {
	if p.blocks.size == 0 {
		return nil, nil
	}
	b := &p.blocks
	before := b.used
	var now []int64
	err := p.query(ctx, `SELECT first_id FROM nodes WHERE first_id IS NOT NULL`, nil, func(rows *sql.Rows) error {
		var first int64
		err := rows.Scan(&first)
		now = append(now, first)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.used = now
	all := slices.Clone(now)
	for _, first := range before {
		if !slices.Contains(all, first) {
			all = append(all, first)
		}
	}
	var spans []span
	for _, first := range all {
		after, known := b.seen[first]
		if !known {
			after = first - 1
			b.seen[first] = after
		}
		if s := (span{after, min(first+b.size-1, upTo)}); s.after < s.upTo {
			spans = append(spans, s)
		}
	}
	b.open = all
	return spans, nil
}
