package delivery

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// stuck is a Prober that runs until its context ends.
type stuck struct {
	counter
	polls bool // Poll returns; otherwise neither Poll nor ReadAll does
}

func (e stuck) Poll(ctx context.Context, v *Visitor) error {
	if e.polls {
		v.Count(0)
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (stuck) ReadAll(ctx context.Context, v *Visitor) error {
	v.Progress(7, 700)
	<-ctx.Done()
	return ctx.Err()
}

// watchOne watches a run of one call, which was acknowledged.
func watchOne(t *testing.T, p Prober, o Options) *Watch {
	l := NewLedger("rs-abcdefgh-", time.Now())
	l.Record(0, &rdio.Call{System: 1, Talkgroup: 1, Time: time.Now()}, &measure.Outcome{Class: measure.Accepted})
	return Start(t.Context(), l, p, o)
}

// Max ends both polls and the last reading, even if these would never return, and the delivery says so.
func TestTheLongestWaitEndsReading(t *testing.T) {
	for _, polls := range []bool{true, false} {
		t.Run(fmt.Sprintf("polls: %v", polls), func(t *testing.T) {
			o := Options{Every: 10 * time.Millisecond, Timeout: time.Hour, Max: 300 * time.Millisecond}
			w := watchOne(t, stuck{polls: polls}, o)
			began := time.Now()
			d := w.Finish(t.Context(), 0)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			if !d.Failed || !strings.Contains(d.Absent, "the time was up before everything was read: 7 of 700 calls") {
				t.Errorf("told %+v", d)
			}
		})
	}
}

// Progress says how long reading a list of known length takes.
func TestReadingIsTold(t *testing.T) {
	w := watchOne(t, counter{}, Options{Every: time.Hour, Timeout: time.Millisecond, Max: time.Millisecond})
	defer w.Finish(t.Context(), 0)
	w.setStage(Accounting)
	w.noteReading(reading{began: time.Second, at: 3 * time.Second, read: 100, total: 400})
	if p := w.Progress(); p.Read != 100 || p.ToRead != 400 || p.Left != 6*time.Second {
		t.Errorf("told %d of %d, %v left", p.Read, p.ToRead, p.Left)
	}
	w.noteReading(reading{began: time.Second})
	if p := w.Progress(); p.ToRead != 0 || p.Left != 0 {
		t.Errorf("told %d, %v left of what is not known", p.ToRead, p.Left)
	}
}

// renewed is a Prober whose server starts again a few times while it is read.
type renewed struct {
	counter
	times, read int
}

func (r *renewed) ReadAll(_ context.Context, v *Visitor) error {
	r.read++
	v.Row(&Row{ID: 1, Name: "rs-abcdefgh-0000000.mp3", System: 1, Talkgroup: 1, Size: -1})
	if r.read <= r.times {
		return fmt.Errorf("reading: %w", ErrBegunAnew)
	}
	return nil
}

// If the server starts again while its calls are read, they are read again, and no call counts twice.
func TestReadsAnew(t *testing.T) {
	for times, want := range []string{"1 stored, 0 twice", "1 stored, 0 twice", "1 stored, 0 twice", "unread"} {
		p := &renewed{times: times}
		o := Options{Every: time.Hour, Timeout: time.Millisecond, Max: time.Second}
		d := watchOne(t, p, o).Finish(t.Context(), 0)
		got := "unread"
		if !d.Failed && d.Unread == "" {
			got = fmt.Sprintf("%d stored, %d twice", *d.Stored+*d.Corrupted, *d.Duplicated)
		}
		if got != want || p.read != min(times+1, mostReadings) {
			t.Errorf("anew %d times: %s after %d readings, want %s", times, got, p.read, want)
		}
	}
}
