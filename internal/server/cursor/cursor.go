// Package cursor says how far a reader of calls has read, so that it sees every call once, whichever of several servers
// stored it, and in whatever order calls became visible.
//
// A server takes ids out of blocks of its own, and stores calls in the order of their ids. So within a block no call
// appears behind one that was seen. But a slow server may store calls in a lower block than one of another server that
// has been read already: a single id cannot say how far a reader is. A cursor has the highest id that was seen and, for
// each lower block that may still grow, the highest id seen in that block.
package cursor

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// ErrMalformed says that a text is not a cursor.
var ErrMalformed = errors.New("malformed cursor")

// maxBlocks bounds how long a text may be.
const maxBlocks = 2000

// Cursor is a position in the list of calls. All calls up to Last have been seen, except those in Open blocks after
// their Last.
type Cursor struct {
	Store string // the name of the database; a cursor means nothing in another
	Last  int64
	Open  []Block // that end before Last, in rising order
}

// Block is a block of ids, as far as it has been seen.
type Block struct {
	First int64
	Last  int64 // the highest id seen; First-1 if none was
}

// Span is ids from First to Last, both included.
type Span struct{ First, Last int64 }

// Unseen returns the ids that the reader has not seen, in ascending order, for blocks of size ids. The last span has no
// end.
func (c *Cursor) Unseen(size int64) []Span {
	spans := make([]Span, 0, len(c.Open)+1)
	for _, b := range c.Open {
		if end := b.First + size - 1; b.Last < end {
			spans = append(spans, Span{b.Last + 1, end})
		}
	}
	return append(spans, Span{c.Last + 1, 1<<63 - 1})
}

// Advance returns the cursor of a reader that has seen, from c on, all calls up to an id. Open are the blocks that may
// still grow, as far as their calls are visible, in ascending order. Both must be from one snapshot of the database.
func (c *Cursor) Advance(upTo, size int64, open []Block) Cursor {
	next := Cursor{Store: c.Store, Last: max(c.Last, upTo)}
	for _, b := range open {
		end := b.First + size - 1
		was := slices.IndexFunc(c.Open, func(o Block) bool { return o.First == b.First })
		switch {
		case end >= next.Last: // nothing of it is below Last that has not been seen
		case end <= upTo:
			next.Open = append(next.Open, b)
		case b.First <= upTo: // upTo is within it
			next.Open = append(next.Open, Block{b.First, upTo})
		case was >= 0:
			next.Open = append(next.Open, c.Open[was])
		}
	}
	// Those that no longer grow still have to be read to their end.
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

// String writes a cursor for clients, which need not understand it: the name of the database, the last id, and the
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
		b.WriteString(strconv.FormatInt(o.Last-o.First+1, 10)) // how many ids of it, rather than a second long number
	}
	return b.String()
}

// Parse reads what String has written.
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

// number reads an id, or 0.
func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strings.HasPrefix(text, "+") {
		return 0, ErrMalformed
	}
	return n, nil
}
