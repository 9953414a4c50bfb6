package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// child is the bundled server, run for the length of one command. It stops and removes its folder when its standard input ends,
// which it does however this process ends.
type child struct {
	url   string
	cmd   *exec.Cmd
	exe   string // this program
	key   string
	flags []string // of serve, besides what it needs here
	dir   string
	in    io.Closer
	log   tail
	read  sync.WaitGroup
	gone  chan struct{} // closed when the process has ended; err is set before
	err   error
}

const (
	startLimit = 15 * time.Second // for the child to listen and be healthy
	stopLimit  = 15 * time.Second // for it to end on its own
	listening  = "listening "     // how serve announces its address
)

// startServer starts the bundled server that the run is to be made against. The caller stops it.
func (o *runOptions) startServer(ctx context.Context) (err error) {
	o.stage("starting the bundled server")
	listen := "127.0.0.1:0"
	if o.crash.victim == crashServer {
		if listen, err = lastingAddress(); err != nil {
			return err
		}
	}
	if o.server, err = startChild(ctx, o.scenario.Key, o.serverFlags, listen); err != nil {
		return err
	}
	o.scenario.URL = o.server.url
	o.watch.follow(o.server)
	return nil
}

// startChild starts this binary's serve on a loopback address with a temporary folder, and returns when it is healthy. The caller
// stops it.
func startChild(ctx context.Context, key string, flags []string, listen string) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program to start its server: %w", err)
	}
	dir, err := os.MkdirTemp("", "rdiostress-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the server: %w", err)
	}
	c := &child{dir: dir, exe: exe, key: key, flags: flags}
	if err := c.launch(ctx, listen); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// lastingAddress is a loopback address that is free, and stays so while nobody listens on it: systems take the ports of outgoing
// connections from higher ones (from 32768 on Linux, from 49152 elsewhere).
func lastingAddress() (string, error) {
	const first, ports, tries = 20_000, 10_000, 100
	var err error
	for range tries {
		var ln net.Listener
		if ln, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(ports))); err == nil {
			return ln.Addr().String(), ln.Close()
		}
	}
	return "", fmt.Errorf("no port from %d to %d is free: %w", first, first+ports-1, err)
}

// launch starts the server on an address, and returns when it is healthy; without a server, if it fails. Its folder stays.
func (c *child) launch(ctx context.Context, listen string) error {
	c.gone, c.err = make(chan struct{}), nil
	args := append([]string{"serve", "--log-level", "warn"}, c.flags...)
	c.cmd = exec.Command(c.exe, append(args, "--listen", listen, "--data-dir", c.dir, "--stop-on-eof", "--remove-data")...)
	c.cmd.Env = append(otherEnv(os.Environ()), envName("api-key")+"="+c.key) // no key in the process list
	c.cmd.Stderr = &c.log
	isolate(c.cmd)
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		c.in, err = c.cmd.StdinPipe()
	}
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		close(c.gone)
		return fmt.Errorf("cannot start the server: %w", err)
	}
	address := make(chan string, 1)
	c.read.Go(func() { c.follow(out, address) })
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := c.awaitHealthy(ctx, address); err != nil {
		c.end()
		return fmt.Errorf("the bundled server did not start: %w", err)
	}
	return nil
}

// kill ends the server as a crash would, and leaves its folder as it is then.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it has ended, or ends now
	<-c.gone
	c.read.Wait()
	_ = c.in.Close()
}

// restart starts the server again where it was, after kill.
func (c *child) restart(ctx context.Context) error {
	address := strings.TrimPrefix(c.url, "http://")
	return whileInUse(ctx, func() error { return c.launch(ctx, address) })
}

const (
	inUseEvery = 100 * time.Millisecond
	inUseMost  = 10 * time.Second
)

// whileInUse tries to start a server until nobody else has its address any more.
func whileInUse(ctx context.Context, launch func() error) error {
	for began := time.Now(); ; {
		err := launch()
		if err == nil || !strings.Contains(err.Error(), inUse) || time.Since(began) >= inUseMost || ctx.Err() != nil {
			return err
		}
		pause(ctx, inUseEvery)
	}
}

// follow reads the server's output until it ends, and waits for the process.
func (c *child) follow(out io.Reader, address chan<- string) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), listening); ok {
			select {
			case address <- url:
			default:
			}
		}
	}
	c.err = c.cmd.Wait()
	close(c.gone)
}

// awaitHealthy waits for the server's address and for it to answer there.
func (c *child) awaitHealthy(ctx context.Context, address <-chan string) error {
	select {
	case c.url = <-address:
	case <-c.gone:
		return errors.New(c.lastWords())
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/ready", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-c.gone:
			return errors.New(c.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("not healthy within %v", startLimit)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server and removes its folder. What went wrong meanwhile is told on w.
func (c *child) stop(w io.Writer) {
	select {
	case <-c.gone:
		fmt.Fprintf(w, "rdiostress: warning: the bundled server ended during the run: %s\n", c.lastWords())
	default:
	}
	c.end()
	if err := os.RemoveAll(c.dir); err != nil {
		fmt.Fprintf(w, "rdiostress: warning: cannot remove the server's folder: %v\n", err)
	}
}

// end ends the server, which may have ended already.
func (c *child) end() {
	select {
	case <-c.gone:
	default:
		_ = c.in.Close() // it is open until now, or the server is gone
	}
	select {
	case <-c.gone:
	case <-time.After(stopLimit):
		_ = c.cmd.Process.Kill() // it has ended, or ends now
	}
	c.read.Wait()
}

// lastWords is the error that the server ended with, or the last line that it logged, or how it ended. It is called after the
// process has.
func (c *child) lastWords() string {
	lines := c.log.lines()
	for _, line := range slices.Backward(lines) {
		if text, ok := strings.CutPrefix(line, errorPrefix); ok {
			return text
		}
	}
	if len(lines) > 0 {
		return lines[len(lines)-1]
	}
	return fmt.Sprint(c.err)
}

// otherEnv is the environment without this program's own variables, which are meant for the command that was given.
func otherEnv(env []string) []string {
	var kept []string
	for _, e := range env {
		if !strings.HasPrefix(e, "RDIOSTRESS_") {
			kept = append(kept, e)
		}
	}
	return kept
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if extra := len(t.text) - tailBytes; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(p), nil
}

func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.FieldsFunc(string(t.text), func(r rune) bool { return r == '\n' })
}
