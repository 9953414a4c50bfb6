package server

import (
	"fmt"

	"rdiostress/internal/server/cursor"
)

// OpenCursor reads a cursor of a store with a name, in which no id has been used beyond last. CursorNow is behind all ids up to last.
func OpenCursor(text, name string, last int64) (c cursor.Cursor, err error) {
	switch text {
	case CursorStart:
		return cursor.Cursor{Store: name}, nil
	case CursorNow:
		return cursor.Cursor{Store: name, Last: last}, nil
	}
	c, err = cursor.Parse(text)
	switch {
	case err != nil:
		return c, fmt.Errorf("%w: %w", ErrBadCursor, err)
	case c.Store != name || c.Last > last:
		return c, ErrOldCursor
	}
	return c, nil
}
