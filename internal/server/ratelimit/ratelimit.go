// Package ratelimit limits the rate of uploads by key and by client.
//
// A rate is a token bucket: a client may send as many uploads at once as the rate names; from then on uploads are
// allowed at even intervals.
package ratelimit

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Rate is a number of uploads in a period. That many may come at once; from then on they are allowed at even intervals.
type Rate struct {
	Limit int
	Per   time.Duration
}

func (r Rate) String() string {
	unit := map[time.Duration]string{time.Second: "s", time.Minute: "m", time.Hour: "h", 24 * time.Hour: "d"}[r.Per]
	return fmt.Sprintf("%d/%s", r.Limit, unit)
}

// ParseRate parses a rate such as 60/m, 5/s, 1000/h or 10000/d.
func ParseRate(s string) (Rate, error) {
	number, unit, _ := strings.Cut(s, "/")
	n, err := strconv.Atoi(number)
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[unit]
	if err != nil || n < 1 || n > 1_000_000_000 || per == 0 {
		return Rate{}, fmt.Errorf("%q is not a rate; write 60/m, or with /s, /h or /d", s)
	}
	return Rate{n, per}, nil
}

// Quota is what remains of a rate.
type Quota struct {
	OK        bool
	Remaining int           // uploads that would be allowed now
	Window    time.Duration // how long Remaining will not increase
}

// Interval returns the time in which a bucket gets one upload back.
func (r Rate) Interval() time.Duration { return r.Per / time.Duration(r.Limit) }

// Quota returns the quota of a bucket that will be full again after some time, with one upload taken from it. That
// time is the whole state of a bucket. Above r.Per there was no upload to take, and the bucket must stay as it was.
func (r Rate) Quota(full time.Duration) Quota {
	if wait := full - r.Per; wait > 0 {
		return Quota{Window: wait}
	}
	left, each := r.Per-full, r.Interval()
	return Quota{OK: true, Remaining: int(left / each), Window: each - left%each}
}

// Limiter counts uploads in named buckets. Implementations must be safe for concurrent use. Memory counts in this
// process; package redislimit counts for several servers.
type Limiter interface {
	// Take takes one upload from a bucket, if one is left, and returns the remaining quota. A bucket always has the
	// same rate. An error means that the state of the bucket is unknown.
	Take(ctx context.Context, bucket string, rate Rate) (Quota, error)
	// Err returns why the limiter cannot count now, or nil.
	Err() error
}

// Policy is a rate that applies to each client, or to each key, separately.
type Policy struct {
	Name    string // as shown to clients: "key" or "address"
	Rate    Rate   // zero means no limit
	Limiter Limiter
}

// Take takes one upload from a bucket and writes the remaining quota into the reply's header. It returns an
// ExceededError if none was left, and an UnavailableError if the state of the bucket is unknown.
//
// The header fields are those of draft-ietf-httpapi-ratelimit-headers-11; a reply may have several policies.
func (p *Policy) Take(ctx context.Context, h http.Header, bucket string) error {
	if p.Rate.Limit == 0 {
		return nil
	}
	q, err := p.Limiter.Take(ctx, p.Name+":"+bucket, p.Rate)
	if err != nil {
		return &UnavailableError{Policy: p.Name, Err: err}
	}
	h.Add("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", p.Name, p.Rate.Limit, seconds(p.Rate.Per)))
	h.Add("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", p.Name, q.Remaining, seconds(q.Window)))
	if q.OK {
		return nil
	}
	return &ExceededError{Policy: p.Name, Rate: p.Rate, RetryAfter: q.Window}
}

// ExceededError means that a bucket is empty.
type ExceededError struct {
	Policy     string
	Rate       Rate
	RetryAfter time.Duration
}

func (e *ExceededError) Error() string {
	return fmt.Sprintf("Rate limit exceeded: %v for each %s", e.Rate, e.Policy)
}

// UnavailableError means that a rate limit cannot be looked up.
type UnavailableError struct {
	Policy string
	Err    error // the reason
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("the rate limit for each %s cannot be looked up: %v", e.Policy, e.Err)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// seconds rounds up to whole seconds, as header fields require.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
