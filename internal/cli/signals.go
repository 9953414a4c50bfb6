package cli

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// hasty is how soon after the first signal a second one counts as the same wish: a terminal, or GNU timeout, sends one
// signal to the process and to its group.
const hasty = time.Second

// beforeRun returns a context that a signal cancels while a command still gets ready, as it opens what it was given.
// The caller calls stop before untilSignal takes over.
func beforeRun() (ctx context.Context, stop func()) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// onSignal is what is done on signals; each may be nil.
type onSignal struct {
	first func()
	again func() // before the process ends at once
}

// untilSignal returns a context that the first of the signals stops cancels, by default SIGINT, SIGTERM or SIGHUP;
// another one, but not SIGHUP, ends the process at once. The caller calls stop when the command is over: from then on
// its exit code stands, whatever signals still come before the process has ended.
func untilSignal(
	parent context.Context, ios *streams, on onSignal, stops ...os.Signal,
) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	if len(stops) == 0 {
		stops = []os.Signal{os.Interrupt, syscall.SIGTERM}
		if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
			stops = append(stops, syscall.SIGHUP)
		}
	}
	signal.Notify(signals, stops...)
	over := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-signals:
		case <-over:
			return
		}
		cancel()
		ios.hurry()
		if on.first != nil {
			on.first()
		}
		first := time.Now()
		for {
			select {
			case again := <-signals:
				// A terminal that is closed sends several, and nobody sits there who could be in a hurry.
				if time.Since(first) >= hasty && again != syscall.SIGHUP {
					if on.again != nil {
						on.again()
					}
					ios.say("left at once, without a report")
					ios.flush()
					os.Exit(exitInterrupted)
				}
			case <-over:
				return
			}
		}
	})
	return ctx, func() {
		if ios.Own {
			signal.Ignore(stops...)
		} else {
			signal.Stop(signals)
		}
		close(over)
		watcher.Wait()
		cancel()
	}
}
