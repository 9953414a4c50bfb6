package delivery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// transcribing is a server that stores calls at once and transcribes them at planned times. Its clock is ahead.
type transcribing struct {
	*planned
	ahead  time.Duration
	made   []time.Duration // when each call's transcript is stored, since the start of the run; negative: it failed
	none   bool            // no call is ever queued
	source TranscriptSource
	err    error // of every reading
	reads  int
}

func (s *transcribing) OpenTranscripts(context.Context) (TranscriptSource, error) {
	return s.source, nil
}

func (s *transcribing) ReadTranscripts(_ context.Context, visit func(*Row, Transcript)) error {
	s.reads++
	if s.err != nil {
		return s.err
	}
	now := time.Since(s.start)
	visit(&Row{Name: "rs-otherrun-0000001.mp3"}, Transcript{State: TranscriptMade, Made: s.start})
	for n, at := range s.made {
		t := Transcript{State: TranscriptWaiting, Delay: -1, Engine: "simulate:1"}
		switch {
		case s.none:
			t = Transcript{Delay: -1}
		case at < 0:
			t.State = TranscriptFailed
		case at <= now:
			t.State, t.Made = TranscriptMade, s.start.Add(at+s.ahead)
			t.Delay = at - s.rows[n].at
		case s.source.Silent:
			t = Transcript{Delay: -1}
		}
		visit(&Row{Name: own(n)}, t)
	}
	return nil
}

// transcribed makes a run of calls, acknowledged one per gap and stored at once, and returns when they were
// transcribed, with a series of intervals of a second.
func transcribed(
	t *testing.T, s *transcribing, gap time.Duration, stop time.Duration,
) (m measure.Transcription, series []measure.Point, took time.Duration) {
	t.Helper()
	s.planned = &planned{start: time.Now(), rows: stores(len(s.made), gap,
		func(_ int, answered time.Duration) (time.Duration, bool) { return answered, true })}
	l := NewLedger(plannedPattern, s.start)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := Start(ctx, l, s, patient())
	exact := func(context.Context, *Offset) (Offset, error) {
		return Offset{s.ahead - time.Millisecond, s.ahead + time.Millisecond}, nil
	}
	followed := FollowTranscripts(ctx, w, TranscriptOptions{Timeout: 2 * time.Minute, Clock: exact})
	for n := range s.made {
		time.Sleep(gap)
		at := time.Since(s.start)
		l.Record(uint64(n), &rdio.Call{System: 1, Talkgroup: 1, Time: s.start},
			&measure.Outcome{Due: at, Sent: at, Done: at, Class: measure.Accepted})
	}
	ended := time.Since(s.start)
	if stop > 0 {
		time.AfterFunc(stop-ended, cancel)
	}
	w.Finish(ctx, ended)
	m = followed.Finish(ctx, ended)
	for i := range int(ended.Seconds()) {
		series = append(series, measure.Point{TS: float64(i), WidthS: 1})
	}
	followed.FillSeries(series)
	return m, series, time.Since(s.start)
}

// after plans a transcript of each call some time after its reply.
func after(calls int, gap time.Duration, wait func(n int) time.Duration) (made []time.Duration) {
	for n := range calls {
		made = append(made, time.Duration(n+1)*gap+wait(n))
	}
	return made
}

func near(v *float64, want float64) bool { return v != nil && math.Abs(*v-want) < 0.02+want/100 }

// A transcript's delay counts from the reply, whatever the server's clock says, and the wait ends with the last one.
func TestTranscriptDelays(t *testing.T) {
	const gap = 100 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		s := &transcribing{ahead: 90 * time.Second, source: TranscriptSource{Words: "its list"}}
		s.made = after(100, gap, func(n int) time.Duration { return time.Duration(n) * gap }) // half as fast
		m, series, took := transcribed(t, s, gap, 0)
		if m.Absent != "" || *m.Calls != 100 || *m.Transcribed != 100 || *m.Waiting != 0 || m.Engine != "simulate:1" ||
			m.WaitEnd != measure.TranscriptsDone || m.Method != "sqlite" || m.Source != "its list" {
			t.Fatalf("%+v", m)
		}
		if !near(m.ClockOffsetS, 90) || !near(&m.AckToTranscript.P50S, 4.9) || !near(&m.AckToTranscript.MaxS, 9.9) ||
			!near(&m.StoredToTranscript.P50S, 4.9) || !near(m.DrainS, 9.9) || took > 25*time.Second {
			t.Errorf("after %v: %+v, %+v, drained in %v", took, m.AckToTranscript.Figures, m.StoredToTranscript.Figures,
				*m.DrainS)
		}
		if !near(m.EarlyP50S, 1.1) || !near(m.LateP50S, 8.6) || *m.WaitingEnd != 50 || *m.ThereAtReply != 1 {
			t.Errorf("early %v, late %v, waiting %d, there %d", *m.EarlyP50S, *m.LateP50S, *m.WaitingEnd,
				*m.ThereAtReply)
		}
		last := series[len(series)-1]
		if *last.Untranscribed != 50 || *last.Transcribed != 50 || !near(last.TranscriptDelayS, 4.7) ||
			*series[1].Untranscribed != 10 {
			t.Errorf("%d waiting, %d made, %v", *last.Untranscribed, *last.Transcribed, *last.TranscriptDelayS)
		}
	})
}

// A server that answers once the transcript is there has them all at the reply.
func TestTranscriptsAtTheReply(t *testing.T) {
	const gap = 100 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		s := &transcribing{source: TranscriptSource{Words: "its list"}}
		s.made = after(50, gap, func(int) time.Duration { return -40 * time.Millisecond })
		m, _, _ := transcribed(t, s, gap, 0)
		if *m.ThereAtReply != 50 || !near(m.BeforeReplyP50S, 0.04) || m.AckToTranscript.MaxS != 0 {
			t.Errorf("%+v", m)
		}
	})
}

// How the wait for transcripts ends.
func TestTranscriptsWait(t *testing.T) {
	const gap = 100 * time.Millisecond
	never := func(int) time.Duration { return time.Hour }
	slowly := func(n int) time.Duration { return time.Duration(n) * 10 * time.Second }
	tests := []struct {
		name    string
		server  transcribing
		stop    time.Duration
		want    string
		longest time.Duration
	}{
		{
			"one by one for too long",
			transcribing{made: after(100, gap, slowly)},
			0,
			"13 made, 0 failed, 87 waiting, 0 unseen: time_up", 3 * time.Minute,
		},
		{
			"none after the first few",
			transcribing{made: append(after(20, gap, func(int) time.Duration { return 0 }),
				after(80, gap, never)...)},
			0,
			"20 made, 0 failed, 80 waiting, 0 unseen: still", time.Minute,
		},
		{
			"stopped by the user",
			transcribing{made: after(100, gap, slowly)},
			40 * time.Second,
			"4 made, 0 failed, 96 waiting, 0 unseen: stopped", time.Minute,
		},
		{
			"given up by the server",
			transcribing{made: []time.Duration{-1, -1, time.Second, -1}},
			0,
			"1 made, 3 failed, 0 waiting, 0 unseen: done", 20 * time.Second,
		},
		{
			"silent, and never again", transcribing{
				made:   append(after(20, gap, func(int) time.Duration { return 0 }), after(5, gap, never)...),
				source: TranscriptSource{Silent: true},
			}, 0, "20 made, 0 failed, 0 waiting, 5 unseen: still", time.Minute,
		},
		{
			"a server without transcription",
			transcribing{made: after(50, gap, never), none: true},
			0,
			"no call of the run has a transcript in its list, or waits for one", 20 * time.Second,
		},
		{
			"a server that has it switched off", transcribing{
				made: after(50, gap, never), source: TranscriptSource{Doubtful: "it is switched off"},
			}, 0, "it is switched off", 20 * time.Second,
		},
		{
			"a list that cannot be read",
			transcribing{made: after(50, gap, never), err: errors.New("500")},
			0,
			"reading its list failed: 500", time.Minute,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := tt.server
				s.source.Words = "its list"
				m, _, took := transcribed(t, &s, gap, tt.stop)
				got := m.Absent
				if got == "" {
					got = fmt.Sprintf("%d made, %d failed, %d waiting, %d unseen: %s", *m.Transcribed, *m.Failed,
						*m.Waiting, *m.Unseen, m.WaitEnd)
					if m.DrainS != nil != (m.WaitEnd == measure.TranscriptsDone) {
						t.Errorf("drained in %v", m.DrainS)
					}
				}
				if got != tt.want || took > tt.longest || s.reads > int(took.Seconds())+1 {
					t.Errorf("after %v and %d readings\ngot  %s\nwant %s", took, s.reads, got, tt.want)
				}
			})
		})
	}
}

// Without the server's clock, only what the server itself says is known, and the report says why.
func TestTranscriptsWithoutAClock(t *testing.T) {
	for _, tt := range []struct {
		clock func(context.Context) (Offset, error)
		want  string
	}{
		{
			func(context.Context) (Offset, error) { return Offset{}, errors.New("no date") },
			"compared with this machine's: no date",
		},
		{func(context.Context) (Offset, error) { return Offset{0, 4 * time.Second}, nil }, "known to within 2"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &transcribing{source: TranscriptSource{Words: "its list", Clock: tt.clock}}
			s.made = after(20, time.Second/10, func(int) time.Duration { return time.Second })
			m, series, _ := transcribed(t, s, time.Second/10, 0)
			if m.AckToTranscript != nil || !strings.Contains(m.ClockUnknown, tt.want) || m.DrainS != nil ||
				!near(&m.StoredToTranscript.P50S, 1) || series[0].Transcribed != nil || m.WaitingEnd != nil {
				t.Errorf("%+v", m)
			}
		})
	}
}

// Bounds of an offset are narrowed by later ones, unless a clock was set.
func TestOffset(t *testing.T) {
	o := Offset{-time.Second, time.Second}.Narrow(Offset{0, 2 * time.Second})
	if o != (Offset{0, time.Second}) || o.Middle() != time.Second/2 || o.Error() != time.Second/2 {
		t.Errorf("%+v", o)
	}
	if o = o.Narrow(Offset{time.Hour, time.Hour + 1}); o.Low != time.Hour {
		t.Errorf("%+v", o)
	}
}

// What is known of a transcript survives the table.
func TestTranscriptTable(t *testing.T) {
	var table transcriptTable
	for n, e := range map[uint64]transcriptEntry{
		0: {TranscriptMade, -90 * time.Second, true}, 9000: {TranscriptWaiting, 0, false},
		8192: {TranscriptSkipped, 0, false}, 1: {TranscriptMade, 30 * 365 * 24 * time.Hour, true},
	} {
		table.put(n, e)
		if got := table.get(n); got != e {
			t.Errorf("%d: %+v instead of %+v", n, got, e)
		}
	}
	if table.get(2) != (transcriptEntry{}) || table.get(1<<40) != (transcriptEntry{}) {
		t.Error("something is known of calls that nothing was said of")
	}
}
