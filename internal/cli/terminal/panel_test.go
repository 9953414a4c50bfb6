package terminal

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/capacity"
	"rdiostress/internal/delivery"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

var update = flag.Bool("update", false, "write the golden files anew")

// second returns the state of a run after so many seconds, whose server falls behind.
func second(n int) event.Second {
	e := event.Second{
		Snapshot: measure.Snapshot{
			Elapsed: time.Duration(n) * time.Second, Phase: "sustained", Scored: n > 5, Attempted: uint64(50 * n),
			Accepted: uint64(48 * n), Failed: uint64(2 * n), Attempts: uint64(53 * n),
			InFlight: min(4+n, 50), Waiting: n / 3,
			P95: 31 * time.Millisecond, P95Of: uint64(48 * n),
			Last: measure.Interval{
				Accepted: 48, PerSecond: 50, P95: time.Duration(20+10*math.Sin(float64(n)/6)) * time.Millisecond,
			},
			Failures: []measure.FailureCount{
				{Class: measure.Status, Status: 503, Count: uint64(n)},
				{Class: measure.Timeout, Count: uint64(n) / 2},
				{Class: measure.Refused, Count: uint64(n) - uint64(n)/2},
			},
		},
		Storage: &verification.Progress{Progress: delivery.Progress{
			At: time.Duration(n) * time.Second, Acknowledged: uint64(48 * n), Stored: uint64(12 * n),
			Backlog: uint64(36 * n), PerS: 12,
		}},
	}
	e.Server.Set(measure.CPU, 0.84)
	e.Server.Set(measure.RSS, 123e6)
	e.Server.Set(measure.UploadQueue, 812)
	e.Server.Set(measure.DiskFree, 20.5e9)
	return e
}

// unseen is second where neither the server nor its storage is observed, and few calls are sent.
func unseen(n int) event.Second {
	return event.Second{Snapshot: measure.Snapshot{
		Elapsed: time.Duration(n) * time.Second, Phase: "warm-up", Attempted: uint64(n), Accepted: uint64(n),
		Attempts: uint64(n), InFlight: 1, Last: measure.Interval{Accepted: 1, PerSecond: 1, P95: time.Second},
	}}
}

// ran returns the view of a run after so many seconds, and after other events.
func ran(s scenario.Scenario, seconds int, state func(int) event.Second, others ...event.Event) *runView {
	v := newRunView(&s, time.Now().Add(-time.Duration(seconds)*time.Second))
	for n := range seconds {
		v.observe(state(n + 1))
	}
	for _, e := range others {
		v.observe(e)
	}
	return v
}

// opened is the event of an alert that opens.
func opened(severity, kpi string, limit float64) event.Event {
	return event.AlertChanged{AlertChange: judge.AlertChange{
		Alert: measure.Alert{Severity: severity, KPI: kpi, Unit: "ratio", Limit: limit}, Opened: true,
	}}
}

// awaited is the view of a wait for storage after some seconds.
func awaited(change func(p *delivery.Progress)) *storingView {
	at := func(n int) *event.AwaitingStorage {
		e := event.AwaitingStorage{Progress: verification.Progress{Progress: delivery.Progress{
			Stage: delivery.Waiting, At: time.Duration(n+1) * time.Second, Acknowledged: 8315,
			Stored: 735 + uint64(n*12), Backlog: 7580 - uint64(n*12), PerS: 12, Left: 632 * time.Second,
			GivesUp: 9*time.Minute + 20*time.Second,
		}}, Server: second(1).Server}
		change(&e.Progress.Progress)
		return &e
	}
	v := newStoringView(at(0))
	for n := range 30 {
		time.Sleep(time.Second) // of the bubble's clock
		v.update(at(n + 1))
	}
	return v
}

// searched is the view of a search after some events. As in a search, events of its steps are among them.
func searched(events ...capacity.Event) *searchView {
	v := &searchView{began: time.Now().Add(-130 * time.Second), most: 15 * time.Minute, live: newLive()}
	search := &Search{before: newTrial(newDisplay(Screen{Quiet: true})), view: v}
	for _, e := range events {
		search.Observe(e)
		search.Observe(capacity.Step{Event: second(1)})
	}
	return v
}

// primed is the view of priming.
func primed(seen bool) *stageView {
	v := newStageView()
	v.prime(&event.PrimingProgress{
		PrimeProgress: preflight.PrimeProgress{Sent: 40, Learned: 18, Total: 40, Left: 14 * time.Second}, Seen: seen,
		Took: 12 * time.Second, Max: 5 * time.Minute,
	})
	time.Sleep(stageAfter) // of the bubble's clock
	return v
}

// states are views as they are in the course of a run or a search. Each is made in a bubble.
func states() map[string]func() view {
	open := scenario.Scenario{MaxConcurrent: 50, Rate: 50, Duration: 2 * time.Minute}
	closed := scenario.Scenario{
		MaxConcurrent: 20, Duration: time.Minute, WarmUp: time.Minute, Retries: scenario.Retries{On: true},
	}
	stages := scenario.Scenario{MaxConcurrent: 40, Stages: schedule.Shape{{Length: time.Minute, To: 40}}}
	guide := closed
	guide.Guide = true
	total := open
	total.Total = 12_000
	replay := open
	replay.Replay = scenario.Replay{Recordings: 900, Span: time.Minute, Speed: 1}
	held := capacity.Ended{CapacityStep: report.CapacityStep{RatePerS: 40, OK: true}}
	broke := capacity.Ended{CapacityStep: report.CapacityStep{
		RatePerS: 80, Broke: "p95_response_time_s", BrokeWords: "p95 3.2 s, must be under 3 s",
	}}
	hold := second(12)
	leak := event.MemoryAlert{Alert: &measure.Alert{
		Severity: judge.High, KPI: judge.AlertMemoryGrowth, Unit: "bytes/h", Limit: 10e6,
	}}
	run := func(s scenario.Scenario, seconds int, state func(int) event.Second, others ...event.Event) func() view {
		return func() view { return ran(s, seconds, state, others...) }
	}
	wait := func(change func(p *delivery.Progress)) func() view { return func() view { return awaited(change) } }
	search := func(events ...capacity.Event) func() view { return func() view { return searched(events...) } }
	return map[string]func() view{
		"run": run(open, 72, second, opened(judge.High, judge.AlertErrorRate, 0.05), leak,
			opened(judge.Critical, judge.AlertErrorRate, 0.15)),
		"run-begins": run(open, 0, second),
		"run-unseen": run(closed, 30, unseen),
		"run-stages": run(stages, 30, second),
		"run-guide":  run(guide, 30, unseen),
		"run-total":  run(total, 30, second),
		"run-replay": run(replay, 30, second),
		"run-sent":   run(open, 121, second),
		"run-stopping": func() view {
			v := ran(open, 40, second)
			v.stop()
			return v
		},
		"run-crash":      run(open, 60, second, event.ServerKilled{At: 58 * time.Second}),
		"priming":        func() view { return primed(true) },
		"priming-unseen": func() view { return primed(false) },
		"storing":        wait(func(*delivery.Progress) {}),
		"storing-unreadable": wait(func(p *delivery.Progress) {
			p.Err = errors.New("database is \x1b[31mlocked\n")
		}),
		"storing-idle": wait(func(p *delivery.Progress) { p.Idle = 24 * time.Second }),
		"comparing": wait(func(p *delivery.Progress) {
			p.Stage, p.Backlog, p.Read, p.ToRead, p.Left = delivery.Accounting, 0, 4000, 9000, 90*time.Second
		}),
		"looking":     wait(func(p *delivery.Progress) { p.Stage = delivery.Sending }),
		"search-idle": search(capacity.AwaitingIdle{First: true}),
		"search-holding": search(capacity.Preparing{RatePerS: 40}, held, capacity.Preparing{RatePerS: 80}, broke,
			capacity.Preparing{RatePerS: 60}, capacity.Holding{
				RatePerS: 60, Snapshot: hold.Snapshot, Server: hold.Server, Storage: hold.Storage, Slots: 64,
			}),
		"search-storing": search(capacity.Preparing{RatePerS: 20}, capacity.AwaitingStorage{
			RatePerS: 20, Progress: *hold.Storage,
		}),
		"search-counting": search(capacity.Preparing{RatePerS: 20}, capacity.AwaitingCount{
			RatePerS: 20, Backlog: 3, Accepted: 900, Waited: 7 * time.Second,
		}),
	}
}

// eachState calls do for each state, in a bubble of its own.
func eachState(t *testing.T, do func(t *testing.T, name string, v view)) {
	t.Helper()
	for name, state := range states() {
		synctest.Test(t, func(t *testing.T) { do(t, name, state()) })
	}
}

// How each panel looks at several sizes, in Unicode and in ASCII.
func TestPanels(t *testing.T) {
	eachState(t, func(t *testing.T, name string, v view) {
		var got strings.Builder
		for _, look := range []struct {
			room size
			pen  pen
		}{
			{size{80, 24}, pen{}}, {size{80, 24}, pen{ascii: true}}, {size{120, 40}, pen{}}, {size{40, 10}, pen{}},
		} {
			fmt.Fprintf(&got, "-- %d columns, %d rows, ASCII %t\n", look.room.columns, look.room.rows, look.pen.ascii)
			for _, line := range look.pen.lines(v.panel(look.pen, look.room), look.room) {
				fmt.Fprintln(&got, line)
			}
		}
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
		}
	})
}

// escapes are what gives text a color.
var escapes = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// checkPanel fails unless lines fit a terminal, and contain nothing but printable text, in ASCII where that is wanted.
func checkPanel(t *testing.T, name string, v view, p pen, room size) {
	t.Helper()
	lines := p.lines(v.panel(p, room), room)
	if len(lines) >= max(room.rows, 2) {
		t.Errorf("%s: %d lines in %+v", name, len(lines), room)
	}
	for _, line := range lines {
		text := escapes.ReplaceAllString(line, "")
		if !p.color && text != line {
			t.Errorf("%s: a color in %q", name, line)
		}
		if width(text) >= max(room.columns, 2) {
			t.Errorf("%s: %d columns in %+v: %q", name, width(text), room, text)
		}
		for _, r := range text {
			if !unicode.IsPrint(r) || p.ascii && r > unicode.MaxASCII {
				t.Fatalf("%s: %q in %q", name, r, text)
			}
		}
	}
}

// Every panel fits every terminal.
func TestPanelsFit(t *testing.T) {
	eachState(t, func(t *testing.T, name string, v view) {
		pens := []pen{{}, {ascii: true}, {color: true}}
		for columns := range 140 {
			checkPanel(t, name, v, pens[columns%len(pens)], size{columns, 1 + columns%30})
		}
	})
}

// A panel at 80 columns and 24 rows is complete: nothing is left out or cut, and it takes 8 to 12 lines.
func TestPanelOfARunIsComplete(t *testing.T) {
	eachState(t, func(t *testing.T, name string, v view) {
		room := size{80, 24}
		if run, ok := v.(*runView); ok {
			lines := pen{}.lines(run.panel(pen{}, room), room)
			if text := strings.Join(lines, "\n"); len(lines) < 8 || len(lines) > 12 || strings.Contains(text, "…") {
				t.Errorf("%s: %d lines\n%s", name, len(lines), text)
			}
		}
	})
}
