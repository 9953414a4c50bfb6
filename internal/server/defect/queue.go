package defect

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/call"
)

// queueKinds returns the defects of queues, limits and duplicates.
func queueKinds() map[string]kind {
	return map[string]kind{
		"lossy-queue": {
			"answers 200 when a call is in a queue in memory, which one goroutine stores slowly, and forgets the " +
				"queue when it stops",
			[]arg{{"rate", 100}, {"places", 8192}},
			func(v values) Defect {
				q := &lossy{
					every: time.Second / time.Duration(v.number("rate")),
					queue: make(chan *call.Upload, v.number("places")),
				}
				return Defect{store: q.wrap, stop: q.stop}
			},
		},
		"small-queue": {
			"has a short queue in front of one slow worker, and refuses uploads when the queue is full",
			[]arg{{"places", 5}, {"work", 20 * time.Millisecond}},
			func(v values) Defect {
				return Defect{store: func(s call.Store) call.Store {
					return &narrow{Store: s, places: make(chan struct{}, v.number("places")), work: v.duration("work")}
				}}
			},
		},
		"rate-limit": {
			"accepts a number of uploads a minute and answers 429 to the others",
			[]arg{{"per-minute", 600}},
			func(v values) Defect {
				b := newBucket(float64(v.number("per-minute"))/60, float64(v.number("per-minute"))/60)
				return Defect{handler: func(h http.Handler) http.Handler { return limited(h, b) }}
			},
		},
		"overload": {
			"can process a number of uploads a second; answers 503 to the others after part of the work",
			[]arg{{"rate", 50}, {"wasted-percent", 10}},
			func(v values) Defect {
				rate := float64(v.number("rate"))
				b := newBucket(rate, rate)
				return Defect{handler: func(h http.Handler) http.Handler {
					return overloaded(h, b,
						float64(v.number("wasted-percent"))/100)
				}}
			},
		},
		"dropped-duplicates": {
			"treats calls of a talkgroup as duplicates although they are far more than half a second apart",
			[]arg{{"window", 10 * time.Second}},
			func(v values) Defect {
				return Defect{store: func(s call.Store) call.Store {
					return &suspicious{Store: s, window: v.duration("window"), last: make(map[[2]int64]time.Time)}
				}}
			},
		},
	}
}

// lossy is a store that acknowledges calls before it has stored them.
type lossy struct {
	call.Store
	every   time.Duration
	queue   chan *call.Upload
	done    chan struct{}
	storing sync.WaitGroup
}

func (l *lossy) wrap(s call.Store) call.Store {
	l.Store, l.done = s, make(chan struct{})
	l.storing.Go(func() {
		tick := time.NewTicker(l.every)
		defer tick.Stop()
		for {
			select {
			case <-l.done:
				return // queued calls are lost
			case u := <-l.queue:
				_, _ = l.Store.Put(context.Background(), u) // nobody would see a failure
				<-tick.C
			}
		}
	})
	return l
}

func (l *lossy) stop() {
	close(l.done)
	l.storing.Wait()
}

func (l *lossy) Put(ctx context.Context, u *call.Upload) (int64, error) {
	own := *u
	own.Audio = append([]byte(nil), u.Audio...) // the caller reuses its own
	select {
	case l.queue <- &own:
		return 1, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// narrow is a store with one slow worker and a short queue.
type narrow struct {
	call.Store
	places chan struct{}
	worker sync.Mutex
	work   time.Duration
}

func (n *narrow) Put(ctx context.Context, u *call.Upload) (int64, error) {
	select {
	case n.places <- struct{}{}:
	default:
		return 0, call.ErrFull
	}
	defer func() { <-n.places }()
	n.worker.Lock()
	_ = clock.Sleep(ctx, n.work)
	n.worker.Unlock()
	return n.Store.Put(ctx, u)
}

// bucket is a token bucket.
type bucket struct {
	mu         sync.Mutex
	rate, most float64 // tokens per second, and the maximum at once
	tokens     float64
	at         time.Time
}

func newBucket(rate, most float64) *bucket { return &bucket{rate: rate, most: most, tokens: most} }

// take takes n tokens and returns how long to wait until they are available. If that is longer than the maximum wait,
// it takes none.
func (b *bucket) take(n float64, atMost time.Duration) (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if !b.at.IsZero() {
		b.tokens = min(b.most, b.tokens+b.rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	need := time.Duration(max(0, n-b.tokens) / b.rate * float64(time.Second))
	if need > atMost {
		return need, false
	}
	b.tokens -= n
	return need, true
}

// spend takes n tokens, or all that are left.
func (b *bucket) spend(n float64) {
	b.mu.Lock()
	b.tokens = max(0, b.tokens-n)
	b.mu.Unlock()
}

// overloaded answers 503 to uploads beyond its capacity. Each refusal costs part of the work of an upload, so the
// server does less when it gets more requests.
func overloaded(h http.Handler, b *bucket, wasted float64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if _, ok := b.take(1, 0); !ok {
				b.spend(wasted)
				http.Error(w, "Server busy, please try again", http.StatusServiceUnavailable)
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

// limited answers 429 to uploads over the limit.
func limited(h http.Handler, b *bucket) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if after, ok := b.take(1, 0); !ok {
				w.Header().Set("Retry-After", strconv.Itoa(1+int(after.Seconds())))
				http.Error(w, fmt.Sprintf("Rate limit exceeded: %.0f per minute", b.rate*60),
					http.StatusTooManyRequests)
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

// suspicious is a store that refuses calls as false duplicates.
type suspicious struct {
	call.Store
	window time.Duration
	mu     sync.Mutex
	last   map[[2]int64]time.Time
}

func (s *suspicious) Put(ctx context.Context, u *call.Upload) (int64, error) {
	key := [2]int64{u.Call.System, u.Call.Talkgroup}
	s.mu.Lock()
	last, known := s.last[key]
	duplicate := known && u.Call.Time.Sub(last).Abs() < s.window
	if !duplicate {
		s.last[key] = u.Call.Time
	}
	s.mu.Unlock()
	if duplicate {
		return 0, call.ErrDuplicate
	}
	return s.Store.Put(ctx, u)
}
