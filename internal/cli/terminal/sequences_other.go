//go:build !windows

package terminal

import "io"

// takesSequences reports whether the terminal that w writes to takes escape sequences. All do where TERM says what the
// terminal is.
func takesSequences(io.Writer) bool { return true }
