package terminal

import (
	"sync"
	"time"

	"rdiostress/internal/trial/event"
)

// Trial shows how a trial goes: on a terminal by a panel that is redrawn, and else by lines now and then. What is said
// meanwhile stays above the panel.
type Trial struct {
	*display
	// What the observer alone uses.
	stage  *stageView // what is done before the run, or after it
	killed bool       // the server does not answer since the crash test has killed it

	mu      sync.Mutex
	run     *runView     // nil while it is not shown
	storage *storingView // nil unless the calls are sent, and the run waits for the server to store them
	stopped bool         // the first signal was heard

	transcripts bool // the run waits for transcripts
}

// NewTrial returns what shows a trial. The caller closes it.
func NewTrial(screen Screen) *Trial { return newTrial(newDisplay(screen)) }

func newTrial(d *display) *Trial {
	t := &Trial{display: d, stage: newStageView()}
	d.show(t.stage)
	return t
}

// Observe implements [trial.Observer].
func (t *Trial) Observe(e event.Event) {
	if text := t.warningText(e); text != "" {
		t.say(line("warning: " + text))
	}
	t.observeStorage(e) // also where it is not shown: it says what a signal does
	if t.Quiet {
		return
	}
	if text := t.noteText(e); text != "" {
		t.say(line(text))
	}
	if text := alertText(e); text != "" {
		t.say(text)
	}
	t.observeBefore(e)
	t.observeRun(e)
}

// observeBefore shows what is done before the run.
func (t *Trial) observeBefore(e event.Event) {
	const noticed = 2 * time.Second // a wait that is shorter is not told
	switch e := e.(type) {
	case event.Preparing:
		t.stage.set(activityText(e.Activity))
	case event.PrimingProgress:
		t.stage.prime(&e)
	case event.Primed:
		t.stage.setWords(nil)
	case event.AwaitingStart:
		if e.Wait < noticed {
			t.stage.set("waiting for the next full second")
			return
		}
		t.say(line(awaitingStartText(e, e.Wait)))
		t.stage.setWords(func() string { return awaitingStartText(e, time.Until(e.Until)) })
	case event.Planned:
		t.say(line(e.Dates))
		if e.Retries != "" {
			t.say(line(e.Retries))
		}
	}
}

// observeRun shows the run.
func (t *Trial) observeRun(e event.Event) {
	switch e := e.(type) {
	case event.Started:
		v := newRunView(&e.Scenario, time.Now())
		t.mu.Lock()
		if t.stopped {
			v.stop()
		}
		t.run = v
		t.mu.Unlock()
		t.show(v)
	case event.Sent:
		t.mu.Lock()
		t.run = nil
		t.mu.Unlock()
		t.stage = newStageView()
		if t.killed {
			t.stage.set("waiting until the killed server answers again")
		}
		t.show(t.stage)
	case event.AwaitingMischief:
		const words = "waiting for the last misbehaving uploads"
		t.say(line(words))
		t.stage.set(words)
	case event.AwaitingTranscripts:
		t.showTranscripts(e)
	case event.ServerKilled:
		t.killed = true
		t.toRun(e)
	case event.ServerAnswered:
		t.killed = false
		t.toRun(e)
	default:
		t.toRun(e)
	}
}

// showTranscripts shows the wait for transcripts.
func (t *Trial) showTranscripts(e event.AwaitingTranscripts) {
	t.mu.Lock()
	begins := !t.transcripts
	t.transcripts = true
	t.mu.Unlock()
	if begins {
		t.stage = newStageView()
		t.show(t.stage)
	}
	t.stage.setWords(func() string { return transcriptsText(e) })
}

// toRun has the panel of the run show an event, if there is one.
func (t *Trial) toRun(e event.Event) {
	t.mu.Lock()
	v := t.run
	t.mu.Unlock()
	if v != nil {
		v.observe(e)
	}
}

// observeStorage shows the wait for storage.
func (t *Trial) observeStorage(e event.Event) {
	switch e := e.(type) {
	case event.AwaitingStorage:
		if t.storage != nil {
			t.storage.update(&e)
			return
		}
		v := newStoringView(&e)
		t.setStorage(v)
		t.show(v)
	case event.Accounted:
		t.setStorage(nil)
		t.show(nil)
	}
}

func (t *Trial) setStorage(v *storingView) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.storage = v
}

// Stopping says that the first signal was heard: in the panel of the run, and else by a line.
func (t *Trial) Stopping() {
	t.mu.Lock()
	t.stopped = true
	run, awaiting, transcripts := t.run, t.storage != nil, t.transcripts
	t.mu.Unlock()
	if run != nil {
		run.stop()
	}
	switch {
	case awaiting:
		t.say("rdiostress: no longer waiting for storage; reading what is stored by now " +
			"(interrupt again to leave at once)")
	case transcripts:
		t.say("rdiostress: no longer waiting for transcripts; reading what there is by now (interrupt again to leave " +
			"at once)")
	case run == nil || !t.draws(run):
		t.say("rdiostress: stopping; waiting for the uploads under way (interrupt again to leave at once)")
	}
}

// Leave removes what is drawn, since the process is going to end at once.
func (t *Trial) Leave() { t.leave() }

// Close ends what is drawn.
func (t *Trial) Close() { t.close() }
