// Package bundled runs the program's own ingest server as a child process, with a folder of its own that is removed
// after it.
//
// Parent and child agree on this: the child prints [ListeningPrefix] and its address on standard output once it
// listens, answers 200 at /ready once it takes uploads, stops when its standard input ends (which it does however the
// parent ends), and removes its folder then. If it cannot start, its last words are on standard error, in a line that
// begins with [ErrorPrefix]. How it is called is up to the [Program].
package bundled

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

	"rdiostress/internal/clock"
	"rdiostress/internal/process"
)

const (
	// ListeningPrefix begins the line by which the child announces its address.
	ListeningPrefix = "listening "
	// ErrorPrefix begins the line that says why the child could not go on.
	ErrorPrefix = "rdiostress: error: "
)

const (
	startLimit = 15 * time.Second // for the child to listen and be healthy
	stopLimit  = 15 * time.Second // for it to end on its own
)

// Program says how the server is started.
type Program struct {
	Path string
	// Args returns its arguments: to listen on an address and keep its data in a folder.
	Args func(listen, dir string) []string
	Env  []string // as of os.Environ
}

// Options say how the server is started.
type Options struct {
	Program
	// FixedPort gives the server a port that stays free while the server is down, so that it can be killed and started
	// again at the same address.
	FixedPort bool
}

// Server is a running child.
type Server struct {
	program Program
	url     string
	dir     string

	cmd    *exec.Cmd
	stdin  io.Closer
	log    tail
	reader sync.WaitGroup
	gone   chan struct{} // closed when the process has ended; err is set before
	err    error
}

// Start starts the server on a loopback address with a temporary folder, and returns when it is healthy. The caller
// stops it.
func Start(ctx context.Context, o Options) (*Server, error) {
	listen := "127.0.0.1:0"
	if o.FixedPort {
		var err error
		if listen, err = LastingAddress(); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp("", "rdiostress-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the server: %w", err)
	}
	s := &Server{program: o.Program, dir: dir}
	if err := s.launch(ctx, listen); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// URL returns the address that the server takes uploads at.
func (s *Server) URL() string { return s.url }

// Dir returns the folder that it keeps its data in.
func (s *Server) Dir() string { return s.dir }

// PID returns the number of its process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// LastingAddress returns a loopback address that is free, and stays free while nobody listens on it: systems take the
// ports of outgoing connections from higher ones (from 32768 on Linux, from 49152 elsewhere).
func LastingAddress() (string, error) {
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

// launch starts the process on an address, and returns when it is healthy. If it fails, no process is left; the folder
// stays.
func (s *Server) launch(ctx context.Context, listen string) error {
	s.gone, s.err = make(chan struct{}), nil
	s.cmd = exec.Command(s.program.Path, s.program.Args(listen, s.dir)...)
	s.cmd.Env = s.program.Env
	s.cmd.Stderr = &s.log
	process.Detach(s.cmd)
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		s.stdin, err = s.cmd.StdinPipe()
	}
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		close(s.gone)
		return fmt.Errorf("cannot start the server: %w", err)
	}
	address := make(chan string, 1)
	s.reader.Go(func() { s.readOutput(out, address) })
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := s.awaitHealthy(ctx, address); err != nil {
		s.end()
		return fmt.Errorf("the bundled server did not start: %w", err)
	}
	return nil
}

// Kill ends the server as a crash would, and leaves its folder as it is then.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it has ended, or ends now
	<-s.gone
	s.reader.Wait()
	_ = s.stdin.Close()
}

// Restart starts the server again where it was, after Kill. It needs FixedPort.
func (s *Server) Restart(ctx context.Context) error {
	address := strings.TrimPrefix(s.url, "http://")
	return retryWhileTaken(ctx, func() error { return isTaken(address) },
		func() error { return s.launch(ctx, address) })
}

const (
	takenEvery = 100 * time.Millisecond
	takenMost  = 10 * time.Second
)

// retryWhileTaken launches a server. If somebody has its address, it launches the server again once the address is
// free. It asks for that only after a launch has failed: the question listens for a moment, and cuts off who connects
// then.
func retryWhileTaken(ctx context.Context, taken, launch func() error) error {
	for began := time.Now(); ; {
		err := launch()
		if err == nil {
			return nil
		}
		busy := taken()
		if busy == nil {
			return err // it failed for another reason
		}
		for ; busy != nil; busy = taken() {
			if time.Since(began) >= takenMost || clock.Sleep(ctx, takenEvery) != nil {
				return busy
			}
		}
	}
}

// isTaken returns why nobody can listen on an address.
func isTaken(address string) error {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the bundled server cannot have its address: %w", err)
	}
	return ln.Close()
}

// readOutput reads the server's output until it ends, and waits for the process.
func (s *Server) readOutput(out io.Reader, address chan<- string) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), ListeningPrefix); ok {
			select {
			case address <- url:
			default:
			}
		}
	}
	s.err = s.cmd.Wait()
	close(s.gone)
}

// awaitHealthy waits for the server's address and for it to answer there.
func (s *Server) awaitHealthy(ctx context.Context, address <-chan string) error {
	select {
	case s.url = <-address:
	case <-s.gone:
		return errors.New(s.lastWords())
	case <-ctx.Done():
		return ctx.Err()
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/ready", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if clock.Wait(20*time.Millisecond, s.gone, ctx.Done()) {
			continue
		}
		select {
		case <-s.gone:
			return errors.New(s.lastWords())
		default:
			return fmt.Errorf("not healthy within %v", startLimit)
		}
	}
}

// Stop ends the server and removes its folder. It returns what went wrong, if anything did: that the server had ended
// before, or that its folder cannot be removed.
func (s *Server) Stop() (problems []string) {
	select {
	case <-s.gone:
		problems = append(problems, "the bundled server ended during the run: "+s.lastWords())
	default:
	}
	s.end()
	if err := os.RemoveAll(s.dir); err != nil {
		problems = append(problems, fmt.Sprintf("cannot remove the server's folder: %v", err))
	}
	return problems
}

// end ends the server, which may have ended already.
func (s *Server) end() {
	select {
	case <-s.gone:
	default:
		_ = s.stdin.Close() // it is open until now, or the server is gone
	}
	if clock.Wait(stopLimit, s.gone, nil) {
		_ = s.cmd.Process.Kill() // it has ended, or ends now
	}
	s.reader.Wait()
}

// lastWords returns the error that the server ended with, or the last line that it logged, or how it ended. It is
// called after the process has ended.
func (s *Server) lastWords() string {
	lines := s.log.lines()
	for _, line := range slices.Backward(lines) {
		if text, ok := strings.CutPrefix(line, ErrorPrefix); ok {
			return text
		}
	}
	if len(lines) > 0 {
		return lines[len(lines)-1]
	}
	return fmt.Sprint(s.err)
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4 << 10

// Write implements io.Writer.
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
