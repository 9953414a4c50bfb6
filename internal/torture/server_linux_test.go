package torture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"rdiostress/internal/bundled"
	"rdiostress/internal/testenv"
)

// server is a serve command that can be started again at its address and on its folder.
type server struct {
	r        *round
	dir, url string
	database string // as the test reaches it; empty for SQLite
	args     []string
	beside   *server // another server on the same database

	cmd   *exec.Cmd
	ended chan struct{}
	log   *testenv.Output // on stderr
}

// newServer starts a server on a data folder, in the database of args if there is one.
func (r *round) newServer(dir, database string, args ...string) *server {
	r.Helper()
	address, err := bundled.LastingAddress()
	if err != nil {
		r.Fatal(err)
	}
	s := &server{r: r, dir: dir, url: "http://" + address, database: database, log: &testenv.Output{}}
	s.args = append([]string{"serve", "--listen", address, "--data-dir", dir, "--log-level", "warn"}, args...)
	s.start()
	r.Cleanup(func() {
		s.kill()
		for _, word := range []string{"panic", "fatal error", "DATA RACE"} {
			if said := s.log.String(); strings.Contains(said, word) {
				r.breaks("the server said %q", lineWith(said, word))
			}
		}
		if r.Failed() {
			r.Logf("the server said last:\n%s", lastLines(s.log.String(), 20))
		}
	})
	return s
}

// sqlite starts a server that keeps calls in SQLite, on the disk of temporary files.
func (r *round) sqlite(args ...string) *server {
	r.Helper()
	return r.newServer(filepath.Join(r.TempDir(), "data"), "", append(args, "--min-free-disk", "1")...)
}

func lineWith(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// launch starts the process, and returns where it says its address.
func (s *server) launch() io.Reader {
	s.r.Helper()
	s.cmd = exec.Command(s.r.rig.program, s.args...)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		s.r.Fatal(err)
	}
	s.ended = make(chan struct{})
	return out
}

// start starts the server, and returns once it listens.
func (s *server) start() {
	s.r.Helper()
	out := s.launch()
	listens := make(chan error, 1)
	ended := s.ended
	go func() {
		_, err := bufio.NewReader(out).ReadString('\n')
		listens <- err
		_ = s.cmd.Wait() // ProcessState says how
		close(ended)
	}()
	select {
	case err := <-listens:
		if err != nil {
			<-ended
			s.r.breaks("the server does not start: %v: %s", s.cmd.ProcessState, lastLines(s.log.String(), 2))
			s.r.FailNow()
		}
	case <-time.After(backLimit):
		s.r.breaks("the server does not listen within %v", backLimit)
		s.r.FailNow()
	}
}

// abort starts the server, and kills it after a while, whatever it does by then.
func (s *server) abort(after time.Duration) {
	s.r.Helper()
	s.launch()
	s.r.pass(after)
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()
	close(s.ended)
}

// kill ends the server as a crash would; it does no harm twice.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

func (s *server) signal(sig syscall.Signal) {
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.r.Errorf("%v: %v", sig, err)
	}
}

// hasEnded reports whether the process is gone.
func (s *server) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// ready is the status of /ready, or 0 without an answer.
func (s *server) ready() int {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(s.url + "/ready")
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// awaitReady waits until /ready is a status.
func (s *server) awaitReady(status int) {
	s.r.Helper()
	s.r.await(backLimit, fmt.Sprintf("/ready answers %d", status), func() bool { return s.ready() == status })
}

// settle ends the load and kills the server, so that what is there now is all that there will be after a crash. Then it
// starts the server again and compares what is stored with what was acknowledged.
func (s *server) settle(l *load) {
	s.r.Helper()
	l.stop()
	s.kill()
	s.start()
	s.compare(l)
}

// checkFolder looks for files in the data folder that no call needs.
func (s *server) checkFolder(files map[string]bool) {
	s.r.Helper()
	spool, err := os.ReadDir(filepath.Join(s.dir, "spool"))
	if err != nil {
		s.r.Error(err)
	}
	if len(spool) > 0 {
		s.r.breaks("%d files are left in the spool folder after a start", len(spool))
	}
	audio := filepath.Join(s.dir, "audio")
	extra := 0
	err = filepath.WalkDir(audio, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !files[path] {
			extra++
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.r.Error(err)
	}
	if extra > 0 {
		s.r.breaks("%d audio files belong to no call after a start", extra)
	}
}
