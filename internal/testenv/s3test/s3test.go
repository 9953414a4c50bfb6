// Package s3test gives tests a real object store of their own, which they may kill and start again. It is for tests
// only.
package s3test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"rdiostress/internal/testenv"
)

// Keys of the only user.
const (
	AccessKey = "a-key"
	SecretKey = "a-secret-of-tests"
)

// Bucket is the only bucket.
const Bucket = "calls"

// Server is versitygw, which keeps objects as files of a folder. They survive Kill.
type Server struct {
	program string
	dir     string // of all buckets
	port    int
	cmd     *exec.Cmd
	ended   chan struct{}
}

// Start starts a server on a loopback port. It ends with the test. It also sets the variables that give clients in this
// process its keys.
func Start(t *testing.T) *Server {
	t.Helper()
	s := &Server{
		program: testenv.Program(t, "versitygw", "github.com/versity/versitygw/cmd/versitygw@v1.8.0 with go install"),
		dir:     t.TempDir(),
	}
	t.Setenv("AWS_ACCESS_KEY_ID", AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", SecretKey)
	if err := os.Mkdir(filepath.Join(s.dir, Bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Kill(t) })
	for try := 0; ; try++ {
		s.port = freePort(t)
		if err := s.start(t); err == nil {
			return s
		} else if try == 3 {
			t.Fatalf("versitygw: %v", err)
		}
	}
}

// URL returns the URL of a place in the bucket, as serve takes it.
func (s *Server) URL(prefix string) string {
	return fmt.Sprintf("s3://%s/%s?region=us-east-1&endpoint=http://127.0.0.1:%d", Bucket, prefix, s.port)
}

// Objects returns the names of all objects.
func (s *Server) Objects(t testing.TB) (names []string) {
	t.Helper()
	root := os.DirFS(filepath.Join(s.dir, Bucket))
	err := fs.WalkDir(root, ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, path)
		}
		if errors.Is(err, fs.ErrNotExist) { // it was deleted meanwhile
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Restart starts the server after Kill, under the same address.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(t); err != nil {
		t.Fatalf("versitygw: %v", err)
	}
}

// start starts the server and returns when it answers.
func (s *Server) start(t testing.TB) error {
	var out testenv.Output
	s.cmd = exec.Command(s.program, "--port", s.addr(), "--access", AccessKey, "--secret", SecretKey, "--quiet",
		"posix", s.dir)
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	cmd, ended := s.cmd, make(chan struct{})
	s.ended = ended
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

func (s *Server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// answers reports whether the server answers a request, which has no signature and so is refused.
func (s *Server) answers(t testing.TB) bool {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusForbidden
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
