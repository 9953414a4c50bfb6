package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
)

// scribe is a command that transcribes a call of this test: it prints the call's number and its own process id. It
// writes a line into a file each time, and dies instead the first time that it gets every twentieth call.
const scribe = `#!/bin/sh
read -r n < "$1"
echo "$n" >> '%[1]s/ledger'
case $n in *00|*20|*40|*60|*80) if mkdir '%[1]s/killed-'"$n" 2>/dev/null; then kill -9 $$; fi;; esac
echo "call $n $$.$PPID"
`

// transcriptionsVariable says how many calls the test has that kills servers while they transcribe.
const transcriptionsVariable = "RDIOSTRESS_TEST_TRANSCRIPTIONS"

// ledgerLine is the length of a line in the file.
const ledgerLine = 6

// chaos is a number of servers on one database that are killed and started again while calls come in.
type chaos struct {
	program string
	dir     string
	calls   int
	args    []string // of serve

	mu      sync.Mutex
	servers []*serveProcess
	ids     []string          // of the calls that were acknowledged
	numbers map[string]string // of these calls, by id
	seen    map[string]string // transcripts that were stored, by id
}

// clientTranscript is a transcript as clients see it.
type clientTranscript struct {
	State, Text, Error string
	CompletedAt        string `json:"completed_at"`
}

// start starts a server with the data folder of its number.
func (c *chaos) start(t *testing.T, i int) *serveProcess {
	args := append([]string{
		"serve", "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(c.dir, fmt.Sprint("data", i)),
		"--log-level", "error", "--min-free-disk", "1", "--transcribe", "exec:" + filepath.Join(c.dir, "scribe"),
		"--transcribe-attempts", "100",
	}, c.args...)
	return startServeProcessWith(t, exec.Command(c.program, args...), os.Stderr)
}

// url returns the address of a server.
func (c *chaos) url(i int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.servers[i%len(c.servers)].url
}

// upload uploads calls, each until it is acknowledged by one of the servers.
func (c *chaos) upload(t *testing.T, next *atomic.Int64) {
	for {
		n := int(next.Add(1)) - 1
		if n >= c.calls {
			return
		}
		number := fmt.Sprintf("%05d", n)
		audio := []byte(number + "\n" + strings.Repeat("a", 100))
		id, err := "", error(nil)
		if !comesTrue(30*time.Second, func() bool {
			id, err = uploadOne(t.Context(), http.DefaultClient, c.url(rand.Int()), n%50, n, audio)
			return err == nil || t.Context().Err() != nil
		}) || err != nil {
			t.Errorf("call %s is not acknowledged: %v", number, err) // t.Fatal is not for this goroutine
			return
		}
		c.mu.Lock()
		c.ids, c.numbers[id] = append(c.ids, id), number
		c.mu.Unlock()
	}
}

// attempts returns how often the command has begun.
func (c *chaos) attempts() int {
	info, err := os.Stat(filepath.Join(c.dir, "ledger"))
	if err != nil {
		return 0
	}
	return int(info.Size() / ledgerLine)
}

// transcriptOf returns a call's transcript.
func (c *chaos) transcriptOf(id string, server int) (clientTranscript, error) {
	resp, err := http.Get(c.url(server) + "/api/calls/" + id)
	if err != nil {
		return clientTranscript{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	var reply struct{ Transcript clientTranscript }
	if err == nil {
		err = json.Unmarshal(text, &reply)
	}
	return reply.Transcript, err
}

// check checks a call's transcript, and that it has not changed since it was seen. It reports whether the call is done.
func (c *chaos) check(t *testing.T, id string, server int) bool {
	got, err := c.transcriptOf(id, server)
	if err != nil || got.State != "done" {
		if got.State == "failed" {
			t.Errorf("call %s was given up: %s", id, got.Error)
			return true
		}
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if want := "call " + c.numbers[id] + " "; !strings.HasPrefix(got.Text, want) {
		t.Errorf("call %s: heard %q, want %q", id, got.Text, want)
	}
	now := got.CompletedAt + " " + got.Text
	if before, ok := c.seen[id]; ok && before != now {
		t.Errorf("call %s was transcribed twice: %q, then %q", id, before, now)
	}
	c.seen[id] = now
	return true
}

// run uploads the calls, kills a server each time that some more attempts have begun, and returns when every call is
// transcribed.
func (c *chaos) run(t *testing.T, kills int) {
	var next atomic.Int64
	var uploads sync.WaitGroup
	for range 4 {
		uploads.Go(func() { c.upload(t, &next) })
	}
	defer uploads.Wait()
	for k := range kills {
		waitUntil(t, "more calls are transcribed", func() bool { return c.attempts() >= (k+1)*c.calls/(kills+1) })
		i := rand.IntN(len(c.servers))
		c.servers[i].kill()
		fresh := c.start(t, i)
		c.mu.Lock()
		c.servers[i] = fresh
		some := c.ids[max(0, len(c.ids)-50):]
		c.mu.Unlock()
		for _, id := range some {
			c.check(t, id, i)
		}
	}
	uploads.Wait()
	for n, id := range c.ids {
		waitFor(t, 3*time.Minute, "call "+id+" is transcribed", func() bool { return c.check(t, id, n) })
	}
	c.checkLater(t)
}

// checkLater checks that no transcript is replaced later: not at once and, in the slow tests, not when leases that may
// have lasted have ended.
func (c *chaos) checkLater(t *testing.T) {
	const lease = 15 * time.Second
	begun := time.Now()
	for first := true; first || !testing.Short() && time.Since(begun) < lease+time.Second; first = false {
		for n, id := range c.ids {
			if !c.check(t, id, n) {
				t.Errorf("call %s is no longer transcribed", id)
			}
		}
	}
}

// newChaos starts servers.
func newChaos(t *testing.T, calls, servers int, args ...string) *chaos {
	t.Helper()
	c := &chaos{
		program: ownProgram(t), dir: t.TempDir(), calls: calls, args: args,
		numbers: make(map[string]string), seen: make(map[string]string),
	}
	if err := os.WriteFile(filepath.Join(c.dir, "scribe"), fmt.Appendf(nil, scribe, c.dir), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range servers {
		c.servers = append(c.servers, c.start(t, i))
	}
	return c
}

// Killed at random, servers and the commands that they run leave no call without a transcript, and none with a second
// one: with 300 calls, or as many as the variable says.
func TestTranscriptionSurvivesKills(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the command is a shell script")
	}
	calls, kills := 300, 6
	if text := os.Getenv(transcriptionsVariable); text != "" {
		var err error
		if calls, err = strconv.Atoi(text); err != nil || calls < 100 {
			t.Fatalf("%s=%q is not a number of at least 100", transcriptionsVariable, text)
		}
		kills = max(kills, calls/250)
	}
	for _, tt := range []struct {
		name    string
		servers int
		args    func(t *testing.T) []string
	}{
		{"SQLite", 1, func(*testing.T) []string { return nil }},
		{"PostgreSQL", 2, func(t *testing.T) []string {
			return []string{"--database-url", pgtest.Open(t).Database(t)}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newChaos(t, calls, tt.servers, tt.args(t)...)
			c.run(t, kills)
			if len(c.seen) != calls || c.attempts() < calls {
				t.Errorf("%d of %d calls are transcribed, by %d attempts", len(c.seen), calls, c.attempts())
			}
			t.Logf("%d attempts for %d calls, with %d servers killed", c.attempts(), calls, kills)
		})
	}
}

// The jobs of a server that is gone for good are done by another one soon, not after an hour.
func TestTranscriptionIsTakenOver(t *testing.T) {
	testenv.Slow(t, "waits until leases have ended")
	if runtime.GOOS == "windows" {
		t.Skip("the command is a shell script")
	}
	c := newChaos(t, 40, 2, "--database-url", pgtest.Open(t).Database(t))
	stuck := "#!/bin/sh\nwhile [ -e '" + c.dir + "/stuck' ]; do :; done\n" +
		strings.TrimPrefix(fmt.Sprintf(scribe, c.dir), "#!/bin/sh\n")
	for name, text := range map[string]string{"stuck": "", "scribe": stuck} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c.upload(t, new(atomic.Int64))
	waitUntil(t, "both servers are busy", func() bool {
		running := 0
		for _, id := range c.ids {
			if got, err := c.transcriptOf(id, 0); err == nil && got.State == "running" {
				running++
			}
		}
		return running == 8
	})
	c.servers[0].kill()
	if err := os.Remove(filepath.Join(c.dir, "stuck")); err != nil {
		t.Fatal(err)
	}
	for _, id := range c.ids {
		waitUntil(t, "call "+id+" is transcribed", func() bool { return c.check(t, id, 1) })
	}
}
