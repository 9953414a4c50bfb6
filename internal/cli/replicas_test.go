package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
	"rdiostress/internal/testenv/redistest"
)

// startReplicas starts servers on one database.
func startReplicas(t *testing.T, n int, database string, args ...string) (servers []*running) {
	t.Helper()
	for range n {
		servers = append(servers, startServe(t, append([]string{
			"--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--database-url", database, "--log-level", "error",
		}, args...)...))
	}
	t.Cleanup(func() {
		for _, s := range servers {
			s.stop()
			if code := <-s.code; code != exitOK {
				t.Errorf("exit code %d: %s", code, s.errs)
			}
		}
	})
	return servers
}

// getJSON reads a reply of a server.
func (r *running) getJSON(t *testing.T, path string, to any) {
	t.Helper()
	_, body := testenv.Fetch(t, http.MethodGet, r.url+path, nil)
	if err := json.Unmarshal([]byte(body), to); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, body)
	}
}

// total returns how many calls a server lists.
func (r *running) total(t *testing.T) int {
	t.Helper()
	var page struct{ Total int }
	r.getJSON(t, "/api/calls?per_page=1", &page)
	return page.Total
}

// A rate limit holds across servers to the call, whichever of them is asked.
func TestRateLimitAcrossServers(t *testing.T) {
	const limit, workers, each = 40, 3, 6
	database, redis := pgtest.Open(t).Database(t), redistest.Start(t)
	for _, flag := range []string{"--rate-limit", "--rate-limit-address"} {
		servers := startReplicas(t, 4, database, "--redis-url", redis.URL(), "--limit-fail", "closed", flag,
			fmt.Sprintf("%d/d", limit))
		var accepted, refused, unknown atomic.Int64
		var work sync.WaitGroup
		for i, s := range servers {
			for w := range workers {
				work.Go(func() {
					for n := range each {
						talkgroup := i*workers + w
						_, err := uploadOne(t.Context(), http.DefaultClient, s.url, talkgroup, n+each*len(flag),
							fmt.Append(nil, flag, strings.Repeat(" audio", 20), talkgroup, n))
						switch {
						case err == nil:
							accepted.Add(1)
						case strings.Contains(err.Error(), "got 429"):
							refused.Add(1)
						case strings.Contains(err.Error(), "got 503"): // busy machine: Redis was late
							unknown.Add(1)
						default:
							t.Error(err)
						}
					}
				})
			}
		}
		work.Wait()
		ok, late := accepted.Load(), unknown.Load()
		if ok > limit || ok+late < limit || ok+late+refused.Load() != 4*workers*each {
			t.Errorf("%s: %d uploads accepted and %d refused, %d unknown; want %d accepted of %d", flag, ok,
				refused.Load(), late, limit, 4*workers*each)
		}
	}
}

// The same call that is sent to all servers at once is stored once, and each answers with its id. Of other calls within
// the duplicate window one is stored, and the other servers say that theirs is a duplicate. PostgreSQL decides.
func TestDuplicatesAcrossServers(t *testing.T) {
	const rounds = 15
	for _, n := range []int{2, 4} {
		servers := startReplicas(t, n, pgtest.Open(t).Database(t))
		for round := range rounds {
			ids, errs := make([]string, n), make([]error, n)
			differ := round%3 == 2
			var work sync.WaitGroup
			for i, s := range servers {
				work.Go(func() {
					audio := strings.Repeat(" audio", 20) + fmt.Sprint(round)
					if differ {
						audio += fmt.Sprint(" as received by ", i)
					}
					ids[i], errs[i] = uploadOne(t.Context(), http.DefaultClient, s.url, round, 0, []byte(audio))
				})
			}
			work.Wait()
			stored := make(map[string]int)
			for i, err := range errs {
				switch {
				case err == nil:
					stored[ids[i]]++
				case !differ || !strings.Contains(err.Error(), "Status:duplicate"):
					t.Errorf("%d servers, round %d: %v", n, round, err)
				}
			}
			for id, answers := range stored {
				if len(stored) != 1 || id == "" || differ && answers != 1 || !differ && answers != n {
					t.Errorf("%d servers, round %d: answered with %v", n, round, stored)
				}
			}
			if len(stored) == 0 {
				t.Errorf("%d servers, round %d: no server has stored the call", n, round)
			}
		}
		for i, s := range servers {
			if got := s.total(t); got != rounds {
				t.Errorf("server %d of %d lists %d calls, want %d", i, n, got, rounds)
			}
		}
	}
}

// limitsUnknown reports whether a server says that it cannot look up rate limits, by its alert's value.
func (r *running) limitsUnknown(t *testing.T) (unknown, raised bool) {
	t.Helper()
	value, raised := r.alert(t, "rate_limits_unknown")
	return value == 1, raised
}

// alert returns the value that an alert of a server goes by, and whether it is raised.
func (r *running) alert(t *testing.T, kpi string) (value float64, raised bool) {
	t.Helper()
	var alerts struct {
		Rules []struct {
			KPI    string
			Value  float64
			Raised bool
		}
	}
	r.getJSON(t, "/api/alerts", &alerts)
	for _, rule := range alerts.Rules {
		if rule.KPI == kpi {
			return rule.Value, rule.Raised
		}
	}
	t.Fatalf("there is no alert %s", kpi)
	return 0, false
}

// replicaLoad uploads to servers until it is stopped.
type replicaLoad struct {
	stop                        atomic.Bool
	workers                     sync.WaitGroup
	accepted, unavailable, slow atomic.Int64
}

func startReplicaLoad(t *testing.T, servers []*running) *replicaLoad {
	l := &replicaLoad{}
	for w := range 2 * len(servers) {
		l.workers.Go(func() {
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for n := 0; !l.stop.Load(); n++ {
				began := time.Now()
				_, err := uploadOne(t.Context(), http.DefaultClient, servers[w%len(servers)].url, w, n,
					fmt.Append(nil, strings.Repeat(" audio", 20), w, " ", n))
				if time.Since(began) > 10*time.Second { // the machine may be slow
					l.slow.Add(1)
				}
				switch {
				case err == nil:
					l.accepted.Add(1)
				case strings.Contains(err.Error(), "got 503"):
					l.unavailable.Add(1)
				default:
					t.Errorf("worker %d, call %d: %v", w, n, err)
					return
				}
				<-tick.C
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

func (l *replicaLoad) end() {
	l.stop.Store(true)
	l.workers.Wait()
}

// awaitMore waits until a count has grown.
func awaitMore(t *testing.T, what string, count *atomic.Int64) {
	t.Helper()
	before := count.Load()
	waitUntil(t, what, func() bool { return count.Load() > before+10 })
}

// Redis is killed in the middle of a load and comes back: uploads go on without limits, or are answered 503, as was
// asked for; the alert is raised either way, and all is well again by itself. No acknowledged call is lost.
func TestRedisAwayInMidLoad(t *testing.T) {
	for _, fail := range []string{"open", "closed"} {
		t.Run(fail, func(t *testing.T) {
			redis := redistest.Start(t)
			servers := startReplicas(t, 2, pgtest.Open(t).Database(t), "--redis-url", redis.URL(), "--limit-fail", fail,
				"--rate-limit", "1000000/s")
			load := startReplicaLoad(t, servers)
			awaitMore(t, "uploads are accepted", &load.accepted)
			redis.Kill(t)
			for _, s := range servers {
				waitUntil(t, "the alert is raised", func() bool { _, raised := s.limitsUnknown(t); return raised })
			}
			if fail == "open" {
				awaitMore(t, "uploads go on", &load.accepted)
			} else {
				awaitMore(t, "uploads are answered 503", &load.unavailable)
			}
			redis.Restart(t)
			for _, s := range servers {
				waitUntil(t, "limits are known again", func() bool {
					unknown, _ := s.limitsUnknown(t)
					return !unknown
				})
			}
			awaitMore(t, "uploads are accepted again", &load.accepted)
			load.end()
			if n := load.unavailable.Load(); fail == "open" && n > 0 {
				t.Errorf("%d uploads were refused", n)
			}
			if n := load.slow.Load(); n > 0 {
				t.Errorf("%d uploads have waited long", n)
			}
			if got := servers[1].total(t); got != int(load.accepted.Load()) {
				t.Errorf("%d calls are stored, %d were acknowledged", got, load.accepted.Load())
			}
		})
	}
}

// A key that is added to the database, changed or deleted there is so on all servers within a second.
func TestKeysAcrossServers(t *testing.T) {
	database := pgtest.Open(t).Database(t)
	servers := startReplicas(t, 2, database, "--database-keys")
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	n := 0
	apply := func(statement, want string) time.Duration {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		began := time.Now()
		for _, s := range servers {
			waitUntil(t, "the key is "+want, func() bool {
				n++
				_, err := uploadOne(t.Context(), http.DefaultClient, s.url, 0, n, bytes.Repeat([]byte("audio "), 20))
				return strings.HasPrefix(fmt.Sprint(err), want)
			})
		}
		return time.Since(began)
	}
	const accepted, unknown, otherSystem = "<nil>", "got 401", "got 403"
	if got := apply("SELECT 1", unknown); got > 30*time.Second {
		t.Errorf("at first the development key is known for %v", got)
	}
	var took []time.Duration
	for range 3 {
		took = append(took,
			apply("INSERT INTO api_keys (label, sha256) VALUES ('feed', sha256('"+developmentKey+"'))", accepted),
			apply("UPDATE api_keys SET systems = '{12-14}'", otherSystem),
			apply("DELETE FROM api_keys WHERE label = 'feed'", unknown))
	}
	slices.Sort(took)
	if took[len(took)/2] > time.Second { // the machine may be slow once
		t.Errorf("changes have taken %v", took)
	}
}

// One of four servers is killed in the middle of a load. The others go on, the limit holds to the call, and all that
// was acknowledged is stored, once.
func TestReplicaKilled(t *testing.T) {
	testenv.Slow(t, "builds the program and kills it")
	const limit = 400
	program, database, redis := testenv.Build(t), pgtest.Open(t).Database(t), redistest.Start(t)
	var servers []*serveProcess
	for range 4 {
		servers = append(servers, startServeCommand(t, program, "serve", "--listen", "127.0.0.1:0",
			"--data-dir", t.TempDir(), "--database-url", database, "--redis-url", redis.URL(), "--limit-fail", "closed",
			"--rate-limit", fmt.Sprintf("%d/d", limit), "--log-level", "error"))
	}
	acked := &acknowledged{sums: make(map[string]string)}
	var unknown atomic.Int64
	var work sync.WaitGroup
	for w := range 3 * len(servers) {
		work.Go(func() {
			for n := 0; ; n++ {
				audio := fmt.Append(nil, strings.Repeat(" audio", 20), w, " ", n)
				id, err := uploadOne(t.Context(), http.DefaultClient, servers[w%len(servers)].url, w, n, audio)
				switch {
				case err == nil:
					acked.add(id, hexSum(audio))
				case strings.Contains(err.Error(), "got 503"): // busy machine: Redis was late
					unknown.Add(1)
				default: // 429, or the server is gone
					return
				}
			}
		})
	}
	waitUntil(t, "calls are acknowledged", func() bool { return acked.len() > limit/4 })
	servers[3].kill()
	work.Wait() // until the others have given out the limit
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), "SELECT id::text, encode(audio_sha256, 'hex') FROM calls")
	if err != nil {
		t.Fatal(err)
	}
	stored, doubled := make(map[string]string), make(map[string]bool)
	var id, sum string
	if _, err := pgx.ForEachRow(rows, []any{&id, &sum}, func() error {
		if doubled[sum] {
			t.Errorf("call %s is stored twice", id)
		}
		stored[id], doubled[sum] = sum, true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for id, sum := range acked.sums {
		if stored[id] != sum {
			t.Errorf("call %s was acknowledged and is not stored as it was sent", id)
		}
	}
	// At most three uploads of the killed server were taken from the bucket and not answered.
	if n := acked.len(); len(stored) > limit || n > limit || n < limit-3-int(unknown.Load()) {
		t.Errorf("%d calls stored and %d acknowledged; the limit is %d", len(stored), n, limit)
	}
}
