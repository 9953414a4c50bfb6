package terminal

import (
	"fmt"
	"sync"
	"time"

	"rdiostress/internal/clock"
)

// stageLine says what is done before the calls begin, so that nothing is silent for long: on a terminal in one line
// that is written over, else in a line every few seconds.
type stageLine struct {
	screen Screen
	end    func() // is to be called when something else is to be shown; more than once does no harm

	mu     sync.Mutex
	words  func() string
	silent time.Time // since when nothing was written
	shown  bool      // the line is on the terminal
}

const (
	stageEvery = 250 * time.Millisecond
	stageAfter = time.Second // of silence, the line is shown
)

// clearLine has what is written next take the place of the line that the cursor is in, on a terminal.
const clearLine = "\r\x1b[K"

// newStageLine begins to show what is done. The caller calls end.
func newStageLine(screen Screen) *stageLine {
	s := &stageLine{screen: screen, silent: time.Now()}
	s.end = sync.OnceFunc(clock.Every(stageEvery, s.show))
	return s
}

// set says what is done from now on, until it is set again.
func (s *stageLine) set(what string) {
	began := time.Now()
	s.setWords(func() string { return fmt.Sprintf("%s, for %d s", what, int(time.Since(began).Seconds())) })
}

// setWords is set for words that change.
func (s *stageLine) setWords(words func() string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.words = words
}

// say writes a line, in place of the one that is shown.
func (s *stageLine) say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	fmt.Fprintln(s.screen.W, line)
	s.silent = time.Now()
}

// show writes the line if nothing was written for a while.
func (s *stageLine) show(last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	after := stageAfter
	if !s.screen.IsTerminal {
		after = LineEvery
	}
	switch {
	case last:
		s.clear()
	case s.words == nil || s.screen.Quiet || !s.shown && time.Since(s.silent) < after:
	case s.screen.IsTerminal:
		s.shown = true
		fmt.Fprint(s.screen.W, clearLine+fit(s.words(), widthOf(s.screen.W)))
	default:
		s.silent = time.Now()
		fmt.Fprintf(s.screen.W, "rdiostress: %s\n", s.words())
	}
}

func (s *stageLine) clear() {
	if s.shown {
		fmt.Fprint(s.screen.W, clearLine)
		s.shown = false
	}
}
