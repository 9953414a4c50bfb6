package groupcommit

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"rdiostress/internal/server/call"
)

// Defaults of the breaker; the first is the guide's.
const (
	DefaultBreakerFailures = 10
	DefaultBreakerDelay    = 5 * time.Second
)

// BreakerOptions says after how many failures a store stops trying, and for how long.
type BreakerOptions struct {
	Failures int           // consecutive failed transactions that open the breaker; 0 means the default
	Delay    time.Duration // time until one transaction is tried; 0 means the default
}

// breaker is a circuit breaker that knows when it will half-open.
type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]
	until  atomic.Int64 // when it half-opens, as Unix nanoseconds; valid while it is open
	opened atomic.Int64 // how often it has opened
}

func newBreaker(o BreakerOptions, log *slog.Logger) *breaker {
	o.Failures, o.Delay = cmp.Or(o.Failures, DefaultBreakerFailures), cmp.Or(o.Delay, DefaultBreakerDelay)
	b := &breaker{}
	b.TwoStepCircuitBreaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     o.Delay,
		ReadyToTrip: func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= o.Failures },
		// the database answers
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, call.ErrNoSpace) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			level := slog.LevelDebug // for repeated attempts while it is open, possibly for hours
			if to == gobreaker.StateOpen {
				b.until.Store(time.Now().Add(o.Delay).UnixNano())
				b.opened.Add(1)
			}
			switch {
			case from == gobreaker.StateClosed:
				level = slog.LevelError
			case to == gobreaker.StateClosed:
				level = slog.LevelInfo
			}
			log.Log(context.Background(), level, "circuit breaker of the store", "was", from.String(), "is",
				to.String())
		},
	})
	return b
}

// allow returns an error if no transaction may be tried now. Otherwise the caller must call done with the transaction's
// error.
func (b *breaker) allow() (done func(error), err error) {
	done, err = b.Allow()
	if err != nil {
		return nil, b.unavailable(err)
	}
	return done, nil
}

func (b *breaker) unavailable(err error) error {
	left := time.Until(time.Unix(0, b.until.Load()))
	return &call.UnavailableError{RetryAfter: max(left, time.Second), Err: err, Logged: true}
}

// checkBreaker returns an UnavailableError while the breaker is open, so that no call waits for a database that is
// known to be down.
func (q *Queue) checkBreaker() error {
	if q.breaker.State() == gobreaker.StateOpen {
		return q.breaker.unavailable(gobreaker.ErrOpenState)
	}
	return nil
}

// CheckRead does the same for readers: a database that refuses only writes can be read.
func (q *Queue) CheckRead() error {
	if q.readable.Load() {
		return nil
	}
	return q.checkBreaker()
}

// isProbing reports whether another call is testing whether the database is back. Other calls need not wait for that
// test, which may take as long as a connection attempt.
func (q *Queue) isProbing() bool {
	return q.breaker.State() == gobreaker.StateHalfOpen && q.waiting.Load() > 0
}

func (b *breaker) stats() call.BreakerStats {
	s := call.BreakerStats{
		State: call.BreakerClosed, Failures: int(b.Counts().ConsecutiveFailures),
		Opened: b.opened.Load(),
	}
	switch b.State() {
	case gobreaker.StateOpen:
		s.State = call.BreakerOpen
	case gobreaker.StateHalfOpen:
		s.State = call.BreakerHalfOpen
	}
	return s
}
