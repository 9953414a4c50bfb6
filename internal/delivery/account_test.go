package delivery

import (
	"errors"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// refusing returns a Watch of a run of three acknowledged calls. The server's log has refused the first one.
func refusing(t *testing.T) *Watch {
	t.Helper()
	l := NewLedger(plannedPattern, time.Now())
	for n := range 3 {
		l.Record(uint64(n), &rdio.Call{System: 1, Talkgroup: 1}, &measure.Outcome{Class: measure.Accepted})
	}
	w := &Watch{ledger: l, match: newMatcher(l, &AudioOptions{}), samples: []sample{{}}, stage: Waiting}
	w.crash = -1
	w.match.readLogLine("newcall: file=" + own(0) + " blacklisted")
	return w
}

// A reason that arrives after the reasons were copied counts as "other", and does not panic.
func TestReasonAfterTheCopy(t *testing.T) {
	w := refusing(t)
	copied := w.match.copyReasons()
	w.match.readLogLine("newcall: file=" + own(1) + " no matching system/talkgroup")
	a := newAccount(w.ledger, forever, -1, copied)
	var texts []string
	for _, r := range a.reasons {
		texts = append(texts, r.Reason)
	}
	if want := []string{"blacklisted", otherWords}; !slices.Equal(texts, want) || a.missing != 3 {
		t.Errorf("%d missing, reasons %q, want %q", a.missing, texts, want)
	}
}

// The account is made between two polls, at the end, and after a failed read.
func TestSettlesBetweenLooks(t *testing.T) {
	for name, reckon := range map[string]func(*Watch) *account{
		"in the end": func(w *Watch) *account { return w.accountAfter(measure.WaitStored, time.Second) },
		"unread": func(w *Watch) *account {
			w.samples[0].at = time.Second
			return w.accountStale(-1, measure.WaitStored, 2*time.Second,
				errors.New("its answer is no list of calls")).account
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := refusing(t)
			w.polling.Lock() // a poll begins
			done := make(chan *account, 1)
			go func() { done <- reckon(w) }()
			select {
			case <-done:
				t.Error("it settles while it looks")
				w.polling.Unlock()
				return
			case <-time.After(50 * time.Millisecond):
			}
			w.match.readLogLine("newcall: file=" + own(1) + " no matching system/talkgroup")
			w.polling.Unlock()
			got := <-done
			if len(got.reasons) != 2 || got.reasons[1].Reason != "no matching system/talkgroup" {
				t.Errorf("%+v", got)
			}
		})
	}
}
