package cli

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// streams are the command's ends to the world: results go to Out; progress, logs and errors go to Err.
type streams struct {
	In       io.Reader
	Out, Err io.Writer

	OutTerminal, ErrTerminal bool // a person is looking
	InTerminal               bool // a person can answer

	Environ []string // as of os.Environ
}

// env returns a variable's value, or "" where it is not set.
func (s *streams) env(name string) string {
	for _, entry := range s.Environ {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// width is how many columns results may take: those of the terminal, else 100.
func (s *streams) width() int {
	if s.OutTerminal {
		if f, ok := s.Out.(*os.File); ok {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
				return min(w, maxWidth)
			}
		}
	}
	return pipeWidth
}

const (
	maxWidth  = 120 // lines longer than this are hard to read
	pipeWidth = 100
)
