package terminal

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// fakeTerminal is a terminal that breaks lines anew when its width changes, as most do. It knows the few escape
// sequences that a canvas uses, and fails on others.
type fakeTerminal struct {
	mu   sync.Mutex
	room size

	lines   [][]rune // each may take several rows
	line    int      // of the cursor
	column  int      // of the cursor in its line, however many rows that takes
	wraps   bool
	unknown []string // what it does not know
}

// newTestDisplay returns a display on a terminal, which is to be closed.
func newTestDisplay(screen Screen, columns, rows int) (*display, *fakeTerminal) {
	t := &fakeTerminal{room: size{columns, rows}, lines: make([][]rune, 1), wraps: true}
	screen.W, screen.IsTerminal = t, true
	return newDisplayOf(screen, t.size), t
}

func (t *fakeTerminal) size() size {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.room
}

// resize changes the size of the terminal. The cursor stays with its text.
func (t *fakeTerminal) resize(columns, rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.room = size{columns, rows}
}

// String returns all that was written and was not removed, with what has left the terminal at its top.
func (t *fakeTerminal) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for _, line := range t.lines {
		lines = append(lines, strings.TrimRight(string(line), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// Write implements io.Writer.
func (t *fakeTerminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for text := string(p); text != ""; {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			end := strings.IndexAny(rest, "ABCDEFGHJKhlmsu")
			if end < 0 {
				t.unknown = append(t.unknown, text)
				break
			}
			t.control(rest[:end], rest[end])
			text = rest[end+1:]
			continue
		}
		r := []rune(text)[0]
		t.put(r)
		text = text[len(string(r)):]
	}
	return len(p), nil
}

func (t *fakeTerminal) put(r rune) {
	switch {
	case r == '\r':
		t.column -= t.column % t.room.columns
	case r == '\n':
		t.column = 0
		if t.line++; t.line == len(t.lines) {
			t.lines = append(t.lines, nil)
		}
	case r < ' ' || r == 0x7f:
		t.unknown = append(t.unknown, fmt.Sprintf("%q", r))
	default:
		line := &t.lines[t.line]
		for len(*line) <= t.column {
			*line = append(*line, ' ')
		}
		(*line)[t.column] = r
		if t.wraps || t.column+1 < t.room.columns {
			t.column++
		}
	}
}

func (t *fakeTerminal) control(parameters string, command byte) {
	switch sequence := parameters + string(command); {
	case sequence == "?7l":
		t.wraps = false
	case sequence == "?7h":
		t.wraps = true
	case command == 'm':
	case sequence == "K":
		t.lines[t.line] = t.lines[t.line][:min(t.column, len(t.lines[t.line]))]
	case sequence == "J":
		t.lines[t.line] = t.lines[t.line][:min(t.column, len(t.lines[t.line]))]
		t.lines = t.lines[:t.line+1]
	case command == 'A':
		var n int
		if _, err := fmt.Sscan(parameters, &n); err != nil {
			t.unknown = append(t.unknown, sequence)
		}
		t.up(n)
	default:
		t.unknown = append(t.unknown, sequence)
	}
}

// up moves the cursor up by rows, but not out of the terminal.
func (t *fakeTerminal) up(rows int) {
	type place struct{ line, column int }
	var places []place
	at := 0
	for i, line := range t.lines {
		for column := 0; column == 0 || column < len(line); column += t.room.columns {
			if i == t.line && column <= t.column {
				at = len(places)
			}
			places = append(places, place{i, column})
		}
	}
	top := max(len(places)-t.room.rows, 0)
	to := places[max(at-rows, min(top, at))]
	t.line, t.column = to.line, to.column+t.column%t.room.columns
}

// check fails if the terminal was written what it does not know.
func (t *fakeTerminal) check(tb testing.TB) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.unknown) > 0 {
		tb.Errorf("the terminal does not know %q", t.unknown)
	}
	if !t.wraps {
		tb.Error("the terminal no longer wraps lines")
	}
}
