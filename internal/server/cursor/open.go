package cursor

import (
	"fmt"

	"rdiostress/internal/server/call"
)

// Open parses a client's cursor for the store called name, in which last is the highest id that was used. CursorNow is
// after all ids up to last.
func Open(text, name string, last int64) (c Cursor, err error) {
	switch text {
	case call.CursorStart:
		return Cursor{Store: name}, nil
	case call.CursorNow:
		return Cursor{Store: name, Last: last}, nil
	}
	c, err = Parse(text)
	switch {
	case err != nil:
		return c, fmt.Errorf("%w: %w", call.ErrBadCursor, err)
	case c.Store != name || c.Last > last:
		return c, call.ErrOldCursor
	}
	return c, nil
}
