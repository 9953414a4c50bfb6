package ab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/bundled"
	"rdiostress/internal/clock"
	"rdiostress/internal/plain"
	"rdiostress/internal/process"
)

const (
	startLimit = time.Minute      // for a server to answer
	stopLimit  = 15 * time.Second // for it to end by itself
	pollEvery  = 50 * time.Millisecond
)

// server is a server that a command has started.
type server struct {
	url, dir string

	cmd   *exec.Cmd
	group *process.Group
	said  tail
	gone  chan struct{} // closed when it has ended
}

// start starts a server by a shell's command, with an empty folder and a free port filled in, and waits until it
// answers.
func start(ctx context.Context, command string) (*server, error) {
	address, err := bundled.LastingAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "rdiostress-ab-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the server: %w", err)
	}
	s := &server{url: "http://" + address, dir: dir, gone: make(chan struct{})}
	name, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		name, flag = "cmd", "/C"
	}
	s.cmd = exec.CommandContext(ctx, name, flag, Fill(command, dir, port))
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.WaitDelay = &s.said, &s.said, stopLimit
	s.group = process.NewGroup(s.cmd)
	if err := s.group.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start the server: %w", err), os.RemoveAll(dir))
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is told by what it said
		close(s.gone)
	}()
	if err := s.awaitAnswer(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// Fill fills a server's folder and port in its command.
func Fill(command, dir, port string) string {
	return strings.NewReplacer("{dir}", dir, "{port}", port).Replace(command)
}

// awaitAnswer waits until the server answers anything by HTTP.
func (s *server) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		if s.answers(ctx) {
			return nil
		}
		if clock.Wait(pollEvery, s.gone, ctx.Done()) {
			continue
		}
		if !s.running() {
			return fmt.Errorf("the server ended before it answered, %v%s", s.cmd.ProcessState, s.lastWords())
		}
		if errors.Is(ctx.Err(), context.Canceled) {
			return ctx.Err()
		}
		return fmt.Errorf("the server does not answer at %s within %v%s", s.url, startLimit, s.lastWords())
	}
}

// answers reports whether the server answers anything by HTTP.
func (s *server) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/", nil)
	if err != nil {
		return false
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return true
}

// ended reports whether the server has ended. One that does not answer may be about to: its sockets go before it does.
func (s *server) ended(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	if s.running() && !s.answers(ctx) {
		clock.Wait(stopLimit, s.gone, ctx.Done())
	}
	return !s.running()
}

// running reports whether the server has not ended.
func (s *server) running() bool {
	select {
	case <-s.gone:
		return false
	default:
		return true
	}
}

// stop ends the server with all that it has started, and removes its folder.
func (s *server) stop() error {
	if s.running() {
		s.group.Terminate()
		clock.Wait(stopLimit, s.gone, nil)
	}
	s.group.End() // what is left of it
	<-s.gone
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("cannot remove the server's folder: %w", err)
	}
	return nil
}

// lastWords is what the server said last, behind a colon; empty if it said nothing.
func (s *server) lastWords() string {
	if last := s.said.last(); last != "" {
		return ": " + last
	}
	return ""
}

// tail keeps the end of what a server says.
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

// last returns the last line.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return plain.Line(lines[len(lines)-1], '?')
}
