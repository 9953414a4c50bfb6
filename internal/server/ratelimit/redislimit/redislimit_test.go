package redislimit

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/redistest"
)

// However many servers take at once, a bucket gives out exactly what it holds, and every remaining number once.
func TestFourServersAreExact(t *testing.T) {
	const limit, each, workers = 100, 50, 8
	server := redistest.Start(t)
	rate := ratelimit.Rate{Limit: limit, Per: 24 * time.Hour} // none comes back during the test
	var mu sync.Mutex
	var remaining []int
	refused := 0
	var wg sync.WaitGroup
	for range 4 {
		l := open(t, Options{URL: server.URL(), Timeout: time.Minute})
		for range workers {
			wg.Go(func() {
				for range each / workers * 2 {
					q, err := l.Take(t.Context(), "key:feed", rate)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if q.OK {
						remaining = append(remaining, q.Remaining)
					} else {
						refused++
					}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	slices.Sort(remaining)
	want := make([]int, limit)
	for i := range want {
		want[i] = i
	}
	if !slices.Equal(remaining, want) || refused != 4*workers*(each/workers*2)-limit {
		t.Errorf("%d allowed and %d refused; remaining were %v", len(remaining), refused, remaining)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within half a minute: %s", what)
		}
	}
}

// Redis may be killed and come back as often as it likes: that it is away is found without an upload, then takes fail
// at once, and they work again by themselves.
func TestRedisAwayAndBack(t *testing.T) {
	server := redistest.Start(t)
	var log testenv.Output
	l := open(t, Options{URL: server.URL(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	rate := ratelimit.Rate{Limit: 1000, Per: time.Hour}
	take := func() error {
		_, err := l.Take(t.Context(), "feed", rate)
		return err
	}
	for range 2 {
		if err := take(); err != nil {
			t.Fatal(err)
		}
		server.Kill(t)
		eventually(t, "Redis is away", func() bool { return l.Err() != nil })
		if err := take(); err == nil || !strings.HasPrefix(err.Error(), "cannot use Redis: ") {
			t.Errorf("got %v", err)
		}
		server.Restart(t)
		eventually(t, "Redis is back", func() bool { return l.Err() == nil })
	}
	away, back := strings.Count(log.String(), "Redis is away"), strings.Count(log.String(), "Redis is back")
	if away != 2 || back != 2 {
		t.Errorf("logged %d times that it is away, %d times that it is back:\n%s", away, back, &log)
	}
}

// A server that cannot reach Redis starts nevertheless, and says why limits cannot be looked up.
func TestRedisNeverThere(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "s3cret")
	var log testenv.Output
	l := open(t, Options{
		URL: "redis://:wr0ng@" + server.Addr(), Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	eventually(t, "Redis is away", func() bool { return l.Err() != nil })
	if text := l.Err().Error() + log.String(); !strings.Contains(text, "WRONGPASS") || strings.Contains(text, "wr0ng") {
		t.Errorf("got %s", text)
	}
	right := open(t, Options{URL: "redis://:wr0ng@" + server.Addr(), Password: "s3cret"})
	if _, err := right.Take(t.Context(), "feed", ratelimit.Rate{Limit: 1, Per: time.Hour}); err != nil {
		t.Errorf("with the right password: %v", err)
	}
}

// A Redis that can be reached but not written is away, too.
func TestRedisFull(t *testing.T) {
	l := open(t, Options{URL: redistest.Start(t, "--maxmemory", "1kb").URL()})
	eventually(t, "Redis is away", func() bool { return l.Err() != nil })
	if err := l.Err(); !strings.Contains(err.Error(), "OOM") {
		t.Errorf("got %v", err)
	}
}

func TestURL(t *testing.T) {
	for _, good := range []string{
		"redis://h", "redis://:s3cret@h:1/2", "rediss://u:s3cret@h", "unix:///run/redis.sock", "redis://[::1]:6379",
	} {
		if err := ParseURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "h:6379", "http://u:s3cret@h", "redis://u:s3cret@h/x", "redis://u:s3cret@h:port", "redis://u:s3cret@h?db=1",
		"redis://u:s3cret%zz@h", "unix://",
	} {
		if err := ParseURL(bad); !errors.Is(err, ErrURL) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", bad, err)
		}
		if _, err := New(Options{URL: bad}); !errors.Is(err, ErrURL) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Clients see the headers that they see of a limiter in memory.
func TestHeaders(t *testing.T) {
	l := open(t, Options{URL: redistest.Start(t).URL(), Timeout: time.Minute})
	rate := ratelimit.Rate{Limit: 2, Per: 24 * time.Hour}
	headers := func(limiter ratelimit.Limiter, bucket string) (all []http.Header, refused []bool) {
		p := ratelimit.Policy{Name: "key", Rate: rate, Limiter: limiter}
		for range 4 {
			h := http.Header{}
			err := p.Take(t.Context(), h, bucket)
			all, refused = append(all, h), append(refused, errors.As(err, new(*ratelimit.ExceededError)))
		}
		return all, refused
	}
	clock := time.Unix(1000, 0)
	want, wantRefused := headers(ratelimit.NewMemory(func() time.Time { return clock }), "feed")
	for try := range 5 { // a second may have passed between the takes
		got, gotRefused := headers(l, fmt.Sprint("feed ", try))
		diff := cmp.Diff(want, got) + cmp.Diff(wantRefused, gotRefused)
		if diff == "" {
			return
		}
		t.Logf("(-memory +Redis):\n%s", diff)
	}
	t.Error("the headers differ")
}
