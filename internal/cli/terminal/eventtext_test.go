package terminal

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/field"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/preflight"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// flagged names a field as the command line does.
func flagged(f field.Name) string { return "--" + strings.ReplaceAll(string(f), "_", "-") }

func pointer[T any](v T) *T { return &v }

// What a trial tells is said in a line of a log, with the names of flags.
func TestLinesOfEvents(t *testing.T) {
	warned := event.TalkgroupsUnknown{Unknown: 2, Of: 10}
	unknown := func(change func(e *event.TalkgroupsUnknown)) event.Event {
		e := warned
		change(&e)
		return e
	}
	primed := func(p measure.Priming, learned int) event.Event { return event.Primed{Priming: p, Learned: learned} }
	for _, tt := range []struct {
		e    event.Event
		want string
	}{
		{event.Warning{Text: field.Messagef("see {url}: %s", "{url}")}, "warning: see --url: {url}"},
		{event.StorageUnreadable{Why: "no {verify}"}, "warning: storage is not verified: no {verify}; --verify can"},
		{
			event.WindowIgnored{Server: 10 * time.Second, Scenario: time.Second},
			"calls of a talkgroup that begin within 10s for duplicates; --duplicate-window is 1s",
		},
		{event.FewUniqueCalls{Talkgroups: 3, Length: time.Minute, PerSecond: 6}, "name more with --talkgroups"},
		{warned, "may not know 2 of the 10 talkgroups of this run yet: their first calls have it learn them"},
		{
			unknown(func(e *event.TalkgroupsUnknown) { e.Certain, e.Refused, e.Then = true, "417", event.LeaveOut }),
			"does not know 2 of the 10 talkgroups of this run yet (it answered 417): the run does without them",
		},
		{
			unknown(func(e *event.TalkgroupsUnknown) { e.TimeUp, e.Then = time.Minute, event.UseAll }),
			", after 1m (--prime-max), and without them there are too few for this run: it uses all",
		},
		{
			unknown(func(e *event.TalkgroupsUnknown) { e.Stored, e.Accepted = pointer(uint64(1)), pointer(uint64(3)) }),
			"(of 3 calls that it accepted, it has stored 1)",
		},
		{
			event.StorageFound{Found: verification.Found{Where: "a", How: "b", Source: "c"}},
			"verifying storage in a (c), found b",
		},
		{event.WindowLearned{Window: 3 * time.Second}, "calls of a talkgroup begin more than 3s apart"},
		{
			event.PrimingBegan{Talkgroups: 4, Auto: true, KnownBefore: pointer(uint64(2)), Unseen: "nothing is seen"},
			"one call of each of 4 talkgroups comes before the run, as this server may have to learn of them " +
				"(--prime=off leaves that out); it knows the other 2; nothing is seen",
		},
		{primed(measure.Priming{Talkgroups: 9, KnownBefore: pointer(uint64(9))}, 0), "knows all 9 talkgroups"},
		{primed(measure.Priming{Talkgroups: 9, KnownBefore: pointer(uint64(8))}, 0), "knows 8 of 9 talkgroups"},
		{primed(measure.Priming{Talkgroups: 9, Calls: 9, DurationS: 2}, 9), "took calls of 9 talkgroups in 2"},
		{
			primed(measure.Priming{Talkgroups: 9, Calls: 9, DurationS: 2, Stored: pointer(uint64(9))}, 9),
			"the server learned 9 talkgroups in 2",
		},
		{event.MemoryAlert{At: time.Minute}, "high alert over: memory growth"},
		{
			event.MemoryAlert{Alert: &measure.Alert{Severity: judge.High, KPI: judge.AlertMemoryGrowth}},
			"high alert: memory growth",
		},
		{
			event.AlertChanged{AlertChange: judge.AlertChange{Alert: measure.Alert{Severity: "high"}, Opened: true}},
			"high alert",
		},
		{event.HourEnded{TrendSpan: judge.TrendSpan{AcceptedPerS: 3}}, "3"},
		{event.AwaitingStart{Wait: 5 * time.Second, Window: 9 * time.Second}, "duplicates to this server"},
		{event.Planned{Dates: "dates", Retries: "retries"}, "dates\nrdiostress: retries"},
		{event.AwaitingMischief{}, "waiting for the last misbehaving uploads"},
	} {
		var out bytes.Buffer
		shown := NewTrial(Screen{W: &out, Names: flagged})
		shown.Observe(tt.e)
		shown.Close()
		if !strings.Contains(out.String(), tt.want) || !strings.HasSuffix(out.String(), "\n") {
			t.Errorf("%T says %q, want %q", tt.e, out.String(), tt.want)
		}
	}
}

// What is done before the run is said once it takes a while, and only warnings where nothing else is wanted.
func TestStageInALog(t *testing.T) {
	for activity := event.StartingServer; activity <= event.AwaitingIdle; activity++ {
		synctest.Test(t, func(t *testing.T) {
			var out, quiet bytes.Buffer
			for _, screen := range []Screen{{W: &out}, {W: &quiet, Quiet: true}} {
				shown := NewTrial(screen)
				shown.Observe(event.Preparing{Activity: activity})
				time.Sleep(6 * time.Second)
				shown.Observe(event.PrimingProgress{
					PrimeProgress: preflight.PrimeProgress{Total: 10, Sent: 4, Learned: 3, Left: 9 * time.Second},
					Seen:          true, Took: time.Second, Max: time.Minute,
				})
				time.Sleep(6 * time.Second)
				shown.Close()
			}
			said := out.String()
			if !strings.Contains(said, "priming: 3 of 10 talkgroups learned, ") || !strings.Contains(said, " left\n") ||
				!strings.HasPrefix(said, "rdiostress: "+activityText(activity)+", for 5 s\n") {
				t.Errorf("says %q", said)
			}
			if quiet.Len() > 0 {
				t.Errorf("says %q", quiet.String())
			}
		})
	}
}

// The wait for transcripts is said once it takes a while, and what a signal does then.
func TestTranscriptsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		shown := NewTrial(Screen{W: &out, Names: flagged})
		for n := range uint64(14) {
			shown.Observe(event.AwaitingTranscripts{TranscriptProgress: delivery.TranscriptProgress{
				Calls: 1200, Made: 400 + n, Waiting: 800 - n, GivesUp: time.Minute,
			}})
			time.Sleep(500 * time.Millisecond)
		}
		shown.Stopping()
		shown.Close()
		said := out.String()
		if !strings.Contains(said, " of 1,200 calls made, gives up in 1m\n") ||
			!strings.Contains(said, "no longer waiting for transcripts; reading what there is by now") {
			t.Errorf("says %q", said)
		}
	})
}

// The server's row says how many calls wait for their transcript, if any do.
func TestServerRowHasTranscriptionQueue(t *testing.T) {
	l := newLive()
	for depth, want := range map[float64]bool{0: false, 37: true} {
		l.server.Set(measure.CPU, 0.5)
		l.server.Set(measure.TranscriptionQueue, depth)
		var text string
		for _, s := range l.serverRow(60) {
			text += s.text
		}
		if strings.Contains(text, "37 to transcribe") != want {
			t.Errorf("with %v it says %q", depth, text)
		}
	}
}
