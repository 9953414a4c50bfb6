package cli

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
)

// A replica is a server of several on one database, which may be started again, somewhere else.
type replica struct {
	args     []string // of the program, with what it is started by
	process  atomic.Pointer[serveProcess]
	out      atomic.Bool  // the load balancer sends it nothing
	accepted atomic.Int64 // uploads
	refused  atomic.Int64 // uploads answered 503
	lost     atomic.Int64 // uploads without an answer
}

func (r *replica) start(t *testing.T) {
	t.Helper()
	r.process.Store(startServeProcessWith(t, exec.Command(r.args[0], r.args[1:]...), t.Output()))
}

func (r *replica) url() string { return r.process.Load().url }

// ready returns the status that /ready has; 0 if there is no answer.
func (r *replica) ready(client *http.Client) int {
	resp, err := client.Get(r.url() + "/ready")
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func startReplica(t *testing.T, program []string, listen, database string, args ...string) *replica {
	t.Helper()
	r := &replica{args: append(append(program, "serve", "--listen", listen, "--data-dir", t.TempDir(),
		"--database-url", database, "--log-level", "error"), args...)}
	r.start(t)
	return r
}

// repeatedLoad uploads to replicas as receivers behind a load balancer do: what one does not acknowledge is sent again
// to the next, until some replica acknowledges it.
type repeatedLoad struct {
	replicas []*replica
	client   *http.Client
	stop     atomic.Bool
	workers  sync.WaitGroup
	acked    acknowledged
}

func startRepeatedLoad(t *testing.T, replicas ...*replica) *repeatedLoad {
	l := &repeatedLoad{
		replicas: replicas, acked: acknowledged{sums: make(map[string]string)},
		client: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	for w := range 4 * len(replicas) {
		l.workers.Go(func() {
			for n := 0; !l.stop.Load(); n++ {
				size := 1000 + n
				if n%9 == 8 {
					size = 300<<10 + n // too long for the database
				}
				audio := bytes.Repeat(fmt.Append(nil, w, ".", n, " "), size/4)
				if err := l.upload(t, w, n, audio); err != nil {
					t.Errorf("worker %d, call %d: %v", w, n, err)
					return
				}
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

// upload uploads a call until it is acknowledged.
func (l *repeatedLoad) upload(t *testing.T, w, n int, audio []byte) (err error) {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for try, until := w, time.Now().Add(time.Minute); time.Now().Before(until); try++ {
		r := l.replicas[try%len(l.replicas)]
		if r.out.Load() {
			continue
		}
		var id string
		id, err = uploadOne(t.Context(), l.client, r.url(), w, n, audio)
		<-tick.C
		switch {
		case err == nil:
			r.accepted.Add(1)
			l.acked.add(id, hexSum(audio))
			return nil
		case strings.HasPrefix(err.Error(), "got 503"):
			r.refused.Add(1)
		case strings.HasPrefix(err.Error(), "got "):
			return err
		default:
			r.lost.Add(1)
		}
	}
	return err
}

func (l *repeatedLoad) end() {
	l.stop.Store(true)
	l.workers.Wait()
}

// check ends the load, and checks that each acknowledged call is stored once, under the id that was answered, and that
// some server has its audio, byte for byte.
func (l *repeatedLoad) check(t *testing.T, database string) {
	t.Helper()
	l.end()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(),
		"SELECT id::text, encode(audio_sha256, 'hex'), talkgroup_id || ' at ' || started_ms FROM calls")
	if err != nil {
		t.Fatal(err)
	}
	var id, sum, call string
	stored, calls := make(map[string]string), make(map[string]bool)
	if _, err := pgx.ForEachRow(rows, []any{&id, &sum, &call}, func() error {
		if calls[call] {
			t.Errorf("call %s, of talkgroup %s, is stored twice", id, call)
		}
		stored[id], calls[call] = sum, true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(stored) != l.acked.len() {
		t.Errorf("%d calls are stored, %d were acknowledged", len(stored), l.acked.len())
	}
	for id, sum := range l.acked.sums {
		if stored[id] != sum {
			t.Errorf("call %s was acknowledged and is not stored as it was sent", id)
		} else if !l.plays(t, id, sum) {
			t.Errorf("no server plays call %s as it was sent", id)
		}
	}
	for i, r := range l.replicas {
		t.Logf("server %d: %d uploads accepted, %d answered 503, %d not answered", i, r.accepted.Load(),
			r.refused.Load(), r.lost.Load())
	}
}

// plays reports whether a server has a call's audio: long audio is in the folder of the one that stored it.
func (l *repeatedLoad) plays(t *testing.T, id, sum string) bool {
	for _, r := range l.replicas {
		if r.out.Load() {
			continue
		}
		resp, text := testenv.Fetch(t, http.MethodGet, r.url()+"/api/calls/"+id+"/audio", nil)
		if resp.StatusCode == http.StatusOK && hexSum([]byte(text)) == sum {
			return true
		}
	}
	return false
}

// One of two servers is told to stop in the middle of a load. While it says that it is not ready, it serves on. An
// upload of which it has a part is answered after it takes no new ones.
func TestServerStoppedInMidLoad(t *testing.T) {
	testenv.Slow(t, "builds the program")
	program, database := testenv.Build(t), pgtest.Open(t).Database(t)
	well := startReplica(t, []string{program}, "127.0.0.1:0", database)
	ends := startReplica(t, []string{program}, "127.0.0.1:0", database, "--drain-time", "2s")
	load := startRepeatedLoad(t, well, ends)
	awaitMore(t, "one server accepts uploads", &well.accepted)
	awaitMore(t, "the other accepts uploads", &ends.accepted)
	audio := bytes.Repeat([]byte("half "), 10_000)
	rest, answered := make(chan struct{}), make(chan error, 1)
	half := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return &halting{Conn: conn, until: rest}, err
		},
	}}
	first := ends.url()
	go func() {
		id, err := uploadOne(t.Context(), &half, first, 1000, 0, audio)
		if err == nil {
			load.acked.add(id, hexSum(audio))
		}
		answered <- err
	}()

	if err := ends.process.Load().cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "it says that it stops", func() bool {
		return ends.ready(load.client) == http.StatusServiceUnavailable
	})
	ends.out.Store(true)
	awaitMore(t, "the other goes on", &well.accepted)
	waitUntil(t, "it takes no more connections", func() bool { return ends.ready(load.client) == 0 })
	close(rest)
	if err := <-answered; err != nil {
		t.Errorf("the upload in flight: %v", err)
	}
	if err := ends.process.Load().cmd.Wait(); err != nil {
		t.Errorf("it has ended with %v", err)
	}
	awaitMore(t, "the other goes on", &well.accepted)
	load.end()
	for i, r := range load.replicas {
		if refused, lost := r.refused.Load(), r.lost.Load(); refused+lost > 0 {
			t.Errorf("server %d: %d uploads answered 503, %d not answered", i, refused, lost)
		}
	}
	ends.out.Store(false)
	ends.start(t) // for the audio in its folder
	load.check(t, database)
}

// halting is a connection whose second half of a long upload is sent later.
type halting struct {
	net.Conn
	until chan struct{}
	sent  int
}

func (c *halting) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		const begin, piece = 20_000, 4000
		if c.sent >= begin {
			<-c.until
		}
		var m int
		m, err = c.Conn.Write(p[:min(piece, len(p))])
		n, p, c.sent = n+m, p[m:], c.sent+m
	}
	return n, err
}

// Two servers are killed in turn and started again, in the middle of a load. Each call is acknowledged in the end, by
// whichever server it was sent to again, and is stored once.
func TestServersKilledInTurn(t *testing.T) {
	testenv.Slow(t, "builds the program and kills it")
	program, database := testenv.Build(t), pgtest.Open(t).Database(t)
	var servers []*replica
	for range 2 {
		servers = append(servers, startReplica(t, []string{program}, "127.0.0.1:0", database))
	}
	load := startRepeatedLoad(t, servers...)
	for range 3 {
		for i, r := range servers {
			awaitMore(t, "it accepts uploads", &r.accepted)
			awaitMore(t, "it accepts more", &r.accepted)
			r.process.Load().kill()
			awaitMore(t, "the other goes on", &servers[1-i].accepted)
			r.start(t)
		}
	}
	for _, r := range servers {
		awaitMore(t, "both accept uploads", &r.accepted)
	}
	load.check(t, database)
	for i, r := range servers {
		if r.lost.Load() == 0 {
			t.Errorf("server %d: no upload was lost; the kills did not come in the middle", i)
		}
	}
}
