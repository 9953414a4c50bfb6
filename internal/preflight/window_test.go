package preflight

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload/uploadtest"
)

// Windows of up to 11 s are found to the second, and no window is found shorter than it is.
func TestPreflightLearnsTheDuplicateWindow(t *testing.T) {
	for window, want := range map[time.Duration]time.Duration{
		500 * time.Millisecond:   0,
		time.Second:              time.Second,
		2 * time.Second:          2 * time.Second,
		5 * time.Second:          5 * time.Second,
		9 * time.Second:          9 * time.Second,
		10 * time.Second:         10 * time.Second,
		10500 * time.Millisecond: 10 * time.Second, // calls are dated in whole seconds
		time.Minute:              time.Minute,
		5 * time.Minute:          5 * time.Minute,
		time.Hour:                0,
	} {
		for _, p := range []*peer{trEngine(window), bundledServer(window)} {
			url := p.start(t)
			if p.key == "write-token" {
				url += rdio.TREnginePath
			}
			l, err := preflighted(t, url, p.key, "sdrtrunk")
			if err != nil || l.DuplicateWindow != want {
				t.Errorf("a window of %v is learned as %v, error %v", window, l.DuplicateWindow, err)
			}
			if calls := len(p.calls) - 2; calls > windowProbes {
				t.Errorf("a window of %v takes %d calls", window, calls)
			}
			if window > 5*time.Minute && !strings.Contains(strings.Join(l.Warnings, "\n"), "calls of a talkgroup that "+
				"begin 5m1s apart") {
				t.Errorf("warnings %q of a window that is not found", l.Warnings)
			}
		}
	}
	for _, window := range []time.Duration{17 * time.Second, 25 * time.Second, 100 * time.Second, 299 * time.Second} {
		p := trEngine(window)
		l, err := preflighted(t, p.start(t)+rdio.TREnginePath, p.key, "sdrtrunk")
		if err != nil || l.DuplicateWindow < window || l.DuplicateWindow > 2*window {
			t.Errorf("a window of %v is learned as %v, error %v", window, l.DuplicateWindow, err)
		}
	}
}

// A search that runs out of time keeps what it has found, and the server is not said not to answer.
func TestDuplicateWindowSearchIsCutShort(t *testing.T) {
	p := bundledServer(time.Hour)
	asked := 0
	slow := &peer{key: p.key, answer: func(w http.ResponseWriter, f peerForm) {
		if asked++; asked > 3 { // the test, a call, and one that is refused
			<-time.After(300 * time.Millisecond)
		}
		p.answer(w, f)
	}}
	s := uploadtest.Scenario()
	s.URL, s.Timeout = slow.start(t), 100*time.Millisecond
	l, err := preflightOf(t, s, "abc")
	const want = "takes calls of a talkgroup that begin 1s apart for duplicates of each other"
	if err != nil || l.DuplicateWindow != 0 || !strings.Contains(strings.Join(l.Warnings, "\n"), want) {
		t.Errorf("window %v, warnings %q, error %v", l.DuplicateWindow, l.Warnings, err)
	}
}

// A server that accepts every call, whatever it does with it, gets one more call and teaches nothing.
func TestPreflightLearnsNothingOfAServerThatTakesAll(t *testing.T) {
	for _, p := range []*peer{rdioScanner(noAudio), rdioScanner(noTalkgroup), sdrAPI()} {
		l, err := preflighted(t, p.start(t), p.key, "sdrtrunk")
		if err != nil || l.DuplicateWindow != 0 || len(p.calls) != 3 || len(l.Warnings) > 0 {
			t.Errorf("%d requests, window %v, warnings %q, error %v", len(p.calls), l.DuplicateWindow, l.Warnings, err)
		}
	}
}

// Neither the clients of a run nor consecutive runs send first calls that are duplicates.
func TestProbesOfManyRunsAreNoDuplicates(t *testing.T) {
	p := trEngine(10 * time.Second)
	url := p.start(t) + rdio.TREnginePath
	for run := range 10 {
		s := uploadtest.Scenario()
		s.URL, s.Key = url, p.key
		s.Clients, _ = scenario.ParseMix("sdrtrunk,trunk-recorder,trunk-recorder-5.2")
		l, err := preflightOf(t, s, fmt.Sprintf("run%d", run))
		if err != nil || l.DuplicateWindow != 10*time.Second {
			t.Fatalf("run %d: window %v, error %v", run, l.DuplicateWindow, err)
		}
		for _, r := range l.FirstReplies {
			if !r.Accepted || r.DatesUnread {
				t.Errorf("run %d: %+v", run, r)
			}
		}
	}
}

// A first call that is a duplicate of a call of an earlier run is sent again with another date.
func TestPreflightAfterAnEarlierRun(t *testing.T) {
	p := trEngine(10 * time.Second)
	url := p.start(t) + rdio.TREnginePath
	for range 2 { // with the same name, and so the same dates
		l, err := preflighted(t, url, p.key, "trunk-recorder-5.2")
		if err != nil || !l.FirstReplies[0].Accepted || l.DuplicateWindow != 10*time.Second {
			t.Errorf("%+v, error %v", l, err)
		}
	}
	if p.calls[1].date == p.calls[len(p.calls)-1].date {
		t.Error("the second run sent the dates of the first")
	}
}
