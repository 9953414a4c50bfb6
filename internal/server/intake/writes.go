package intake

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/server/call"
)

const (
	// probeFresh is the maximum age of a write that proves to a client that calls can be stored.
	probeFresh = 5 * time.Second
	// probeIdle is the same while no client asks.
	probeIdle = 30 * time.Second
	// probeAgain is the time until a failed store is probed again.
	probeAgain = 500 * time.Millisecond
	// probeTimeout is the maximum time of a probe.
	probeTimeout = 5 * time.Second
)

// Parts that may fail independently.
const (
	failsToStore = 1 << iota // storing calls
	failsToSpool             // spooling long audio
)

// Writes knows whether calls can be stored: from the result of the last call, or from a probe write. It is safe for
// concurrent use. Create one with NewWrites.
type Writes struct {
	store call.Store
	log   *slog.Logger
	// Fresh is the maximum age of a write that proves that calls can be stored.
	Fresh time.Duration

	failing atomic.Int32 // the parts that fail

	probing sync.Mutex // guards failed and err
	failed  time.Time  // time of the last failed probe
	err     error      // error of that probe
	logged  atomic.Bool
}

// NewWrites returns a Writes for a store.
func NewWrites(store call.Store, log *slog.Logger) *Writes {
	return &Writes{store: store, log: log, Fresh: probeFresh}
}

// record records the result of a call. A full queue or a client that left is not a failure.
func (w *Writes) record(err error, isLong bool) {
	what := int32(failsToStore)
	if isLong {
		what |= failsToSpool
	}
	switch {
	case err == nil:
		if w.failing.Load()&what != 0 { // rare, so that uploads do not write to a shared cache line
			w.failing.And(^what)
		}
	case errors.As(err, new(*SpoolError)):
		w.failing.Or(failsToSpool)
	case isStoreFault(err):
		w.failing.Or(what)
	}
}

// isStoreFault reports whether an error of a store would also affect the next call, however short its audio.
func isStoreFault(err error) bool {
	for _, other := range []error{
		call.ErrFull, call.ErrClosed, call.ErrBadCall, call.ErrDuplicate, call.ErrAudioAway, context.Canceled,
		context.DeadlineExceeded,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}

// Failing reports whether the last calls could not be stored.
func (w *Writes) Failing() bool { return w.failing.Load() != 0 }

// Check returns nil if calls can be stored, and otherwise the reason.
func (w *Writes) Check() error { return w.check(w.Fresh) }

// check reports whether calls can be stored, from a write that is no older than fresh. It makes a write if there was
// none, or if one has failed since.
func (w *Writes) check(fresh time.Duration) error {
	w.probing.Lock() // so that concurrent callers share a probe
	defer w.probing.Unlock()
	switch failing := w.failing.Load(); {
	case failing == 0 && time.Since(w.store.Stats().Written) < fresh:
		return nil
	case failing&failsToStore != 0 && time.Since(w.failed) < probeAgain: // and no call was stored since
		return w.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	err := w.store.Probe(ctx)
	if errors.Is(err, call.ErrClosed) {
		return err
	}
	if err == nil {
		w.failing.Store(0)
	} else {
		w.failing.Or(failsToStore | failsToSpool)
		w.failed, w.err = time.Now(), err
	}
	w.logChange(err)
	return err
}

// logChange logs when the store starts to fail and when it works again. A store whose files are gone has already logged
// that.
func (w *Writes) logChange(err error) {
	if isFailing := err != nil; w.logged.Swap(isFailing) == isFailing || w.store.Gone() != nil {
		return
	}
	if err != nil {
		w.log.Error("calls cannot be stored; the server is not ready until a write succeeds", "error", err)
	} else {
		w.log.Info("calls can be stored again")
	}
}

// Run checks periodically until ctx ends, and often while the store fails, so that the state is known even while no
// calls arrive.
func (w *Writes) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = w.check(probeIdle) // it records the error
		}
	}
}
