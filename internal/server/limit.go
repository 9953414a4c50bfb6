package server

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
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

// Quota is what is left of a rate.
type Quota struct {
	OK        bool
	Remaining int           // uploads that would be let in now
	Window    time.Duration // for how long no more than Remaining will be
}

// Limiter counts uploads in named buckets. Implementations are safe for concurrent use. The one that is built in counts in this
// process; one that counts for several servers takes its place by this.
type Limiter interface {
	// Take takes one upload out of a bucket, if there is one left, and tells what is left. A bucket is always asked for with
	// the same rate. An error says that nothing is known of the bucket; the upload is then let in.
	Take(ctx context.Context, bucket string, rate Rate) (Quota, error)
}

// maxBuckets bounds the memory of a memoryLimiter, to about 10 MB.
const maxBuckets = 100_000

// memoryLimiter keeps for each bucket the time at which all of its rate will be there again.
type memoryLimiter struct {
	now func() time.Time

	mu   sync.Mutex
	full map[string]time.Time
	max  int
}

func newMemoryLimiter(now func() time.Time) *memoryLimiter {
	return &memoryLimiter{now: now, full: make(map[string]time.Time), max: maxBuckets}
}

// Take is part of Limiter. It never fails.
func (l *memoryLimiter) Take(_ context.Context, bucket string, rate Rate) (Quota, error) {
	now := l.now()
	each := rate.Per / time.Duration(rate.Limit)
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.full[bucket]
	if before.Before(now) {
		before = now
	}
	after := before.Add(each)
	if wait := after.Sub(now) - rate.Per; wait > 0 {
		return Quota{Window: wait}, nil
	}
	if !known && len(l.full) >= l.max {
		l.forget(now)
	}
	l.full[bucket] = after
	left := rate.Per - after.Sub(now)
	return Quota{OK: true, Remaining: int(left / each), Window: each - left%each}, nil
}

// forget makes room: it drops the buckets that are full again, or else, out of a handful, the one that soonest is. So nobody gets
// out of his limit by making the server forget: his bucket is not the one.
func (l *memoryLimiter) forget(now time.Time) {
	looked, soonest := 0, ""
	for bucket, full := range l.full {
		if full.Before(now) {
			delete(l.full, bucket)
			continue
		}
		if soonest == "" || full.Before(l.full[soonest]) {
			soonest = bucket
		}
		if looked++; looked == 64 {
			break
		}
	}
	if len(l.full) >= l.max {
		delete(l.full, soonest)
	}
}

// seconds rounds up to whole seconds, which is what headers have.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
