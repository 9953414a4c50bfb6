// Package cursor records how far a reader of calls has read, so that it sees every call once, whichever of several
// servers stored it and in whatever order calls became visible.
//
// A server takes ids from blocks of its own and stores calls in the order of their ids. So within a block, no call
// appears behind one that was seen. But a slow server may store calls in a lower block after a reader has seen calls in
// another server's higher block: a single id cannot express a reader's position. A cursor has the highest id that was
// seen and, for each lower block that may still grow, the highest id seen in that block.
package cursor

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// ErrMalformed means that a text is not a cursor.
var ErrMalformed = errors.New("malformed cursor")

// maxBlocks limits the length of a text.
const maxBlocks = 2000

// Cursor is a position in the list of calls. All calls up to Last have been seen, except those in Open blocks after the
// block's own Last.
type Cursor struct {
	Store string // name of the database; a cursor is valid only there
	Last  int64
	Open  []Block // blocks that end before Last, in ascending order
}

// Block is a block of ids and how far it has been seen.
type Block struct {
	First int64
	Last  int64 // the highest id seen; First-1 if none
}

// Span is a range of ids from First to Last, both inclusive.
type Span struct{ First, Last int64 }

// Unseen returns the ids that the reader has not seen, in ascending order, for blocks of size ids. The last span is
// open-ended.
func (c *Cursor) Unseen(size int64) []Span {
	spans := make([]Span, 0, len(c.Open)+1)
	for _, b := range c.Open {
		if end := b.First + size - 1; b.Last < end {
			spans = append(spans, Span{b.Last + 1, end})
		}
	}
	return append(spans, Span{c.Last + 1, 1<<63 - 1})
}

// Advance returns the cursor of a reader that was at c and has seen all calls up to upTo. Open lists the blocks that
// may still grow, with their visible calls, in ascending order. Both must come from one snapshot of the database.
func (c *Cursor) Advance(upTo, size int64, open []Block) Cursor {
	next := Cursor{Store: c.Store, Last: max(c.Last, upTo)}
	for _, b := range open {
		end := b.First + size - 1
		was := slices.IndexFunc(c.Open, func(o Block) bool { return o.First == b.First })
		switch {
		case end >= next.Last: // no unseen id in it is below Last
		case end <= upTo:
			next.Open = append(next.Open, b)
		case b.First <= upTo: // upTo is in this block
			next.Open = append(next.Open, Block{b.First, upTo})
		case was >= 0:
			next.Open = append(next.Open, c.Open[was])
		}
	}
	// Blocks that no longer grow must still be read to their end.
	for _, b := range c.Open {
		isOpen := slices.ContainsFunc(open, func(o Block) bool { return o.First == b.First })
		switch end := b.First + size - 1; {
		case isOpen || end <= upTo:
		case b.First <= upTo:
			next.Open = append(next.Open, Block{b.First, max(upTo, b.Last)})
		default:
			next.Open = append(next.Open, b)
		}
	}
	slices.SortFunc(next.Open, func(a, b Block) int { return cmp.Compare(a.First, b.First) })
	return next
}

// String formats a cursor for clients, which need not understand it: the name of the database, the last id, and the
// first and last id of each block.
func (c *Cursor) String() string {
	var b strings.Builder
	b.WriteString(c.Store)
	b.WriteByte('.')
	b.WriteString(strconv.FormatInt(c.Last, 10))
	for _, o := range c.Open {
		b.WriteByte('.')
		b.WriteString(strconv.FormatInt(o.First, 10))
		b.WriteByte('-')
		b.WriteString(strconv.FormatInt(o.Last-o.First+1, 10)) // the number of ids, instead of a second long id
	}
	return b.String()
}

// Parse parses what String returned.
func Parse(text string) (c Cursor, err error) {
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > maxBlocks+2 || parts[0] == "" {
		return c, ErrMalformed
	}
	c.Store = parts[0]
	if c.Last, err = number(parts[1]); err != nil {
		return c, err
	}
	for _, part := range parts[2:] {
		first, seen, _ := strings.Cut(part, "-")
		var b Block
		var n int64
		if b.First, err = number(first); err == nil {
			n, err = number(seen)
		}
		before := Block{}
		if len(c.Open) > 0 {
			before = c.Open[len(c.Open)-1]
		}
		b.Last = b.First + n - 1
		if err != nil || b.First <= max(before.First, before.Last) || b.Last < b.First-1 || b.Last >= c.Last {
			return c, ErrMalformed
		}
		c.Open = append(c.Open, b)
	}
	return c, nil
}

// number parses an id, or 0.
func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strings.HasPrefix(text, "+") {
		return 0, ErrMalformed
	}
	return n, nil
}
