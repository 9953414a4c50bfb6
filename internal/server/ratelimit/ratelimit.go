// Package ratelimit counts uploads against a rate: how many are let in over a time, by key and by client.
//
// A rate is a token bucket: as many uploads as the rate names may come at once; from then on they are let in evenly.
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

// Rate is how many uploads are let in over a time. As many may come at once; from then on they are let in evenly.
type Rate struct {
	Limit int
	Per   time.Duration
}

func (r Rate) String() string {
	unit := map[time.Duration]string{time.Second: "s", time.Minute: "m", time.Hour: "h", 24 * time.Hour: "d"}[r.Per]
	return fmt.Sprintf("%d/%s", r.Limit, unit)
}

// ParseRate reads a rate such as 60/m, 5/s, 1000/h or 10000/d.
func ParseRate(s string) (Rate, error) {
	number, unit, _ := strings.Cut(s, "/")
	n, err := strconv.Atoi(number)
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[unit]
	if err != nil || n < 1 || n > 1_000_000_000 || per == 0 {
		return Rate{}, fmt.Errorf("%q is no rate; write 60/m, or with /s, /h or /d", s)
	}
	return Rate{n, per}, nil
}

// Quota is the rest of a rate.
type Quota struct {
	OK        bool
	Remaining int           // uploads that would be let in now
	Window    time.Duration // for how long no more than Remaining will be
}

// Limiter counts uploads in named buckets. Implementations are safe for concurrent use. Memory counts in this process;
// an implementation that counts for several servers can replace it.
type Limiter interface {
	// Take takes one upload out of a bucket, if there is one left, and tells what is left. A bucket is always asked for
	// with the same rate. An error says that nothing is known of the bucket; the upload is then let in.
	Take(ctx context.Context, bucket string, rate Rate) (Quota, error)
}

// Policy is a rate that each client, or each key, has for itself.
type Policy struct {
	Name    string // as clients see it: "key" or "address"
	Rate    Rate   // zero means that there is no limit
	Limiter Limiter
}

// Take takes one upload out of a bucket and says in the reply's header what is left. It returns an ExceededError if
// nothing was; any other error means that nothing is known of the bucket, and that the upload should be let in.
//
// The header fields are those of draft-ietf-httpapi-ratelimit-headers-11; a reply may have several policies.
func (p *Policy) Take(ctx context.Context, h http.Header, bucket string) error {
	if p.Rate.Limit == 0 {
		return nil
	}
	q, err := p.Limiter.Take(ctx, p.Name+":"+bucket, p.Rate)
	if err != nil {
		return err
	}
	h.Add("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", p.Name, p.Rate.Limit, seconds(p.Rate.Per)))
	h.Add("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", p.Name, q.Remaining, seconds(q.Window)))
	if q.OK {
		return nil
	}
	return &ExceededError{Policy: p.Name, Rate: p.Rate, RetryAfter: q.Window}
}

// ExceededError says that a bucket is empty.
type ExceededError struct {
	Policy     string
	Rate       Rate
	RetryAfter time.Duration
}

func (e *ExceededError) Error() string {
	return fmt.Sprintf("Rate limit exceeded: %v for each %s", e.Rate, e.Policy)
}

// seconds rounds up to whole seconds, as header fields have them.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
