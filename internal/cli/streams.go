package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"rdiostress/internal/cli/terminal"
	"rdiostress/internal/report"
)

// streams are the command's ends to the world: results go to Out; progress, logs and errors go to Err.
type streams struct {
	In       io.Reader
	Out, Err io.Writer

	OutTerminal, ErrTerminal bool // a person is looking
	InTerminal               bool // a person can answer
	Own                      bool // they are the process's, which ends with the command

	Environ []string // as of os.Environ
}

// flush waits a moment until what was written to Err is taken.
func (s *streams) flush() {
	if f, ok := s.Err.(interface{ Flush(time.Duration) }); ok {
		f.Flush(lastWords)
	}
}

// say writes a line about what goes on; see sayLine.
func (s *streams) say(format string, args ...any) {
	s.sayLine("rdiostress: " + fmt.Sprintf(format, args...))
}

// sayLine writes a line; a terminal has it broken between words. It may have foreign text, which neither changes a
// terminal nor is a command to the runner of a CI job: that reads Err as it reads Out.
func (s *streams) sayLine(line string) {
	columns := 0
	if s.ErrTerminal {
		columns, _ = terminal.Width(s.Err)
	}
	fmt.Fprintln(s.Err, terminal.Wrapped(report.Line(line), columns))
}

// hurry has results not wait for their reader: the process was told to end.
func (s *streams) hurry() {
	if h, ok := s.Out.(interface{ Hurry() }); ok {
		h.Hurry()
	}
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

// width is how many columns results may take: those of the terminal, else 80.
func (s *streams) width() int {
	if w, ok := s.terminalWidth(); ok {
		return min(w, maxWidth)
	}
	return defaultWidth
}

// helpWidth is how many columns help may take: those of the terminal, else 80.
func (s *streams) helpWidth() int {
	if w, ok := s.terminalWidth(); ok {
		return w
	}
	return defaultWidth
}

// terminalWidth is how many columns the terminal has that results go to, if they go to one.
func (s *streams) terminalWidth() (columns int, ok bool) {
	if !s.OutTerminal {
		return 0, false
	}
	return terminal.Width(s.Out)
}

// color reports whether what goes to a terminal, or elsewhere, may have colors by the environment.
func (s *streams) color(toTerminal bool) bool {
	return toTerminal && s.env("NO_COLOR") == "" && s.env("TERM") != dumbTerminal
}

// ascii reports whether what goes to a terminal, or elsewhere, is to be in ASCII by the environment: the locale has
// another character set than UTF-8, or the terminal is a dumb one. A locale that is not set says nothing.
func (s *streams) ascii(toTerminal bool) bool {
	if toTerminal && s.env("TERM") == dumbTerminal {
		return true
	}
	locale := strings.ToLower(cmp.Or(s.env("LC_ALL"), s.env("LC_CTYPE"), s.env("LANG")))
	return locale != "" && !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
}

// screen is where a command shows its progress: a dumb terminal has lines, as a log has.
func (s *streams) screen() terminal.Screen {
	return terminal.Screen{
		W: s.Err, IsTerminal: s.ErrTerminal && s.env("TERM") != dumbTerminal, Names: flagName,
		Color: s.color(s.ErrTerminal), ASCII: s.ascii(s.ErrTerminal),
	}
}

const (
	maxWidth     = 120 // lines longer than this are hard to read
	defaultWidth = 80

	dumbTerminal = "dumb" // the TERM of one that knows no escape sequences
)
