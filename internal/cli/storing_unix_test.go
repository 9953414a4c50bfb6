//go:build unix

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/testenv"
)

// waitingRun is a run of a process of its own that waits for storage.
type waitingRun struct {
	*exec.Cmd
	errs  testenv.Output
	file  string // of the report
	ended chan error
}

// startWaiting starts a run, and returns when it waits for storage.
func startWaiting(t *testing.T, q *queueing) *waitingRun {
	t.Helper()
	r := &waitingRun{file: filepath.Join(t.TempDir(), "report.json"), ended: make(chan error, 1)}
	r.Cmd = exec.Command(program(t),
		few(q.URL, "--verify", "sqlite:"+q.path, "--verify-timeout", "60", "--json", r.file)...)
	r.Stderr = &r.errs
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.Wait() }()
	t.Cleanup(func() { _ = r.Process.Kill() })
	r.until(t, func() bool { return strings.Contains(r.errs.String(), "waiting for storage: ") })
	return r
}

// until waits for something that the run does.
func (r *waitingRun) until(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); {
		select {
		case err := <-r.ended:
			t.Fatalf("it has ended: %v\n%s", err, r.errs.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not come to that:\n%s", r.errs.String())
		}
	}
}

// exit waits for the run's end, which must be soon, and returns its exit code.
func (r *waitingRun) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(time.Minute):
		t.Fatalf("it does not end:\n%s", r.errs.String())
	}
	return r.ProcessState.ExitCode()
}

// The first Ctrl-C while it is waited for storage ends the waiting: what is not stored is pending, and the run is none
// that was interrupted. Only a loss that is certain is one.
func TestInterruptedWhileWaiting(t *testing.T) {
	for name, tt := range map[string]struct {
		lose    func(int) string
		exit    int
		storage judge.Storage
	}{
		"pending":     {everyNth(1000, ""), exitMissed, judge.StoragePending},
		"a sure loss": {everyNth(5, "no matching system/talkgroup"), exitLoss, judge.StorageLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startWaiting(t, startQueueing(t, func(q *queueing) { q.gap, q.lose = 400*time.Millisecond, tt.lose }))
			if err := r.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			code := r.exit(t)
			if code != tt.exit || !strings.Contains(r.errs.String(), "no longer waiting for storage") {
				t.Errorf("exit code %d, want %d\n%s", code, tt.exit, r.errs.String())
			}
			rep := readReport(t, r.file)
			d := rep.Delivery
			if rep.Run.Interrupted || rep.Verdict.Storage != tt.storage || *d.Pending == 0 || *d.Stored == 0 ||
				d.WaitEnd != measure.WaitStopped {
				t.Errorf("interrupted %t, storage %s, %d stored, %d pending, %s", rep.Run.Interrupted,
					rep.Verdict.Storage, *d.Stored, *d.Pending, d.WaitEnd)
			}
		})
	}
}

// The second one leaves at once, whatever is being read: here a database that stays locked.
func TestInterruptedTwiceWhileWaiting(t *testing.T) {
	t.Parallel()
	q := startQueueing(t, func(q *queueing) { q.gap = 400 * time.Millisecond })
	r := startWaiting(t, q)
	conn, err := q.db.Conn(t.Context()) // its only one: the server stores no more
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := r.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	r.until(t, func() bool { return strings.Contains(r.errs.String(), "no longer waiting for storage") })
	code := -1
	for code < 0 { // one that comes within a second of the first is the same wish
		_ = r.Process.Signal(syscall.SIGINT) // it may just have ended
		select {
		case <-r.ended:
			code = r.ProcessState.ExitCode()
		case <-time.After(100 * time.Millisecond):
		}
	}
	if code != exitInterrupted || !strings.Contains(r.errs.String(), "left at once") {
		t.Errorf("exit code %d\n%s", code, r.errs.String())
	}
	if _, err := os.Stat(r.file); err == nil {
		t.Error("there is a report")
	}
}
