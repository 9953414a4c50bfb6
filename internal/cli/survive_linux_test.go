package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"rdiostress/internal/report"
)

// process is a run in a process of its own, whose streams a test treats badly.
type process struct {
	*exec.Cmd
	file    string // of the report
	ended   chan struct{}
	uploads atomic.Int64 // that the server has taken
}

// awaitLoad waits until the run has sent many calls.
func (p *process) awaitLoad(t *testing.T) {
	t.Helper()
	const many = 200 // a few are sent before the load; these take it half a second
	waitUntil(t, "the load is under way", func() bool { return p.uploads.Load() >= many })
}

// begin starts a run of some seconds.
func begin(t *testing.T, change func(p *process)) *process {
	t.Helper()
	p := &process{file: filepath.Join(t.TempDir(), "report.json"), ended: make(chan struct{})}
	p.Cmd = exec.Command(program(t), briefly(t, &p.uploads, "8", "--json", p.file)...)
	change(p)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.Wait(); close(p.ended) }() // its state tells
	t.Cleanup(func() { _ = p.Process.Kill(); <-p.ended })
	return p
}

// check waits for the end, which must be soon, and checks the exit code, and that there is a whole report.
func (p *process) check(t *testing.T, code int) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	if got := p.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d; %v", got, code, p.ProcessState)
	}
	text, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	if rep, err := report.Read(bytes.NewReader(text)); err != nil || rep.Run.Interrupted != (code == exitInterrupted) {
		t.Errorf("interrupted %t, %v", rep.Run.Interrupted, err)
	}
}

// pipeFor returns a pipe for a process's streams.
func pipeFor(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// fullPipe returns a pipe that takes nothing more, since nobody reads it.
func fullPipe(t *testing.T) (w *os.File) {
	t.Helper()
	_, w = pipeFor(t)
	for _, size := range []int{4096, 1} {
		if err := w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		var err error
		for err == nil {
			_, err = w.Write(make([]byte, size))
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	return w
}

// Whoever reads what a run says can go away or stop reading: the report is written, and the exit code is what the run
// earned.
func TestReadersGone(t *testing.T) {
	for name, tt := range map[string]struct {
		streams func(t *testing.T, p *process) (after func())
		code    int
	}{
		"stderr": {func(t *testing.T, p *process) func() {
			r, w := pipeFor(t)
			p.Stderr = w
			return func() { r.Close(); w.Close() }
		}, exitOK},
		"stdout": {func(t *testing.T, p *process) func() {
			r, w := pipeFor(t)
			p.Stdout = w
			return func() { r.Close(); w.Close() }
		}, exitOK},
		"stderr is full": {func(t *testing.T, p *process) func() {
			p.Stderr = fullPipe(t)
			return func() {}
		}, exitOK},
		"tee and Ctrl-C": {func(t *testing.T, p *process) func() {
			r, w := pipeFor(t)
			p.Stdout, p.Stderr = w, w
			return func() {
				r.Close()
				_ = p.Process.Signal(os.Interrupt) // it runs: check says so
			}
		}, exitInterrupted},
		"both are full, and Ctrl-C": {func(t *testing.T, p *process) func() {
			w := fullPipe(t)
			p.Stdout, p.Stderr = w, w
			return func() { _ = p.Process.Signal(os.Interrupt) } // it runs: check says so
		}, exitInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var after func()
			p := begin(t, func(p *process) { after = tt.streams(t, p) })
			p.awaitLoad(t)
			after()
			p.check(t, tt.code)
		})
	}
}

// Where tee has ended by the same Ctrl-C, the run says where its report is.
func TestInterruptedReaderOfTables(t *testing.T) {
	r, w := pipeFor(t)
	var said bytes.Buffer
	p := begin(t, func(p *process) { p.Stdout, p.Stderr = w, &said })
	p.awaitLoad(t)
	r.Close()
	w.Close()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.check(t, exitInterrupted)
	if !strings.Contains(said.String(), "it is not shown; the report is in "+p.file) {
		t.Errorf("it said %q", said.String())
	}
}

// A signal that comes when the command is over, and the process has yet to end, changes no exit code. It is tried in a
// process of its own: Go cannot undo that a signal is ignored, and processes that a test starts would ignore it too.
func TestSignalAtTheEnd(t *testing.T) {
	const child = "RDIOSTRESS_TEST_SIGNAL_AT_THE_END"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSignalAtTheEnd$")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	ios, _, _ := testStreams()
	ios.Own = true
	_, stop := untilSignal(t.Context(), ios, onSignal{}, syscall.SIGHUP)
	stop()
	for range 3 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
}

// openTerminal returns a new terminal and the end that a person would sit at.
func openTerminal(t *testing.T) (person, terminal *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { person.Close() })
	raw, err := person.SyscallConn() // Fd would have Close wait for a Read
	if err != nil {
		t.Fatal(err)
	}
	var number, unlock uint32
	size := [4]uint16{24, 80}
	for request, value := range map[uintptr]unsafe.Pointer{
		syscall.TIOCGPTN: unsafe.Pointer(&number), syscall.TIOCSPTLCK: unsafe.Pointer(&unlock),
		syscall.TIOCSWINSZ: unsafe.Pointer(&size),
	} {
		var errno syscall.Errno
		err := raw.Control(func(fd uintptr) {
			_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(value))
		})
		if err != nil || errno != 0 {
			t.Fatal(err, errno)
		}
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return person, terminal
}

// A terminal can be closed during a run, also one that was stopped with Ctrl-S.
func TestTerminalCloses(t *testing.T) {
	for name, isStopped := range map[string]bool{"closed": false, "stopped, then closed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			person, terminal := openTerminal(t)
			p := begin(t, func(p *process) {
				p.Stdin, p.Stdout, p.Stderr = terminal, terminal, terminal
				p.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			})
			terminal.Close()
			var shown bytes.Buffer
			read := make(chan struct{})
			if isStopped {
				if _, err := person.Write([]byte{'S' - '@'}); err != nil {
					t.Fatal(err)
				}
				close(read)
			} else {
				go func() { defer close(read); _, _ = io.Copy(&shown, person) }() // ends when it is closed
			}
			p.awaitLoad(t)
			person.Close()
			<-read
			p.check(t, exitInterrupted)
			if !isStopped && !strings.Contains(shown.String(), "accepted") {
				t.Errorf("no progress is shown: %q", shown.String())
			}
		})
	}
}

// A run under nohup goes on when its terminal is closed.
func TestNohup(t *testing.T) {
	t.Parallel()
	p := begin(t, func(p *process) {
		p.Path, p.Args = "/bin/sh", append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, p.Path}, p.Args[1:]...)
	})
	p.awaitLoad(t)
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.check(t, exitOK)
}

// A report that cannot be written is told, and its figures are shown.
func TestReportsToOddPlaces(t *testing.T) {
	for name, tt := range map[string]struct {
		path string
		code int
		said string
	}{
		"a full device":         {"/dev/full", exitNoRun, "write /dev/full: no space left on device"},
		"a pipe without reader": {mkfifo(t), exitNoRun, "it is a pipe that nobody reads"},
		"a device":              {"/dev/null", exitOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, said := ended(t, "", briefly(t, new(atomic.Int64), "2", "--json", tt.path)...)
			if code != tt.code || !strings.Contains(said, tt.said) || !strings.Contains(said, "PASS") {
				t.Errorf("exit code %d, want %d and %q\n%s", code, tt.code, tt.said, said)
			}
		})
	}
}

// A full disk leaves the report that was there.
func TestReportToAFullDisk(t *testing.T) {
	disk := smallDisk(t, "1")
	file := filepath.Join(disk, "report.json")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	defer fill(t, disk)()
	code, said := ended(t, "", briefly(t, new(atomic.Int64), "2", "--json", file)...)
	if code != exitNoRun || !strings.Contains(said, "write "+file+": no space left on device") ||
		!strings.Contains(said, "PASS") {
		t.Errorf("exit code %d\n%s", code, said)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "old" {
		t.Errorf("%q, %v", text, err)
	}
	if files, err := os.ReadDir(disk); err != nil || len(files) != 2 { // and the ballast
		t.Errorf("%v, %v", files, err)
	}
}

// That a report could not be written does not hide that calls are lost.
func TestLossWithoutReport(t *testing.T) {
	q := startQueueing(t, func(q *queueing) { q.lose = everyNth(5, "no matching system/talkgroup") })
	code, said := ended(t, "", few(q.URL, "--verify", "sqlite:"+q.path, "--json", "/dev/full")...)
	if code != exitLoss || !strings.Contains(said, "write /dev/full") {
		t.Errorf("exit code %d\n%s", code, said)
	}
}

// Results that are not taken are an error, unless nobody wants them.
func TestResultsNotTaken(t *testing.T) {
	disk, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	r, gone := pipeFor(t)
	r.Close()
	tables := briefly(t, new(atomic.Int64), "2", "--quiet")
	asJSON := briefly(t, new(atomic.Int64), "2", "--quiet", "--json", "-")
	for name, tt := range map[string]struct {
		args []string
		out  *os.File
		code int
		said string
	}{
		"tables on a full disk": {
			tables, disk, exitNoRun, "cannot write the result to stdout: no space left on device",
		},
		"report on a full disk": {
			asJSON, disk, exitNoRun, "cannot write the report to stdout: no space left on device",
		},
		"report without reader":   {asJSON, gone, exitNoRun, "cannot write the report to stdout: broken pipe"},
		"tables without reader":   {tables, gone, exitOK, "calls of this run are left on the server"},
		"help without reader":     {[]string{"run", "--help"}, gone, exitOK, ""},
		"scenario without reader": {[]string{"scenario", "show"}, gone, exitOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program(t), tt.args...)
			var errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = tt.out, &errs
			_ = cmd.Run() // its exit code tells
			if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(errs.String(), tt.said) ||
				tt.said == "" && errs.Len() > 0 {
				t.Errorf("exit code %d, want %d\n%s", code, tt.code, errs.String())
			}
		})
	}
}

// A server whose log nobody takes serves on.
func TestServeWithoutLogReader(t *testing.T) {
	for name, streams := range map[string]func(t *testing.T) (w *os.File, after func()){
		"gone": func(t *testing.T) (*os.File, func()) { r, w := pipeFor(t); return w, func() { r.Close() } },
		"full": func(t *testing.T) (*os.File, func()) { return fullPipe(t), func() {} },
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			cmd := exec.Command(program(t), "serve", "--listen", "127.0.0.1:0", "--data-dir", data)
			w, after := streams(t)
			cmd.Stderr = w
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended, if all is well
			line := make([]byte, 100)
			n, err := out.Read(line)
			if err != nil {
				t.Fatal(err)
			}
			url := strings.TrimSpace(strings.TrimPrefix(string(line[:n]), listening))
			after()
			client := http.Client{Timeout: 10 * time.Second}
			for range 3 { // refused, which is logged
				resp, err := client.Post(url+"/api/call-upload", "text/plain", strings.NewReader("no form"))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}
