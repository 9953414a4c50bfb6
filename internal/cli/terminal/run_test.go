package terminal

import (
	"bytes"
	"strings"
	"sync"
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

// On a terminal, the run and the wait for storage have panels, which are removed when they are over.
func TestTrialOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, screen := newTestDisplay(Screen{}, 80, 24)
		trial := newTrial(d)
		trial.Observe(event.Preparing{Activity: event.Connecting})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := screen.String(); got != "connecting to the server, for 2 s" {
			t.Errorf("before the run, shows %q", got)
		}
		var run sync.WaitGroup
		run.Go(func() { show(trial, false) })
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := screen.String(); !strings.HasPrefix(got, "starting, 5s of 20s  [") ||
			!strings.Contains(got, "\nalerts ") {
			t.Errorf("in the run, shows\n%s", got)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		const said = "rdiostress: warning: beside the progress"
		if got := screen.String(); !strings.HasPrefix(got, said+"\nstorage: waiting for 4s  [") ||
			!strings.Contains(got, "\nstored     20 of 30\n") || strings.Contains(got, "alerts") {
			t.Errorf("while it waits for storage, shows\n%s", got)
		}
		run.Wait()
		trial.Stopping()
		trial.Observe(event.Accounted{})
		const stopped = "\nrdiostress: no longer waiting for storage; reading what is stored by now" +
			"\n  (interrupt again to leave at once)"
		if got := screen.String(); got != said+stopped {
			t.Errorf("after it, shows %q", got)
		}
		trial.Close()
		if got := screen.String(); got != said+stopped {
			t.Errorf("leaves %q", got)
		}
		screen.check(t)
	})
}

// A process that ends at once leaves no panel behind, whatever happens until then.
func TestLeavingATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, screen := newTestDisplay(Screen{}, 80, 24)
		trial := newTrial(d)
		var run sync.WaitGroup
		run.Go(func() { show(trial, true) })
		time.Sleep(5 * time.Second)
		if !strings.HasPrefix(screen.String(), "stopping: waiting for 4 uploads") {
			t.Errorf("shows\n%s", screen.String())
		}
		trial.Leave()
		run.Wait()
		if got := screen.String(); got != "rdiostress: warning: beside the progress" {
			t.Errorf("leaves %q", got)
		}
		trial.Close()
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

// On a terminal, a line answers the first signal where no panel of a run or a search does.
func TestStoppingWithoutAPanelOfTheRun(t *testing.T) {
	const said = "rdiostress: stopping; waiting for the uploads under way (interrupt again to leave at once)"
	started := event.Started{Scenario: scenario.Scenario{MaxConcurrent: 5, Duration: time.Minute}}
	for name, tt := range map[string]struct {
		events []event.Event
		panel  bool // shows it
	}{
		"before anything": {},
		"connecting":      {[]event.Event{event.Preparing{Activity: event.Connecting}}, false},
		"priming":         {[]event.Event{event.PrimingProgress{Max: time.Minute}}, false},
		"run":             {[]event.Event{started}, true},
		"mischief":        {[]event.Event{started, event.Sent{}, event.AwaitingMischief{}}, false},
		"killed server":   {[]event.Event{started, event.ServerKilled{}, event.Sent{}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, screen := newTestDisplay(Screen{}, 120, 24)
				trial := newTrial(d)
				defer trial.Close()
				for _, e := range tt.events {
					trial.Observe(e)
				}
				trial.Stopping()
				d.update(false)
				got := screen.String()
				if strings.Contains(got, said) == tt.panel || strings.Contains(got, "stopping: ") != tt.panel {
					t.Errorf("shows\n%s", got)
				}
			})
		})
	}
	d, screen := newTestDisplay(Screen{}, 120, 24)
	search := &Search{before: newTrial(d), view: searched()}
	search.Before().Observe(event.Preparing{Activity: event.StartingServer})
	search.Stopping()
	search.Close()
	if got := screen.String(); got != said {
		t.Errorf("before the first step, shows %q", got)
	}
}

// The first signal is answered where nothing is drawn as well.
func TestStoppingQuietly(t *testing.T) {
	var out bytes.Buffer
	search := NewSearch(Screen{W: &out, Quiet: true}, 0)
	search.Stopping()
	search.Observe(capacity.Ended{CapacityStep: report.CapacityStep{OK: true}})
	search.Observe(capacity.Preparation{Event: event.Warning{Text: "heed this"}})
	search.Close()
	if got := out.String(); !strings.HasPrefix(got, "rdiostress: stopping; waiting for the uploads under way") ||
		!strings.HasSuffix(got, "rdiostress: warning: heed this\n") {
		t.Errorf("says %q", got)
	}
}

// Each thing that a search does has its words in the panel, and each step that is over a line above it.
func TestSearchOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, screen := newTestDisplay(Screen{}, 80, 24)
		search := &Search{before: newTrial(d), view: searched()}
		found := event.StorageFound{Found: verification.Found{Where: "calls.db", How: "open", Source: "a test"}}
		const storage = "rdiostress: verifying storage in calls.db (a test), found open"
		const broke = "2m10s: 20/s for 5 s: broke: too slow"
		for _, tt := range []struct {
			e    capacity.Event
			want string
		}{
			{capacity.Preparation{Event: event.Warning{Text: "heed this"}}, "rdiostress: warning: heed this"},
			{capacity.AwaitingIdle{First: true}, "\nmeasuring the idle server before the first rate  ["},
			{capacity.Preparing{RatePerS: 20}, "\nstep 1, preparing 20/s  ["},
			{capacity.StorageFound{StorageFound: found}, storage + "\nstep 1, preparing 20/s  ["},
			{capacity.Holding{RatePerS: 20}, storage + "\nstep 1, holding 20/s for 0s  ["},
			{capacity.AwaitingCount{RatePerS: 20, Backlog: 3, Accepted: 9}, "\nstorage    3 of 9 calls not stored"},
			{
				capacity.Ended{CapacityStep: report.CapacityStep{RatePerS: 20, DurationS: 5, BrokeWords: "too slow"}},
				storage + "\n" + broke + "\nstep 1, ",
			},
			{capacity.Preparing{RatePerS: 10}, "best       no rate was held yet"},
		} {
			search.Observe(tt.e)
			got := screen.String()
			if !strings.Contains(got, tt.want) {
				t.Errorf("%T shows\n%s\nwant %q", tt.e, got, tt.want)
			}
			search.Observe(capacity.Step{Event: event.Second{}})
			if then := screen.String(); then != got {
				t.Errorf("after %T, an event of the step changes\n%s\nto\n%s", tt.e, got, then)
			}
		}
		if got := screen.String(); !strings.Contains(got, "best       no rate was held yet, 20/s was not: too slow") {
			t.Errorf("the best so far is not shown\n%s", got)
		}
		search.Stopping()
		search.Observe(capacity.Ended{CapacityStep: report.CapacityStep{RatePerS: 10, OK: true}})
		if got := screen.String(); !strings.Contains(got, "stopping: ") || strings.Contains(got, "stopping; ") ||
			!strings.Contains(got, "10/s held, 20/s was not") {
			t.Errorf("after a signal, shows\n%s", got)
		}
		search.Close()
		if got := screen.String(); !strings.HasSuffix(got, broke+"\n2m10s: 10/s for 0 s: held") {
			t.Errorf("leaves\n%s", got)
		}
		screen.check(t)
	})
}

// What comes before the first step of a search is shown too, and a log has a line for each step alone.
func TestSearchInALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out testenv.Output
		search := NewSearch(Screen{W: &out}, time.Minute)
		search.Before().Observe(event.Preparing{Activity: event.StartingServer})
		time.Sleep(LineEvery + time.Second)
		search.Observe(capacity.Preparing{RatePerS: 20})
		for range 60 {
			search.Observe(capacity.Holding{RatePerS: 20})
			time.Sleep(time.Second)
		}
		search.Observe(capacity.Ended{CapacityStep: report.CapacityStep{RatePerS: 20, DurationS: 60, OK: true}})
		search.Observe(capacity.Ended{CapacityStep: report.CapacityStep{
			RatePerS: 40, DurationS: 60, Broke: report.BrokeUnseen, BrokeWords: "it was not seen",
		}})
		search.Close()
		const want = "rdiostress: starting the bundled server, for 5 s\n1m6s: 20/s for 1 min: held\n" +
			"1m6s: 40/s for 1 min: not known: it was not seen\n"
		if got := out.String(); got != want {
			t.Errorf("says\n%s\nwant\n%s", got, want)
		}
	})
}

// The clock of a panel shows seconds that are over, as any clock does, and the time left adds up with it.
func TestClockOfAPanel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scenario.Scenario{MaxConcurrent: 1, Duration: 20 * time.Second}
		v := newRunView(&s, time.Now())
		time.Sleep(4700 * time.Millisecond)
		got := pen{}.line(v.panel(pen{}, size{80, 24})[0].row, 80)
		if !strings.HasPrefix(got, "starting, 4s of 20s") || !strings.HasSuffix(got, "16s left") {
			t.Errorf("shows %q", got)
		}
	})
}
