package terminal

import (
	"io"

	"golang.org/x/sys/windows"
)

// takesSequences reports whether the console that w writes to takes escape sequences. Consoles since Windows 10 do,
// once they are told to.
func takesSequences(w io.Writer) bool {
	f, ok := w.(descriptor)
	if !ok {
		return true
	}
	console := windows.Handle(f.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(console, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
