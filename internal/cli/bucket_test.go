package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
	"rdiostress/internal/testenv/s3test"
)

// bucketLoad uploads long and, by every third worker, short audio to servers until it is stopped. As receivers do, it
// sends a call again that was answered 503.
type bucketLoad struct {
	stop        atomic.Bool
	workers     sync.WaitGroup
	acked       acknowledged
	bytes       atomic.Int64 // of acknowledged audio
	long, short atomic.Int64 // acknowledged calls
	refused     atomic.Int64 // uploads of long audio
}

func startBucketLoad(t *testing.T, servers []*running) *bucketLoad {
	l := &bucketLoad{acked: acknowledged{sums: make(map[string]string)}}
	for w := range 3 * len(servers) {
		l.workers.Go(func() {
			for n := 0; !l.stop.Load(); n++ {
				if err := l.upload(t, servers[w/3].url, w, n); err != nil {
					t.Errorf("worker %d, call %d: %v", w, n, err)
					return
				}
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

// upload uploads one call until it is acknowledged.
func (l *bucketLoad) upload(t *testing.T, url string, w, n int) error {
	size, count := 200_000+n, &l.long
	if w%3 == 2 {
		size, count = 500, &l.short
	}
	audio := bytes.Repeat(fmt.Append(nil, w, ".", n, " "), size)[:size]
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		id, err := uploadOne(t.Context(), http.DefaultClient, url, w, n, audio)
		switch {
		case err == nil:
			l.acked.add(id, hexSum(audio))
			l.bytes.Add(int64(size))
			count.Add(1)
			<-tick.C
			return nil
		case count == &l.short || !strings.Contains(err.Error(), "got 503"):
			return err
		}
		l.refused.Add(1)
		<-tick.C
	}
}

func (l *bucketLoad) end() {
	l.stop.Store(true)
	l.workers.Wait()
}

// Two servers share a bucket, whose object store is killed in the middle of a load and comes back. Meanwhile long audio
// is refused and short audio stored; then all is well again by itself. What was acknowledged is there once, and each
// server, also one that has received none of it, plays it and deletes it.
func TestBucketAwayInMidLoad(t *testing.T) {
	database, store := pgtest.Open(t).Database(t), s3test.Start(t)
	args := []string{
		"--blob-url", store.URL("county"), "--inline-audio", "1KiB", "--breaker-failures", "3", "--breaker-delay",
		"200ms",
	}
	servers := startReplicas(t, 2, database, args...)
	load := startBucketLoad(t, servers)
	awaitMore(t, "long audio is accepted", &load.long)
	store.Kill(t)
	for _, s := range servers {
		waitUntil(t, "the alert is raised", func() bool { _, raised := s.alert(t, "audio_store_away"); return raised })
	}
	awaitMore(t, "short audio is still accepted", &load.short)
	for _, s := range servers {
		if resp, body := testenv.Fetch(t, http.MethodGet, s.url+"/ready", nil); resp.StatusCode != http.StatusOK {
			t.Errorf("the server is not ready: %s", body)
		}
		if _, raised := s.alert(t, "database_unusable"); raised {
			t.Error("the database is said to be unusable")
		}
		_, metrics := testenv.Fetch(t, http.MethodGet, s.url+"/metrics", nil)
		for _, not := range []string{
			"rdiostress_audio_store_breaker_opened_total 0", `rdiostress_audio_store_breaker{state="closed"} 1`,
			`rdiostress_uploads_refused_total{reason="audio_store"} 0`,
		} {
			if strings.Contains(metrics, not) || !strings.Contains(metrics, not[:len(not)-1]) {
				t.Errorf("the metrics have %s, or have it not at all", not)
			}
		}
	}
	if load.refused.Load() == 0 {
		t.Error("long audio was not refused")
	}
	store.Restart(t)
	for _, s := range servers {
		waitUntil(t, "it is found again", func() bool { value, _ := s.alert(t, "audio_store_away"); return value == 0 })
	}
	awaitMore(t, "long audio is accepted again", &load.long)
	load.end()
	t.Logf("%d refused, %d objects of %d calls", load.refused.Load(), len(store.Objects(t)), load.long.Load())
	checkBucket(t, servers, load)
	orphans := len(store.Objects(t)) - int(load.long.Load())
	third := startReplicas(t, 1, database, append(args, "--retention", "24h")...)[0]
	waitUntil(t, "all calls are deleted", func() bool { return third.total(t) == 0 })
	waitUntil(t, "their audio is deleted", func() bool { return len(store.Objects(t)) <= orphans })
}

// checkBucket checks that each server has what was acknowledged, and nothing twice.
func checkBucket(t *testing.T, servers []*running, load *bucketLoad) {
	t.Helper()
	acked := load.acked.len()
	for _, s := range servers {
		if got := s.total(t); got != acked {
			t.Errorf("%d calls are stored, %d were acknowledged", got, acked)
		}
		checkStored(t, s.url, &load.acked)
		waitUntil(t, "disk_usage has the audio in the bucket", func() bool {
			_, body := testenv.Fetch(t, http.MethodGet, s.url+"/metrics",
				func(r *http.Request) { r.Header.Set("Accept", "application/json") })
			return strings.Contains(body, fmt.Sprintf(`"disk_usage":%d`, load.bytes.Load()))
		})
	}
	for id := range load.acked.sums {
		resp, part := testenv.Fetch(t, http.MethodGet, servers[0].url+"/api/calls/"+id+"/audio",
			func(r *http.Request) { r.Header.Set("Range", "bytes=400-") })
		if whole, _ := testenv.Fetch(t, http.MethodHead, servers[1].url+"/api/calls/"+id+"/audio",
			nil); resp.StatusCode != http.StatusPartialContent || int64(len(part)) != whole.ContentLength-400 {
			t.Errorf("a part: %s, %d bytes of %d", resp.Status, len(part), whole.ContentLength)
		}
	}
}

// A bucket that cannot be used ends serve at its start. It says why in one line, without a secret.
func TestServeRefusesBucket(t *testing.T) {
	database, store := pgtest.Open(t).Database(t), s3test.Start(t)
	serve := func(what, url, want string) {
		t.Helper()
		ios, _, errs := testStreams()
		code := run(t.Context(), []string{
			"serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--database-url", database,
			"--blob-url", url,
		}, ios)
		said := errs.String()
		if code != exitNoRun || !strings.HasPrefix(said, "rdiostress: error: cannot use the bucket "+want) ||
			strings.Count(said, "\n") != 2 || strings.Contains(said, s3test.SecretKey) || strings.Contains(said, "{") {
			t.Errorf("%s: exit code %d\n%s", what, code, said)
		}
	}
	url := store.URL("county")
	serve("no bucket", strings.Replace(url, s3test.Bucket, "none", 1), "s3://none/county: the bucket does not exist\n")
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey+"?")
	serve("wrong secret", url, "s3://calls/county: the object store does not accept the credentials")
	t.Setenv("AWS_ACCESS_KEY_ID", "nobody")
	serve("wrong key", url, "s3://calls/county: the object store does not accept the credentials")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("HOME", t.TempDir())
	serve("no key", url, "s3://calls/county: no credentials were found\n")
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
	serve("TLS", strings.Replace(url, "http://", "https://", 1), "s3://calls/county: the object store at 127.0.0.1:")
	store.Kill(t)
	serve("killed", url, "s3://calls/county: the object store at 127.0.0.1:")
}
