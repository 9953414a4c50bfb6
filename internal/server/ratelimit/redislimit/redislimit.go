// Package redislimit is a rate limiter that counts in Redis, for several servers together.
//
// A take is one atomic script, which reads the clock of Redis once: the clocks of the servers do not matter, and
// however many servers take at once, a bucket gives out exactly what it holds. A take is never repeated: if its reply
// is lost, it may have been counted.
//
// No upload waits long for Redis. After a few failures in a row a circuit breaker opens, and takes fail at once. Only a
// probe in the background still talks to Redis; when it succeeds, the breaker closes.
package redislimit

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/sony/gobreaker/v2"

	"rdiostress/internal/server/ratelimit"
)

const (
	// Connections is the maximum of connections to Redis. A take holds one for less than a millisecond.
	Connections = 32
	// Prefix begins the names of all keys in Redis.
	Prefix = "rdiostress:limit:"

	defaultTimeout = 500 * time.Millisecond
	probeEvery     = 500 * time.Millisecond
	maxFailures    = 3 // in a row, until the breaker opens
)

//go:embed take.lua
var takeScript string

// ErrURL means that the URL of Redis cannot be used. Its text never contains the password.
var ErrURL = errors.New("write redis://host:6379, rediss://host:6379 for TLS, or unix:///path/to/socket")

// Options are the options of a Limiter. A zero value means the default, unless stated otherwise.
type Options struct {
	URL      string        // required: redis://user:password@host:port/database, rediss:// or unix://
	Password string        // wins over the one in the URL
	Timeout  time.Duration // of a take, with the wait for a connection
	Logger   *slog.Logger
}

// Limiter counts uploads in Redis. It implements ratelimit.Limiter. Create one with New.
type Limiter struct {
	client  *redis.Client
	script  *redis.Script
	timeout time.Duration
	breaker *gobreaker.CircuitBreaker[time.Duration]
	last    atomic.Pointer[error] // the last failure

	stop    context.CancelFunc
	probing sync.WaitGroup
}

var _ ratelimit.Limiter = (*Limiter)(nil)

// New returns a Limiter. It need not reach Redis: that is tried in the background until Close.
func New(o Options) (*Limiter, error) {
	options, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	options.Password = cmp.Or(o.Password, options.Password)
	timeout := cmp.Or(o.Timeout, defaultTimeout)
	options.MaxRetries = -1 // a take whose reply was lost may have been counted
	options.DialTimeout, options.PoolTimeout, options.DialerRetries = timeout, timeout, 1
	options.ReadTimeout, options.WriteTimeout, options.ContextTimeoutEnabled = timeout, timeout, true
	options.PoolSize, options.Protocol, options.DisableIdentity = Connections, 2, true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	redis.SetLogger(&logging.VoidLogger{}) // it logs to standard error what is also returned
	ctx, cancel := context.WithCancel(context.Background())
	l := &Limiter{
		client: redis.NewClient(options), script: redis.NewScript(takeScript), timeout: timeout, stop: cancel,
	}
	l.breaker = l.newBreaker(cmp.Or(o.Logger, slog.New(slog.DiscardHandler)))
	l.probing.Go(func() { l.probe(ctx) })
	return l, nil
}

// ParseURL returns an error if the URL cannot be used.
func ParseURL(text string) error {
	_, err := parseURL(text)
	return err
}

// parseURL parses the URL of Redis. The library's errors may show the password, so they are not wrapped.
func parseURL(text string) (*redis.Options, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, ErrURL
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("it has parameters, which are not supported: %w", ErrURL)
	}
	options, err := redis.ParseURL(text)
	if err != nil {
		return nil, ErrURL
	}
	return options, nil
}

func (l *Limiter) newBreaker(log *slog.Logger) *gobreaker.CircuitBreaker[time.Duration] {
	return gobreaker.NewCircuitBreaker[time.Duration](gobreaker.Settings{
		Timeout:     probeEvery / 2, // so that every probe is tried
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= maxFailures },
		IsExcluded:  func(err error) bool { return errors.Is(err, context.Canceled) }, // by Close
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case from == gobreaker.StateClosed:
				log.Error("Redis is away: rate limits cannot be looked up", "error", *l.last.Load())
			case to == gobreaker.StateClosed:
				log.Info("Redis is back: rate limits are looked up again")
			}
		},
	})
}

// probe takes from a bucket of its own until ctx ends, so that it is known whether Redis can be written, also when no
// upload comes, and no upload has to find out.
func (l *Limiter) probe(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		_, _ = l.try(ctx, "probe", ratelimit.Rate{Limit: 1_000_000_000, Per: time.Second}) // the breaker knows
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Take implements ratelimit.Limiter. It fails at once while Redis is known to be away.
func (l *Limiter) Take(ctx context.Context, bucket string, rate ratelimit.Rate) (ratelimit.Quota, error) {
	if err := l.Err(); err != nil {
		return ratelimit.Quota{}, err
	}
	// A client that leaves is no failure of Redis.
	full, err := l.try(context.WithoutCancel(ctx), bucket, rate)
	if err != nil {
		return ratelimit.Quota{}, fmt.Errorf("cannot use Redis: %w", err)
	}
	return rate.Quota(full), nil
}

// try runs the script if the breaker lets it.
func (l *Limiter) try(ctx context.Context, bucket string, rate ratelimit.Rate) (time.Duration, error) {
	return l.breaker.Execute(func() (time.Duration, error) {
		limited, cancel := context.WithTimeout(ctx, l.timeout)
		defer cancel()
		full, err := l.script.Run(limited, l.client, []string{Prefix + bucket},
			rate.Interval().Nanoseconds(), rate.Per.Nanoseconds()).Int64()
		if err != nil {
			l.last.Store(&err)
		}
		return time.Duration(full), err
	})
}

// Err implements ratelimit.Limiter.
func (l *Limiter) Err() error {
	if l.breaker.State() == gobreaker.StateClosed {
		return nil
	}
	return fmt.Errorf("cannot use Redis: %w", *l.last.Load())
}

// Close ends the probe and closes the connections.
func (l *Limiter) Close() error {
	l.stop()
	l.probing.Wait()
	return l.client.Close()
}
