package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// untilSignal returns a context that the first SIGINT or SIGTERM cancels; the second ends the process at once. The caller calls
// stop when the command is over.
func untilSignal(parent context.Context, ios *streams) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	over := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-signals:
			fmt.Fprintln(ios.Err, "rdiostress: stopping; waiting for the uploads under way (interrupt again to leave at once)")
			cancel()
		case <-over:
			return
		}
		select {
		case <-signals:
			os.Exit(exitInterrupted)
		case <-over:
		}
	})
	return ctx, func() {
		signal.Stop(signals)
		close(over)
		watcher.Wait()
		cancel()
	}
}
