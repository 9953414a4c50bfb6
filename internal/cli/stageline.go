package cli

import (
	"fmt"
	"sync"
	"time"
)

// stageLine says what a run is doing before its calls begin, so that nothing is silent for long: on a terminal in one
// line that is written over, else in a line every few seconds.
type stageLine struct {
	o    *runOptions
	done func()

	mu    sync.Mutex
	words func() string
	quiet time.Time // since when nothing was written
	shown bool      // the line is on the terminal
}

const (
	stageEvery = 250 * time.Millisecond
	stageAfter = time.Second // of silence, the line is shown
)

// clearLine has what is written next take the place of the line that the cursor is in, on a terminal.
const clearLine = "\r\x1b[K"

// beginStages begins to show what a run is at, unless that is shown already. The caller calls the returned function
// when something else is to be shown, at the latest when the command is over; it can be called more than once.
func (o *runOptions) beginStages() (end func()) {
	if o.stageLine == nil {
		s := &stageLine{o: o, quiet: time.Now()}
		s.done = sync.OnceFunc(follow(stageEvery, s.show))
		o.stageLine = s
	}
	s := o.stageLine
	return func() {
		s.done()
		if o.stageLine == s {
			o.stageLine = nil
		}
	}
}

// stage says what is done from now on, until the next stage.
func (o *runOptions) stage(what string) {
	began := time.Now()
	o.stageWords(func() string { return fmt.Sprintf("%s, for %d s", what, int(time.Since(began).Seconds())) })
}

// stageWords is stage for words that change.
func (o *runOptions) stageWords(words func() string) {
	if s := o.stageLine; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.words = words
	}
}

// say writes a line, in place of the one that is shown.
func (o *runOptions) say(line string) {
	s := o.stageLine
	if s == nil {
		fmt.Fprintln(o.ios.Err, line)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	fmt.Fprintln(o.ios.Err, line)
	s.quiet = time.Now()
}

// show writes the line if nothing was written for a while.
func (s *stageLine) show(last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	after := stageAfter
	if !s.o.ios.ErrTerminal {
		after = plainEvery
	}
	switch {
	case last:
		s.clear()
	case s.words == nil || s.o.quiet || !s.shown && time.Since(s.quiet) < after:
	case s.o.ios.ErrTerminal:
		s.shown = true
		fmt.Fprint(s.o.ios.Err, clearLine+fit(s.words(), terminalWidth(s.o.ios.Err)))
	default:
		s.quiet = time.Now()
		fmt.Fprintf(s.o.ios.Err, "rdiostress: %s\n", s.words())
	}
}

func (s *stageLine) clear() {
	if s.shown {
		fmt.Fprint(s.o.ios.Err, clearLine)
		s.shown = false
	}
}
