package terminal

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/delivery"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
	"rdiostress/internal/testenv"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// While a run waits for its start, the panel says how long it still does.
func TestWaitForTheStartCountsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shown, screen := newTestDisplay(Screen{}, 120, 24)
		trial := newTrial(shown)
		const wait = 11 * time.Second
		trial.Observe(event.AwaitingStart{Until: time.Now().Add(wait), Wait: wait, Window: 10 * time.Second})
		const why = ": a run may have just ended, and calls that begin within 10s are duplicates to this server"
		said := "rdiostress: waiting 11s" + why
		if got := screen.String(); got != said {
			t.Errorf("shows %q, want %q", got, said)
		}
		for _, want := range []string{"waiting 8s", "waiting 5s", "waiting 2s", "waiting 0s", "waiting 0s"} {
			time.Sleep(3 * time.Second) // of the bubble's clock
			synctest.Wait()
			if got := screen.String(); got != said+"\n"+want+why {
				t.Errorf("shows %q, want %q", got, want+why)
			}
		}
		if trial.Close(); screen.String() != said {
			t.Errorf("leaves %q", screen.String())
		}
	})
}

// A wait that nobody notices is not told.
func TestShortWaitForTheStartIsNotTold(t *testing.T) {
	var said bytes.Buffer
	shown := NewTrial(Screen{W: &said})
	shown.Observe(event.AwaitingStart{Until: time.Now().Add(time.Second), Wait: time.Second})
	if shown.Close(); said.Len() > 0 {
		t.Errorf("said %q", said.String())
	}
}

// What a process calls itself and its files changes nothing on a terminal.
func TestFoundNamesArePrintable(t *testing.T) {
	const evil = "rdio\x1b[2J\r\nscanner"
	var out bytes.Buffer
	shown := NewTrial(Screen{W: &out})
	shown.Observe(event.StorageFound{Found: verification.Found{Where: evil, How: evil, Source: evil}})
	shown.Observe(event.StorageUnreadable{Why: evil})
	shown.Observe(event.Warning{Text: field.Message(evil)})
	shown.Close()
	if lines := strings.Count(out.String(), "\n"); strings.ContainsAny(out.String(), "\x1b\r") || lines != 3 {
		t.Errorf("says %q", out.String())
	}
}

// What others say is no command to the runner of a CI job, whichever line has it.
func TestFoundNamesAreNoCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const evil = "##[error]no\n  ::error::no"
		var out testenv.Output
		search := NewSearch(Screen{W: &out}, 0)
		shown := search.Before()
		shown.Observe(event.StorageFound{Found: verification.Found{Where: evil, How: evil, Source: evil}})
		shown.Observe(event.StorageUnreadable{Why: evil})
		shown.Observe(event.Planned{Dates: evil, Retries: evil})
		shown.Observe(event.AwaitingStorage{Progress: verification.Progress{Progress: delivery.Progress{
			Stage: delivery.Waiting, Err: errors.New(evil),
		}}})
		time.Sleep(LineEvery + time.Second)
		search.Observe(capacity.Ended{CapacityStep: report.CapacityStep{BrokeWords: evil}})
		search.Close()
		said := out.String()
		if strings.Contains(said, "##[") || strings.Contains(said, "\n::") || strings.Contains(said, " ::") ||
			strings.Count(said, "error") != 2*8 || strings.Count(said, "\n") != 6 {
			t.Errorf("says\n%s", said)
		}
	})
}

// A line of a log has the run so far in whole words.
func TestLineOfARun(t *testing.T) {
	s := scenario.Scenario{Retries: scenario.Retries{On: true}, Duration: time.Minute}
	v := newRunView(&s, time.Now())
	var server measure.Observation
	server.Set(measure.TranscriptionQueue, 1_234)
	v.observe(event.Second{
		Snapshot: measure.Snapshot{
			Phase: "warm-up", Accepted: 12_345, Failed: 12, P95: 27 * time.Millisecond, P95Of: 12_345, InFlight: 50,
			Attempts: 12_400, Last: measure.Interval{PerSecond: 102.87},
		},
		Server:  server,
		Storage: &verification.Progress{Progress: delivery.Progress{Stored: 12_000, Acknowledged: 12_300}},
	})
	const want = "warm-up, 102.9/s, 12,345 accepted, 12,000 of 12,300 stored, 12 failed, p95 27.0 ms, 50 in flight, " +
		"1,234 to transcribe, 55 attempts failed, 0 calls to be sent again"
	if got := v.format(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Neither lines nor panels show a 95th percentile of fewer than 20 uploads.
func TestProgressHidesPercentilesOfFewUploads(t *testing.T) {
	for _, n := range []uint64{11, 19, 20} {
		now := event.Second{Snapshot: measure.Snapshot{
			Accepted: n, P95: 40 * time.Millisecond, P95Of: n, RecentP95: 40 * time.Millisecond, RecentP95Of: n,
			Last: measure.Interval{Accepted: n, P95: 40 * time.Millisecond},
		}}
		v := newRunView(&scenario.Scenario{Duration: time.Minute}, time.Now())
		v.observe(now)
		panel := strings.Join(pen{}.lines(v.panel(pen{}, size{80, 24}), size{80, 24}), "\n")
		var said strings.Builder
		search := NewSearch(Screen{W: &said}, time.Minute)
		p95 := 0.04
		search.Observe(capacity.Ended{CapacityStep: report.CapacityStep{
			OK: true, P95S: &p95,
			FewSamples: measure.FewSamples(n, "p95_s"),
		}})
		search.Close()
		for where, text := range map[string]string{"line": v.format(), "panel": panel, "step": said.String()} {
			if got := strings.Contains(text, "40.0 ms"); got != (n >= 20) {
				t.Errorf("%d uploads, %s: %q", n, where, text)
			}
		}
	}
}

// A log has many lines at first and fewer later: those of eight hours can be read.
func TestLinesOfALogBecomeRare(t *testing.T) {
	lines := map[time.Duration]int{}
	n := 0
	for at := LineEvery; at <= 8*time.Hour; at = nextLogLine(at) {
		n++
		lines[at] = n
	}
	for at, want := range map[time.Duration]int{
		10 * time.Second: 2, 30 * time.Second: 6, 5 * time.Minute: 15, time.Hour: 50, 8 * time.Hour: 92,
	} {
		if lines[at] != want {
			t.Errorf("%d lines after %v, want %d", lines[at], at, want)
		}
	}
}

// A backlog that could not be read for a while is shown with its age, and neither it nor the rate of storing as that of
// now.
func TestStaleStorage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scenario.Scenario{Duration: time.Minute, Rate: 50}
		v := newRunView(&s, time.Now())
		rows := func() string {
			return strings.Join(pen{}.lines(v.panel(pen{}, size{80, 24}), size{80, 24}), "\n")
		}
		for n := range 10 {
			e := second(n + 1)
			e.Storage.Every = time.Second
			time.Sleep(time.Second)
			v.observe(e)
		}
		if got := rows(); !strings.Contains(got, "stored 12/s") || !strings.Contains(got, "up to 360 in 10s") {
			t.Errorf("while storage is read:\n%s", got)
		}
		for n := range 8 {
			e := second(11 + n)
			e.Storage.At, e.Storage.Backlog, e.Storage.Every = 10*time.Second, 360, time.Second
			time.Sleep(time.Second)
			v.observe(e)
		}
		got := rows()
		if strings.Contains(got, "stored 12/s") || !strings.Contains(got, "read 8s ago") ||
			!strings.Contains(got, "360       ▂▃▄▄▅▆▆▇███████     read") {
			t.Errorf("while it is not:\n%s", got)
		}
	})
}

// After priming, its panel is gone.
func TestPrimingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, screen := newTestDisplay(Screen{}, 80, 24)
		trial := newTrial(d)
		defer trial.Close()
		trial.Observe(event.PrimingProgress{PrimeProgress: preflight.PrimeProgress{Total: 9}, Max: time.Minute})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := screen.String(); !strings.HasPrefix(got, "priming, ") {
			t.Errorf("shows %q", got)
		}
		trial.Observe(event.Primed{Priming: measure.Priming{Talkgroups: 9, Calls: 9, DurationS: 2}, Learned: 9})
		time.Sleep(redrawEvery)
		synctest.Wait()
		if got := screen.String(); got != "rdiostress: priming: the server took calls of 9 talkgroups in 2 s" {
			t.Errorf("shows %q", got)
		}
	})
}
