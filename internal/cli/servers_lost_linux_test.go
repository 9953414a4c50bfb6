package cli

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
func (r *replica) ready() int {
	client := http.Client{
		Timeout:   20 * time.Second, // the server may ask the database for 5 s
		Transport: &http.Transport{DisableKeepAlives: true},
	}
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
	tick := time.NewTicker(75 * time.Millisecond)
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

// A cable leads from this test to a network of its own, which a program may be started in.
type cable struct{ near, here, there string }

// ip runs iproute2's command, for which it takes root.
func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(testenv.Program(t, "ip", "iproute2"), args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %q: %v: %s", args, err, out)
	}
}

// plug makes a cable to a network, whose ends have the addresses 2n and 2n+1 of a block for tests of networks.
func plug(t *testing.T, network string, n int) cable {
	t.Helper()
	c := cable{
		near: fmt.Sprintf("rs%dn", n), here: fmt.Sprintf("198.18.%d.%d", n>>7, n<<1&0xff),
		there: fmt.Sprintf("198.18.%d.%d", n>>7, n<<1&0xff|1),
	}
	far := fmt.Sprintf("rs%df", n)
	ip(t, "link", "add", c.near, "type", "veth", "peer", "name", far, "netns", network)
	t.Cleanup(func() { ip(t, "link", "del", c.near) })
	ip(t, "addr", "add", c.here+"/31", "dev", c.near)
	ip(t, "-n", network, "addr", "add", c.there+"/31", "dev", far)
	ip(t, "-n", network, "link", "set", far, "up")
	ip(t, "link", "set", c.near, "up")
	return c
}

// cut has everything that is sent over the cable vanish, without a word to either end, until it is healed.
func (c cable) cut(t *testing.T)  { ip(t, "link", "set", c.near, "down") }
func (c cable) heal(t *testing.T) { ip(t, "link", "set", c.near, "up") }

// newNetwork makes a network with nothing in it, for which it takes root.
func newNetwork(t *testing.T) (network string) {
	t.Helper()
	network = fmt.Sprintf("rdiostress-%d", os.Getpid())
	out, err := exec.Command(testenv.Program(t, "ip", "iproute2"), "netns", "add", network).CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv(testenv.Strict) != "":
		t.Fatalf("cannot make a network: %s", out)
	default:
		t.Skipf("cannot make a network: %s; run this test as root", out)
	}
	t.Cleanup(func() { ip(t, "netns", "del", network) })
	return network
}

// startReachable starts PostgreSQL so that it is also reached by an address of a test's cable, and returns the URL of a
// database by each address.
func startReachable(t *testing.T, by cable) (near, far string) {
	t.Helper()
	access := filepath.Join(openFolder(t), "hba")
	rules := "host all all 127.0.0.1/32 trust\nhost all all " + by.there + "/32 trust\n"
	if err := os.WriteFile(access, []byte(rules), 0o644); err != nil {
		t.Fatal(err)
	}
	near = pgtest.Start(t, "listen_addresses=127.0.0.1,"+by.here, "hba_file="+access).Server().Database(t)
	return near, strings.Replace(near, "127.0.0.1", by.here, 1)
}

// One of two servers is cut off from PostgreSQL in the middle of a load: what is sent vanishes, and no connection ends.
// It says so, and refuses uploads, while the other goes on. Once the network is healed, it is ready again by itself.
// What either has acknowledged is stored, once, also calls that both were sent.
func TestServerCutOffAndHealed(t *testing.T) {
	testenv.Slow(t, "builds the program and cuts it off")
	program, network := testenv.Build(t), newNetwork(t)
	n := os.Getpid() << 1 & 0x7ffe
	toClients, toDatabase := plug(t, network, n), plug(t, network, n|1)
	near, far := startReachable(t, toDatabase)
	keys := filepath.Join(t.TempDir(), "keys.yaml") // the key of uploads is none for servers that others can reach
	if err := os.WriteFile(keys, []byte("keys: [{label: feed, sha256: "+hexSum([]byte(developmentKey))+"}]\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	well := startReplica(t, []string{program}, "127.0.0.1:0", near)
	apart := startReplica(t, []string{testenv.Program(t, "ip", "iproute2"), "netns", "exec", network, program},
		toClients.there+":0", far, "--queue", "2", "--api-keys", keys)
	load := startRepeatedLoad(t, well, apart)
	awaitMore(t, "one server accepts uploads", &well.accepted)
	awaitMore(t, "the other accepts uploads", &apart.accepted)

	toDatabase.cut(t)
	waitUntil(t, "it says that it is not ready", func() bool {
		return apart.ready() == http.StatusServiceUnavailable
	})
	awaitMore(t, "it answers uploads with 503", &apart.refused)
	awaitMore(t, "the other goes on", &well.accepted)
	if status := well.ready(); status != http.StatusOK {
		t.Errorf("the other is not ready: %d", status)
	}

	toDatabase.heal(t)
	waitUntil(t, "it is ready again", func() bool { return apart.ready() == http.StatusOK })
	awaitMore(t, "it accepts uploads again", &apart.accepted)
	load.check(t, near)
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
		return ends.ready() == http.StatusServiceUnavailable
	})
	ends.out.Store(true)
	awaitMore(t, "the other goes on", &well.accepted)
	waitUntil(t, "it takes no more connections", func() bool { return ends.ready() == 0 })
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
