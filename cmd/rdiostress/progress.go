package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"rdiostress/internal/measure"
)

// plainEvery is how often a line of progress is printed where no terminal can show a bar.
const plainEvery = 5 * time.Second

// showProgress shows how the run stands until the returned function is called: a bar on a terminal, else a line every few
// seconds.
func showProgress(o *runOptions, rec *measure.Recorder) (done func()) {
	switch {
	case o.quiet:
		return func() {}
	case o.ios.ErrTerminal:
		return showBar(o.ios.Err, o.scenario.Duration, rec)
	default:
		return showLines(o.ios.Err, o.scenario.Duration, rec)
	}
}

// showBar draws a bar that is redrawn from the recorder's snapshot.
func showBar(w io.Writer, length time.Duration, rec *measure.Recorder) (done func()) {
	p := mpb.New(mpb.WithOutput(w), mpb.WithWidth(24), mpb.WithRefreshRate(200*time.Millisecond))
	start := time.Now()
	bar := p.AddBar(int64(length),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			return fmt.Sprintf("%v of %v ", min(time.Since(start), length).Truncate(time.Second), length)
		})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + progressWords(rec.Snapshot()) })),
	)
	return follow(200*time.Millisecond, func(last bool) {
		bar.SetCurrent(int64(min(time.Since(start), length-1)))
		if last {
			bar.Abort(true)
			p.Wait()
		}
	})
}

func showLines(w io.Writer, length time.Duration, rec *measure.Recorder) (done func()) {
	return follow(plainEvery, func(last bool) {
		if s := rec.Snapshot(); !last {
			fmt.Fprintf(w, "%v of %v: %s\n", s.Elapsed.Round(time.Second), length, progressWords(s))
		}
	})
}

// progressWords is the run so far in one line.
func progressWords(s measure.Snapshot) string {
	p95 := "–"
	if s.Accepted > 0 {
		p95 = roundTime(s.P95).String()
	}
	return fmt.Sprintf("%.0f/s, %d accepted, %d failed, p95 %s, %d in flight", s.PerSecond, s.Accepted, s.Failed, p95, s.InFlight)
}

// roundTime keeps three significant digits.
func roundTime(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// follow calls show at every interval, and a last time when the returned function is called, which waits for it.
func follow(every time.Duration, show func(last bool)) (done func()) {
	over := make(chan struct{})
	var shower sync.WaitGroup
	shower.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				show(false)
			case <-over:
				show(true)
				return
			}
		}
	})
	return func() {
		close(over)
		shower.Wait()
	}
}
