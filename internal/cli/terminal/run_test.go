package terminal

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/delivery"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
	"rdiostress/internal/testenv"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// show has a trial of 20 s shown, until it waits for its calls to be stored.
func show(trial *Trial, stop bool) {
	s := scenario.Scenario{MaxConcurrent: 5, Duration: 20 * time.Second}
	trial.Observe(event.Started{Scenario: s})
	now := measure.Snapshot{Elapsed: 3 * time.Second, Accepted: 30, Attempted: 31, Failed: 1, InFlight: 4}
	trial.Observe(event.Second{Snapshot: now})
	if stop {
		trial.Stopping()
	}
	time.Sleep(6 * time.Second)
	trial.Observe(event.Warning{Text: "beside the progress"})
	trial.Observe(event.Sent{})
	trial.Observe(event.AwaitingStorage{Progress: verification.Progress{Progress: delivery.Progress{
		Stage: delivery.Waiting, Acknowledged: 30, Stored: 20, Backlog: 10, GivesUp: time.Minute,
	}}})
	time.Sleep(6 * time.Second)
}

// A run is shown in a log by lines, and the wait for storage after it too.
func TestRunInALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out testenv.Output
		trial := NewTrial(Screen{W: &out})
		show(trial, false)
		trial.Stopping()
		trial.Observe(event.Accounted{})
		trial.Close()
		for _, want := range []string{
			"3s of 20s: ", "30 accepted, 1 failed", "4 in flight", "rdiostress: warning: beside the progress\n",
			"20 of 30 stored", "rdiostress: no longer waiting for storage; reading what is stored by now",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
	})
}

// On a terminal, the wait for storage is one line that is redrawn, and wiped away when it is over.
func TestStoringOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out testenv.Output
		trial := NewTrial(Screen{W: &out, IsTerminal: true})
		show(trial, false)
		trial.Close()
		got := out.String()
		if strings.Count(got, clearLine+"20 of 30 stored, ") < 3 || !strings.HasSuffix(got, clearLine) {
			t.Errorf("says %q", got)
		}
	})
}

// After the first signal, progress says what is waited for.
func TestProgressAfterTheSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out testenv.Output
		trial := NewTrial(Screen{W: &out})
		show(trial, true)
		trial.Close()
		for _, want := range []string{
			"rdiostress: stopping; waiting for the uploads under way", "stopping: waiting for 4 uploads",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
	})
}

// The first signal is answered where nothing is drawn as well.
func TestStoppingQuietly(t *testing.T) {
	var out bytes.Buffer
	search := NewSearch(Screen{W: &out, Quiet: true})
	search.Stopping()
	search.Observe(capacity.Ended{CapacityStep: report.CapacityStep{OK: true}})
	search.Observe(capacity.Preparation{Event: event.Warning{Text: "heed this"}})
	search.Close()
	if got := out.String(); !strings.HasPrefix(got, "rdiostress: stopping; waiting for the uploads under way") ||
		!strings.HasSuffix(got, "rdiostress: warning: heed this\n") {
		t.Errorf("says %q", got)
	}
}

// A line that is written while a search goes on is not mixed with the one that is redrawn, however slow a terminal is.
func TestLineAboveASearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out slowly
		search := NewSearch(Screen{W: &out, IsTerminal: true})
		search.Observe(capacity.AwaitingIdle{})
		search.Observe(capacity.Preparing{RatePerS: 20})
		search.Observe(capacity.StorageFound{StorageFound: event.StorageFound{Found: verification.Found{Where: "w"}}})
		search.Close()
		got := out.String()
		if !strings.Contains(got, clearLine+"rdiostress: verifying storage in w") ||
			!strings.HasSuffix(got, "\n"+clearLine+"1s: preparing 20/s"+clearLine) {
			t.Errorf("says %q", got)
		}
	})
}

// slowly is a terminal that takes its time to show a line about storage.
type slowly struct{ testenv.Output }

func (w *slowly) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("verifying storage")) {
		time.Sleep(2*redrawEvery + redrawEvery/2)
	}
	return w.Output.Write(p)
}

// Each thing that a search does has its words in the line that is redrawn, and each step that is over a line.
func TestSearchOnATerminal(t *testing.T) {
	for want, e := range map[string]capacity.Event{
		"measuring the idle server before the first rate": capacity.AwaitingIdle{First: true},
		"waiting until the server is idle":                capacity.AwaitingIdle{},
		"preparing 20":                                    capacity.Preparing{RatePerS: 20},
		"holding 20":                                      capacity.Holding{RatePerS: 20},
		"waiting for storage": capacity.AwaitingCount{
			RatePerS: 20, Backlog: 3, Accepted: 9,
		},
		"of 9 calls stored": capacity.AwaitingStorage{RatePerS: 20, Progress: verification.Progress{
			Progress: delivery.Progress{Acknowledged: 9},
		}},
		"broke: too slow": capacity.Ended{CapacityStep: report.CapacityStep{BrokeWords: "too slow"}},
		"not known: w": capacity.Ended{CapacityStep: report.CapacityStep{
			Broke: report.BrokeUnseen, BrokeWords: "w",
		}},
		": held\n": capacity.Ended{CapacityStep: report.CapacityStep{OK: true}},
	} {
		var out bytes.Buffer
		search := NewSearch(Screen{W: &out, IsTerminal: true})
		search.Observe(e)
		search.Close()
		if !strings.Contains(out.String(), want) {
			t.Errorf("%T says %q, want %q", e, out.String(), want)
		}
	}
}
