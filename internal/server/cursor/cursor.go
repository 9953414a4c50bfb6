// Package cursor says where a reader of calls is, so that it sees every call once, whichever of several servers stored it, and in whatever
// order they became visible.
//
// A server takes ids out of blocks that nobody else has, and stores calls in the order of their ids. So within a block nothing comes to
// stand behind what has been seen. But a server that is slow stores calls in a lower block than another one's that has been read already:
// a single id does not tell where a reader is. A cursor has the highest id that was seen, and, for each lower block that may still grow, the
// highest in that.
package cursor

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// ErrMalformed says that a text is no cursor.
var ErrMalformed = errors.New("malformed cursor")

// mostBlocks bounds how long a text may be.
const mostBlocks = 2000

// Cursor is a place in the list of calls. All calls up to Last have been seen, but those of Open blocks behind their Last.
type Cursor struct {
	Store string // the name of the database; a cursor means nothing in another
	Last  int64
	Open  []Block // that end before Last, in rising order
}

// Block is a block of ids, as far as it has been seen.
type Block struct {
	First int64
	Last  int64 // the highest id seen; First-1 is none
}

// Span is ids from First to Last, both included.
type Span struct{ First, Last int64 }

// Unseen are the ids that the reader has not seen, in rising order, where blocks have size ids. The last span has no end.
func (c *Cursor) Unseen(size int64) []Span {
	spans := make([]Span, 0, len(c.Open)+1)
	for _, b := range c.Open {
		if end := b.First + size - 1; b.Last < end {
			spans = append(spans, Span{b.Last + 1, end})
		}
	}
	return append(spans, Span{c.Last + 1, 1<<63 - 1})
}

// Advance is the cursor of a reader that has seen, from c on, all calls up to an id; open are the blocks that may still grow, as far as calls
// of them are there, in rising order. All is of one moment.
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

// String writes a cursor for clients, who need not understand it: the name of the database, the last id, and first and last of each block.
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
	if len(parts) < 2 || len(parts) > mostBlocks+2 || parts[0] == "" {
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
