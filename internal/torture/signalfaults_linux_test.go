package torture

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/exitcode"
)

// A phase of a run, in the order in which a run goes through them.
type phase int

const (
	atStart phase = iota
	inPreflight
	inPriming
	inLoad
	inDrain
	inVerification
	inReport
	inTables
)

// signalFaults send each signal to a run in each of its phases.
func signalFaults() []*fault {
	names := []string{
		"as it starts", "in the preflight", "while it primes", "under load", "while it drains", "while it verifies",
		"while it writes its report", "while it writes its tables",
	}
	var list []*fault
	for p, name := range names {
		list = append(list, &fault{"signals " + name, ofRun, func(r *round) { signalled(r, phase(p)) }})
	}
	return append(list, []*fault{
		{"SIGSTOP and SIGCONT under load", ofRun, generatorPaused},
		{"its server killed and started again", ofRun, func(r *round) { serverStruck(r, killAndStart) }},
		{"its server stopped for a while", ofRun, func(r *round) { serverStruck(r, stopAndContinue) }},
	}...)
}

// blow is a signal that a run gets.
type blow struct {
	name   string
	signal syscall.Signal
	twice  bool // a second time, in earnest
}

func blows() []blow {
	return []blow{
		{"SIGINT", syscall.SIGINT, false},
		{"SIGTERM", syscall.SIGTERM, false},
		{"SIGHUP", syscall.SIGHUP, false},
		{"SIGPIPE", syscall.SIGPIPE, false},
		{"SIGKILL", syscall.SIGKILL, false},
		{"SIGINT twice", syscall.SIGINT, true},
	}
}

const loadTime = 1500 * time.Millisecond // of load

// signalled sends signals to runs in a phase of theirs: their reports are whole, or absent where there is nothing to
// report yet, or nobody is left to write it.
func signalled(r *round, p phase) {
	s := r.sqlite()
	all := blows()
	if !r.isLong { // one in each phase
		all = all[int(p)%len(all):][:1]
	}
	var work sync.WaitGroup
	runs := make([]*generator, len(all))
	for i, b := range all {
		g, reached, release := r.startTrapped(s, p, i)
		runs[i] = g
		delay := r.between(0, 10*time.Millisecond, 40*time.Millisecond)
		work.Go(func() {
			defer release()
			select {
			case <-reached:
			case <-g.ended:
				return
			}
			time.Sleep(delay)                  // the moment is drawn
			_ = g.cmd.Process.Signal(b.signal) // it may have ended
			time.Sleep(30 * time.Millisecond)  // so that the signal is there before what was held back
			for b.twice && !g.hasEnded() {     // a second one within a second counts as the first
				release()
				time.Sleep(1100 * time.Millisecond)
				_ = g.cmd.Process.Signal(b.signal)
				return
			}
		})
	}
	work.Wait()
	for i, b := range all {
		runs[i].checkBlow(b, p, runs[i].end())
	}
}

// checkBlow checks how a run ended that got a signal in a phase.
func (g *generator) checkBlow(b blow, p phase, e ending) {
	g.r.Helper()
	isSound := e.code == exitcode.OK || e.code == exitcode.Missed || e.code == exitcode.Inconclusive
	switch {
	case b.twice, b.signal == syscall.SIGKILL, e.isKilled && p == atStart:
		return // whatever it had time for
	case b.signal == syscall.SIGPIPE && (!isSound || e.report == nil):
		g.r.breaks("%s changes the exit code to %d, a report: %t", b.name, e.code, e.report != nil)
	case b.signal == syscall.SIGPIPE:
	case e.isKilled:
		g.r.breaks("%s kills the run", b.name)
	case !isSound && e.code != exitcode.Interrupted, e.code != exitcode.Interrupted && p <= inLoad:
		g.r.breaks("%s: exit code %d", b.name, e.code)
	case p >= inLoad && e.report == nil:
		g.r.breaks("%s: no report", b.name)
	}
}

// startTrapped starts a run that says when it has reached a phase, and is held there until it is released.
func (r *round) startTrapped(s *server, p phase, n int) (g *generator, reached <-chan struct{}, release func()) {
	r.Helper()
	t := &trap{phase: p, reached: make(chan struct{}), released: make(chan struct{})}
	front := r.newFront(s.url, t.hook)
	g = r.startRun(runLimit, "--url", front, "--duration", loadTime.String(), "--rate", "40/s",
		"--max-concurrent", "60", "--talkgroups", "1001-1003", "--systems", strconv.Itoa(100+n), "--prime", "on",
		"--watch", "none", "--verify", "api="+front)
	if p == atStart {
		t.reach()
	}
	if p >= inReport {
		go t.watchReport(g)
	}
	return g, t.reached, sync.OnceFunc(func() { close(t.released) })
}

// trap is a front of a server that sees in which phase a run is, and holds it there.
type trap struct {
	phase             phase
	reached, released chan struct{}
	once              sync.Once

	primes, calls, inFlight atomic.Int64
	began                   atomic.Int64 // the load, in Unix nanoseconds
}

func (t *trap) reach() { t.once.Do(func() { close(t.reached) }) }

// hold holds a request back until the trap is released.
func (t *trap) hold() { clock.Wait(10*time.Second, t.released, nil) }

// sinceBegan is how long the load has lasted.
func (t *trap) sinceBegan() time.Duration {
	if began := t.began.Load(); began > 0 {
		return time.Since(time.Unix(0, began))
	}
	return 0
}

// hook looks at a request, and lets it pass in the end.
func (t *trap) hook(_ http.ResponseWriter, req *http.Request) bool {
	if req.Method != http.MethodPost {
		if t.phase == inVerification && t.sinceBegan() > loadTime && t.inFlight.Load() == 0 {
			t.reach()
			t.hold()
		}
		return false
	}
	t.inFlight.Add(1)
	defer t.inFlight.Add(-1)
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return false
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	t.seeUpload(body)
	return false
}

// seeUpload sees an upload pass, or holds it.
func (t *trap) seeUpload(body []byte) {
	switch isPrime := bytes.Contains(body, []byte("-prime")); {
	case t.phase == inPreflight:
		t.reach()
		t.hold()
	case isPrime:
		if t.primes.Add(1) == 2 && t.phase == inPriming {
			t.reach()
			t.hold()
		}
	case t.primes.Load() > 0:
		if t.calls.Add(1) == 1 {
			t.began.Store(time.Now().UnixNano())
		}
		switch {
		case t.phase == inLoad && t.calls.Load() == 20:
			t.reach()
		case t.phase == inDrain && t.sinceBegan() > loadTime-300*time.Millisecond:
			time.AfterFunc(loadTime+200*time.Millisecond-t.sinceBegan(), t.reach)
			t.hold()
		}
	}
}

// watchReport waits for the moment in which a new report begins to be written, or is there.
func (t *trap) watchReport(g *generator) {
	for ; !g.hasEnded(); time.Sleep(200 * time.Microsecond) { // a report is written in a few milliseconds
		if t.sinceBegan() < loadTime { // a file that comes and goes by then only shows that one can be written
			continue
		}
		entries, _ := os.ReadDir(filepath.Dir(g.file))
		if t.phase == inReport && len(entries) > 1 {
			t.reach()
			return
		}
		if text, _ := os.ReadFile(g.file); string(text) != old {
			t.reach()
			return
		}
	}
}

// generatorPaused stops a run for a while, as a laptop does that is closed. Its report is whole, and does not blame the
// server for that time.
func generatorPaused(r *round) {
	s := r.sqlite()
	g := r.startRun(runLimit, "--url", s.url, "--duration", "5", "--rate", "50/s", "--prime", "off", "--watch", "none",
		"--verify", "api")
	r.pass(r.between(2*time.Second, 2500*time.Millisecond, 4*time.Second))
	stop := r.between(200*time.Millisecond, 500*time.Millisecond, 3*time.Second)
	_ = g.cmd.Process.Signal(syscall.SIGSTOP) // it runs
	r.pass(stop)
	_ = g.cmd.Process.Signal(syscall.SIGCONT)
	e := g.end()
	if e.report == nil {
		r.breaks("no report: exit code %d", e.code)
		return
	}
	if stops := e.report.Generator.Stops; stops == nil || stops.Count == 0 || stops.LongestS < 0.8*stop.Seconds() {
		r.breaks("the run was stopped for %v, and the report says of that: %+v", stop, stops)
	}
	if d := e.report.Delivery; d.Stored == nil || *d.Stored != e.report.Totals.Accepted {
		r.breaks("%d calls are accepted, and stored by the report: %+v", e.report.Totals.Accepted, d.Stored)
	}
}

// serverStruck strikes the server under a run's load. The run counts what became of its calls as the database has it.
func serverStruck(r *round, strike func(r *round, s *server)) {
	s := r.sqlite()
	args := []string{
		"--url", s.url, "--duration", "4", "--rate", "60/s", "--prime", "off", "--watch", "none", "--verify", "api",
		"--verify-timeout", "5", "--timeout", "5",
	}
	if r.random.IntN(2) == 0 {
		args = append(args, "--client-retries=0.5s,1s,2s")
	}
	g := r.startRun(2*runLimit, args...)
	r.pass(r.between(time.Second, 3*time.Second, 3*time.Second))
	strike(r, s)
	e := g.end()
	if e.report == nil {
		r.breaks("no report: exit code %d", e.code)
		return
	}
	found := s.countOf(e.report.Run.ID)
	d, accepted := e.report.Delivery, e.report.Totals.Accepted
	switch {
	case d.Stored == nil || d.Lost == nil || d.Duplicated == nil || d.UnansweredStored == nil:
		r.breaks("the run does not say what is stored: %s", d.Absent)
	case *d.Stored != accepted || *d.Lost+*d.Duplicated > 0:
		r.breaks("of %d accepted calls the run calls %d stored, %d lost, %d doubled", accepted, *d.Stored, *d.Lost,
			*d.Duplicated)
	case found < *d.Stored+*d.UnansweredStored, found > e.report.Totals.Attempted:
		// What was not answered in time may be stored when the run has ended.
		r.breaks("the database has %d calls of the run, which says that %d are stored, and %d without an answer", found,
			*d.Stored, *d.UnansweredStored)
	}
}
