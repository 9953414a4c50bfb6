package terminal

import (
	"fmt"
	"sync"
	"time"

	"rdiostress/internal/trial/event"
)

// Trial shows how a trial goes: on a terminal by a line or a bar that is redrawn, and else by lines every few
// seconds. What is said meanwhile stays above them.
type Trial struct {
	screen Screen
	stage  *stageLine // what is done before the run

	mu       sync.Mutex
	progress *progress              // of the run; nil while it is not shown
	say      func(line string)      // says a line while the run is shown
	done     func()                 // ends what is drawn of the run
	stopped  bool                   // the first signal was heard
	awaiting bool                   // the calls are sent, and the run waits for the server to store them
	storage  *event.AwaitingStorage // how storing stands; nil while that is not shown
	stored   func()                 // ends what is drawn of the wait for storage
}

// NewTrial returns what shows a trial. The caller closes it.
func NewTrial(screen Screen) *Trial {
	return &Trial{screen: screen, stage: newStageLine(screen), done: func() {}, stored: func() {}}
}

// Observe implements [trial.Observer].
func (t *Trial) Observe(e event.Event) {
	if text := t.screen.warningText(e); text != "" {
		t.write(line("warning: " + text))
	}
	if t.screen.Quiet {
		t.noteAwaiting(e)
		return
	}
	if text := t.screen.noteText(e); text != "" {
		t.write(line(text))
	}
	if text := alertText(e); text != "" {
		t.write(text)
	}
	t.observeBefore(e)
	t.observeRun(e)
	t.observeStorage(e)
}

// observeBefore shows what is done before the run.
func (t *Trial) observeBefore(e event.Event) {
	const noticed = 2 * time.Second // a wait that is shorter is not told
	switch e := e.(type) {
	case event.Preparing:
		t.stage.set(activityText(e.Activity))
	case event.PrimingProgress:
		at := time.Now()
		t.stage.setWords(func() string { return primingText(e, time.Since(at)) })
	case event.AwaitingStart:
		if e.Wait < noticed {
			t.stage.set("waiting for the next full second")
			return
		}
		t.write(line(awaitingStartText(e, e.Wait)))
		t.stage.setWords(func() string { return awaitingStartText(e, time.Until(e.Until)) })
	case event.Planned:
		t.write(line(e.Dates))
		if e.Retries != "" {
			t.write(line(e.Retries))
		}
	}
}

// observeRun shows the run.
func (t *Trial) observeRun(e event.Event) {
	switch e := e.(type) {
	case event.Started:
		t.stage.end()
		p := &progress{scenario: e.Scenario, start: time.Now()}
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.stopped {
			p.stop()
		}
		t.progress = p
		t.say, t.done = p.show(t.screen)
	case event.Second:
		if t.progress != nil {
			t.progress.update(e)
		}
	case event.Sent:
		t.endRun()
	case event.AwaitingMischief:
		t.write(line("waiting for the last misbehaving uploads"))
	}
}

// endRun ends what is drawn of the run.
func (t *Trial) endRun() {
	t.mu.Lock()
	done := t.done
	t.progress, t.say, t.done = nil, nil, func() {}
	t.mu.Unlock()
	done()
}

// noteAwaiting notes whether the run waits for calls to be stored.
func (t *Trial) noteAwaiting(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e.(type) {
	case event.AwaitingStorage:
		t.awaiting = true
	case event.Accounted:
		t.awaiting = false
	}
}

// observeStorage shows the wait for storage.
func (t *Trial) observeStorage(e event.Event) {
	t.noteAwaiting(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := e.(type) {
	case event.AwaitingStorage:
		if begins := t.storage == nil; begins {
			t.storage = &e
			t.stored = t.showStoring()
		}
		t.storage = &e
	case event.Accounted:
		if t.storage == nil {
			return
		}
		stored := t.stored
		t.mu.Unlock() // which what is drawn needs
		stored()
		t.mu.Lock()
		t.storage, t.stored = nil, func() {}
	}
}

// showStoring shows how many calls are stored by now, until the returned function is called, if that takes longer than
// a moment.
func (t *Trial) showStoring() (done func()) {
	words := func() string {
		t.mu.Lock()
		defer t.mu.Unlock()
		return storingLine(t.storage.Progress.Progress)
	}
	if t.screen.IsTerminal {
		return showStoringLine(t.screen.W, words)
	}
	return showStoringLines(t.screen.W, words)
}

// write writes a line, above what is drawn.
func (t *Trial) write(line string) {
	t.mu.Lock()
	say := t.say
	t.mu.Unlock()
	if say == nil {
		say = t.stage.say
	}
	say(line)
}

// Stopping says that the first signal was heard: in the progress bar, which would wipe a line of its own away.
func (t *Trial) Stopping() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.progress != nil {
		t.progress.stop()
	}
	switch {
	case t.awaiting:
		if t.screen.IsTerminal { // below the line that is redrawn
			fmt.Fprintln(t.screen.W)
		}
		fmt.Fprintln(t.screen.W, "rdiostress: no longer waiting for storage; reading what is stored by now "+
			"(interrupt again to leave at once)")
	case t.screen.Quiet || !t.screen.IsTerminal:
		fmt.Fprintln(t.screen.W,
			"rdiostress: stopping; waiting for the uploads under way (interrupt again to leave at once)")
	}
}

// Close ends what is drawn.
func (t *Trial) Close() {
	t.stage.end()
	t.endRun()
	t.observeStorage(event.Accounted{})
}
