package cli

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

// While a run waits for its start, the line says how long it still does.
func TestWaitForTheStartCountsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		o := &runOptions{ios: &streams{Err: &said, ErrTerminal: true}}
		o.scenario.DuplicateWindow = 10 * time.Second
		o.stageLine = &stageLine{o: o}
		o.tellWait(11 * time.Second)
		const why = ": a run may have just ended, and calls that begin within 10s are duplicates to this server"
		if got, want := said.String(), "rdiostress: waiting 11s"+why+"\n"; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
		for _, want := range []string{"waiting 11s", "waiting 8s", "waiting 5s", "waiting 2s", "waiting 0s", "waiting 0s"} {
			if got := o.stageLine.words(); got != want+why {
				t.Errorf("%q, want %q", got, want+why)
			}
			time.Sleep(3 * time.Second) // of the bubble's clock
		}
	})
}

// A wait that nobody notices is not told.
func TestShortWaitForTheStartIsNotTold(t *testing.T) {
	var said bytes.Buffer
	o := &runOptions{ios: &streams{Err: &said}}
	if o.tellWait(time.Second); said.Len() > 0 {
		t.Errorf("said %q", said.String())
	}
}
