// Package redistest gives tests a real Redis server of their own, which they may stop, kill and freeze. It is for tests
// only.
package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/testenv"
)

// Server is a Redis server that keeps nothing on disk: when it is killed, what it holds is gone.
type Server struct {
	program  string
	dir      string
	port     int
	settings []string
	cmd      *exec.Cmd
	ended    chan struct{}
}

// Start starts a server on a loopback port. It ends with the test. Settings, such as "--requirepass", "secret", come on
// top of Redis' own.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := &Server{program: testenv.Program(t, "redis-server", "redis-server"), dir: t.TempDir(), settings: settings}
	t.Cleanup(func() { s.Kill(t) })
	for try := 0; ; try++ {
		s.port = freePort(t)
		if err := s.start(t); err == nil {
			return s
		} else if try == 3 {
			t.Fatalf("redis-server: %v", err)
		}
	}
}

// Addr returns the host and port, which stay the same over Kill and Restart.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// URL returns the URL of the first database.
func (s *Server) URL() string { return "redis://" + s.Addr() }

// Restart starts the server after Kill, empty.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(t); err != nil {
		t.Fatalf("redis-server: %v", err)
	}
}

// start starts the server and returns when it answers.
func (s *Server) start(t testing.TB) error {
	args := append([]string{
		"--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir,
	}, s.settings...)
	var out testenv.Output
	s.cmd, s.ended = exec.Command(s.program, args...), make(chan struct{})
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	cmd, ended := s.cmd, s.ended
	go func() {
		_ = cmd.Wait() // how it ended is in its output
		close(ended)
	}()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); !s.answers(t); <-tick.C {
		select {
		case <-ended:
			s.cmd = nil
			return fmt.Errorf("it has ended: %s", &out)
		default:
		}
		if time.Now().After(deadline) {
			return errors.New("it does not answer")
		}
	}
	return nil
}

// answers reports whether the server answers a PING, or asks for a password.
func (s *Server) answers(t testing.TB) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", s.Addr())
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second)) // then reading fails
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return strings.HasPrefix(line, "+PONG") || strings.HasPrefix(line, "-NOAUTH")
}

// Kill ends the server at once. It does nothing if none is running.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // fails if it has ended
	<-s.ended
	s.cmd = nil
}

// freePort finds a loopback port that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}
