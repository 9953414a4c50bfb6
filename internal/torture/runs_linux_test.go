package torture

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv"
)

// generator is a run command in a process of its own, whose report goes to a file where another one was.
type generator struct {
	r     *round
	cmd   *exec.Cmd
	file  string
	log   *testenv.Output
	began time.Time
	ended chan struct{}
	took  time.Duration
	limit time.Duration // after which it is killed
	peak  int64         // bytes of memory; set when it has ended
}

// old is what lies where the report is to be.
const old = "the report of an earlier run"

// startRun starts a run against a server, which must end within limit by itself.
func (r *round) startRun(limit time.Duration, args ...string) *generator {
	r.Helper()
	g := &generator{
		r: r, file: filepath.Join(r.TempDir(), "report.json"), log: &testenv.Output{}, began: time.Now(),
		ended: make(chan struct{}), limit: limit,
	}
	if err := os.WriteFile(g.file, []byte(old), 0o600); err != nil {
		r.Fatal(err)
	}
	g.cmd = exec.Command(r.rig.program, append([]string{"run", "--quiet", "--json", g.file}, args...)...)
	g.cmd.Stdout, g.cmd.Stderr = g.log, g.log
	if err := g.cmd.Start(); err != nil {
		r.Fatal(err)
	}
	stopWatching := g.watchMemory()
	late := time.AfterFunc(limit, func() { _ = g.cmd.Process.Kill() }) // it may have ended
	go func() {
		_ = g.cmd.Wait() // ProcessState says how
		late.Stop()
		stopWatching()
		g.took = time.Since(g.began)
		close(g.ended)
	}()
	r.Cleanup(func() { _ = g.cmd.Process.Kill(); <-g.ended })
	return g
}

// watchMemory reads again and again how much memory the run has taken at most, until stop is called. What wait4 says of
// that would not do: a process that was just forked has that of its parent.
func (g *generator) watchMemory() (stop func()) {
	return clock.Every(20*time.Millisecond, func(last bool) {
		if last {
			return // the process is gone
		}
		if peak, ok := testenv.PeakMemory(g.cmd.Process.Pid); ok {
			g.peak = peak
		}
	})
}

func (g *generator) hasEnded() bool {
	select {
	case <-g.ended:
		return true
	default:
		return false
	}
}

// ending is how a run ended.
type ending struct {
	code     int
	isKilled bool // by a signal
	report   *report.Report
	said     string
}

// end waits for a run's end, and counts it: its report must be whole, or be that of the earlier run still.
func (g *generator) end() ending {
	g.r.Helper()
	<-g.ended
	t := &g.r.tally
	t.strikes++
	t.late = max(t.late, g.took)
	state := g.cmd.ProcessState
	e := ending{code: state.ExitCode(), isKilled: !state.Exited(), said: g.log.String()}
	t.exit(e.code, 1)
	if g.took >= g.limit {
		g.r.breaks("a run does not end: killed after %.0f s", g.took.Seconds())
	}
	for _, word := range []string{"panic", "fatal error", "goroutine "} {
		if strings.Contains(e.said, word) {
			g.r.breaks("a run said %q", lineWith(e.said, word))
		}
	}
	text, err := os.ReadFile(g.file)
	switch {
	case err != nil:
		t.half++
		g.r.breaks("the report of an earlier run is gone: %v", err)
	case string(text) == old:
		t.absent++
	default:
		rep, err := report.Read(bytes.NewReader(text))
		if err != nil {
			t.half++
			g.r.breaks("half a report: %v", err)
			break
		}
		t.whole++
		e.report = &rep
		g.checkReport(e)
	}
	g.checkRest(e)
	if g.r.Failed() {
		g.r.Logf("a run ended with %v and said:\n%s", state, lastLines(e.said, 30))
	}
	return e
}

// checkReport looks for contradictions between a report and how the run ended.
func (g *generator) checkReport(e ending) {
	g.r.Helper()
	t := e.report.Totals
	if t.Attempted != t.Accepted+t.Failed {
		g.r.breaks("of %d calls attempted, %d are accepted and %d failed", t.Attempted, t.Accepted, t.Failed)
	}
	if isInterrupted := e.code == exitcode.Interrupted; !e.isKilled && isInterrupted != e.report.Run.Interrupted {
		g.r.breaks("exit code %d, and the report says interrupted: %t", e.code, e.report.Run.Interrupted)
	}
	if !e.isKilled && e.code != e.report.Verdict.ExitCode {
		g.r.breaks("exit code %d, and the report says %d", e.code, e.report.Verdict.ExitCode)
	}
}

// checkRest looks for what a run has left beside its report. A killed one may leave the beginning of a new one there.
func (g *generator) checkRest(e ending) {
	g.r.Helper()
	entries, err := os.ReadDir(filepath.Dir(g.file))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		g.r.Error(err)
	}
	isReport := func(entry os.DirEntry) bool { return entry.Name() == filepath.Base(g.file) }
	if rest := slices.DeleteFunc(entries, isReport); len(rest) > 0 && !e.isKilled {
		g.r.breaks("a run has left %s beside its report", rest[0].Name())
	}
}
