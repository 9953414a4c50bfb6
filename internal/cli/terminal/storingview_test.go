package terminal

import (
	"errors"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/delivery"
)

func TestStoringLine(t *testing.T) {
	p := delivery.Progress{
		Acknowledged: 8315, Stored: 735, Backlog: 7580, Stage: delivery.Waiting,
		GivesUp: 9*time.Minute + 20*time.Second,
	}
	change := func(f func(*delivery.Progress)) delivery.Progress {
		p := p
		f(&p)
		return p
	}
	for want, p := range map[string]delivery.Progress{
		"waiting for storage: 735 of 8,315 stored, 12/s, 10m32s left, gives up in " +
			"9m20s": change(func(p *delivery.Progress) {
			p.PerS, p.Left = 12, 632*time.Second
		}),
		"waiting for storage: 735 of 8,315 stored, 2.5/s, 50m32s left, gives up in " +
			"9m20s": change(func(p *delivery.Progress) {
			p.PerS, p.Left = 2.5, 3032*time.Second
		}),
		"waiting for storage: 735 of 8,315 stored, nothing new for 24s, gives up in " +
			"36s": change(func(p *delivery.Progress) {
			p.PerS, p.Idle, p.GivesUp = 3, 24*time.Second, 36*time.Second
		}),
		"waiting for storage: 735 of 8,315 stored, none lately, but the server is at work, gives up in " +
			"9m20s": change(func(p *delivery.Progress) {
			p.Idle, p.Busy = 24*time.Second, true
		}),
		"waiting for storage: 735 of 8,315 stored, the server is storing other calls, gives up in " +
			"9m20s": change(func(p *delivery.Progress) {
			p.PerS, p.Others = 3, true
		}),
		"waiting for storage: 735 of 8,315 stored when last seen; it cannot be read for now (database is locked), " +
			"gives up in 9m20s": change(
			func(p *delivery.Progress) { p.Err = errors.New("database is locked") }),
		"waiting for storage: 735 of 8,315 stored, 12/s, 10m32s left, until they " +
			"are": change(func(p *delivery.Progress) {
			p.PerS, p.Left, p.GivesUp = 12, 632*time.Second, 1<<62
		}),
		"waiting for storage: 735 of 8,315 stored when last seen; it cannot be read for now (GET /api/calls: 503 " +
			"]0;x gone), " +
			"gives up in 9m20s": change(func(p *delivery.Progress) {
			p.Err = errors.New("GET /api/calls: 503 " +
				"\x1b]0;x\a\r\n gone")
		}),
		"waiting for storage: some of 8,315 calls not found yet, gives up in 9m20s": change(func(p *delivery.Progress) {
			p.Stored, p.Backlog, p.PerS, p.Others = 8315, 0, 3, true
		}),
		"waiting for storage: some of 8,315 calls not found yet, nothing new for 24s, gives up in " +
			"36s": change(func(p *delivery.Progress) {
			p.Stored, p.Backlog, p.Idle, p.GivesUp = 8315, 0, 24*time.Second, 36*time.Second
		}),
		"looking how many of the 8315 calls that were accepted are stored": change(func(p *delivery.Progress) {
			p.Stage, p.Backlog, p.GivesUp = delivery.Sending, 0, 0
		}),
		"comparing what is stored with the 8315 calls that were accepted: 4000 of 9000 read, 1m30s " +
			"left": change(func(p *delivery.Progress) {
			p.Stage, p.Backlog, p.Read, p.ToRead, p.Left = delivery.Accounting, 0, 4000, 9000, 90*time.Second
		}),
		"comparing what is stored with the 8315 calls that were accepted": change(func(p *delivery.Progress) {
			p.Stage, p.Backlog = delivery.Accounting, 0
		}),
	} {
		if got := storingLine(&p); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// In a log, a wait has a line at each doubling, then one a minute.
func TestPlainLinesOfAWait(t *testing.T) {
	var got []time.Duration
	for at := time.Duration(0); len(got) < 8; {
		at = nextPlainLine(at)
		got = append(got, at/time.Second)
	}
	if want := []time.Duration{5, 10, 20, 40, 80, 140, 200, 260}; !slices.Equal(got, want) {
		t.Errorf("lines after %v s, want %v", got, want)
	}
}
