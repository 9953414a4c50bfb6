package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/report"
	"rdiostress/internal/testenv"
)

// runOn makes a run on a server, and returns its report, what it said and its exit code.
func runOn(t *testing.T, s *learningServer, args ...string) (rep report.Report, said string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{
		"run", "--url", s.url, "--json", "-", "--watch", "none", "--verify", "sqlite:" + s.path, "--verify-audio=false",
	}, args...)
	code = run(t.Context(), args, &streams{Out: &out, Err: &errs})
	rep, err := report.Read(&out)
	if err != nil {
		t.Fatalf("%v: exit code %d, %s", err, code, errs.String())
	}
	return rep, errs.String(), code
}

// primedNames and runNames are SQL patterns of the names of a run's calls.
func primedNames(rep *report.Report) string { return "%rs-" + rep.Run.ID + "-prime-%" }
func runNames(rep *report.Report) string    { return "%rs-" + rep.Run.ID + "-0%" }

// The calls by which a server learns come before the run, as fast as it stores them, and are in nothing that the run
// measures.
func TestPrimingIsNoPartOfTheRun(t *testing.T) {
	testenv.Slow(t, "needs a quiet machine")
	t.Parallel()
	// On a busy machine, a call of a known talkgroup can take a tenth of a second.
	s := (&learningServer{learn: 200 * time.Millisecond, more: time.Millisecond, store: 2 * time.Millisecond}).start(t)
	rep, said, code := runOn(t, s, "--rate", "40", "--duration", "4")
	m := rep.Priming
	if m == nil || m.Stored == nil || m.NotKnown == nil || m.KnownBefore == nil {
		t.Fatalf("exit code %d, priming %+v: %s", code, m, said)
	}
	few := m.Talkgroups >= 30 && m.Talkgroups < 80
	if rep.Scenario.Talkgroups != "1001-1100" || !few || *m.NotKnown != 0 || m.LeftOut != 0 {
		t.Errorf("talkgroups %s: %+v", rep.Scenario.Talkgroups, m)
	}
	const called = `SELECT COUNT(*) FROM "calls" WHERE "audioFilename" LIKE ?`
	primed := s.count(t, called, primedNames(&rep))
	// The preflight's call may have had it learn one.
	if *m.KnownBefore > 1 || m.Calls != m.Talkgroups-*m.KnownBefore+5 || m.Accepted != m.Calls ||
		*m.Stored != m.Calls || primed != int64(m.Calls) {
		t.Errorf("%d primed calls are stored: %+v", primed, m)
	}
	d := rep.Delivery
	if n := s.count(t, called, runNames(&rep)); n != 160 || rep.Totals.Attempted != 160 || *d.Acknowledged != 160 ||
		*d.Stored != 160 {
		t.Errorf("%d calls of the run are stored: %+v", n, rep.Totals)
	}
	if *d.Duplicated > 0 || *d.BacklogMax > 100 || len(rep.Phases) != 1 || rep.FirstCalls != nil {
		t.Errorf("%+v, phases %v, first calls %v", rep.Delivery, rep.Phases, rep.FirstCalls)
	}
	used := s.count(t, `SELECT COUNT(DISTINCT "talkgroupId") FROM "calls" WHERE "audioFilename" LIKE ?`, runNames(&rep))
	if used != int64(m.Talkgroups) {
		t.Errorf("the run used %d talkgroups of %d primed ones", used, m.Talkgroups)
	}
	recent := time.Now().Add(-30 * time.Second).UnixMilli()
	if late := s.count(t, `SELECT COUNT(*) FROM "calls" WHERE "timestamp" > ?`, recent); late != 0 {
		t.Errorf("%d calls are dated later than half a minute ago", late)
	}
	if len(rep.Diagnosis) == 0 || !strings.Contains(said, "priming: the server learned") {
		t.Fatalf("findings %v, said %s", rep.Diagnosis, said)
	}
	if rep.Diagnosis[0].ID != "talkgroup-learning" {
		t.Errorf("found %+v", rep.Diagnosis)
	}
}

// When its time is over, a run does without default talkgroups that the server does not know, and with those that the
// user has named.
func TestPrimingEndsInTime(t *testing.T) {
	t.Parallel()
	for name, named := range map[string]bool{"default": false, "named": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := (&learningServer{learn: 150 * time.Millisecond, store: 2 * time.Millisecond}).start(t)
			args := []string{"--max-concurrent", "1", "--think-time", "0.02", "--duration", "2", "--prime-max", "3"}
			if named {
				args = append(args, "--talkgroups", "1001-1100")
			}
			rep, said, _ := runOn(t, s, args...)
			m := rep.Priming
			if m == nil || !m.TimeUp || m.Talkgroups != 100 || m.DurationS < 3 || m.DurationS > 5 || *m.NotKnown < 70 {
				t.Fatalf("%+v: %s", m, said)
			}
			left := fmt.Sprintf("the server does not know %d of the 100 talkgroups of this run yet, after 3s "+
				"(--prime-max): ", *m.NotKnown)
			// The preflight's call has had it learn one too.
			strange := s.count(t, `SELECT COUNT(*) FROM "calls" WHERE "audioFilename" LIKE ? AND "talkgroupId" NOT IN
				(SELECT "talkgroupId" FROM "calls" WHERE "audioFilename" LIKE ? OR "audioFilename" LIKE ?)`,
				runNames(&rep), primedNames(&rep), "%rs-"+rep.Run.ID+"-probe%")
			switch {
			case named && (rep.Scenario.Talkgroups != "1001-1100" || m.LeftOut != 0 || strange == 0),
				!named &&
					(m.LeftOut != *m.NotKnown || strange != 0 ||
						!strings.HasPrefix(rep.Scenario.Talkgroups, "1001-10")):
				t.Errorf("talkgroups %s: %+v, %d calls of ones that are not known", rep.Scenario.Talkgroups, m, strange)
			case named && !strings.Contains(said, left+"their first calls have it learn them"),
				!named && !strings.Contains(said, left+"the run does without them"):
				t.Error(said)
			}
		})
	}
}

// Where what is stored cannot be seen, priming keeps to the rate, and says what it could not see.
func TestPrimingBlind(t *testing.T) {
	t.Parallel()
	s := (&learningServer{store: time.Millisecond}).start(t)
	rep, said, _ := runOn(t, s, "--verify", "none", "--rate", "25", "--duration", "3")
	m := rep.Priming
	if m == nil || m.Stored != nil || m.NotKnown != nil || m.KnownBefore != nil ||
		m.Calls != m.Talkgroups || m.Accepted != m.Calls {
		t.Fatalf("%+v: %s", m, said)
	}
	if least := float64(m.Calls-1) / 25; m.DurationS < least || m.DurationS > least+8 {
		t.Errorf("%d calls took %v s", m.Calls, m.DurationS)
	}
	if !strings.Contains(m.Unseen, "what is stored cannot be seen: not asked for; its process is not seen either") {
		t.Errorf("unseen: %s", m.Unseen)
	}
}

// A signal while the server learns ends the command, before there is a run.
func TestPrimingIsInterrupted(t *testing.T) {
	t.Parallel()
	s := (&learningServer{learn: 300 * time.Millisecond}).start(t)
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	errs := &watchedWriter{on: "one call of each", do: func() { time.AfterFunc(time.Second, cancel) }}
	args := []string{"run", "--url", s.url, "--watch", "none", "--verify", "sqlite:" + s.path}
	code := run(ctx, args, &streams{Out: &out, Err: errs})
	const want = "error: interrupted before the run began"
	if code != exitInterrupted || !strings.Contains(errs.String(), want) || out.Len() > 0 {
		t.Errorf("exit code %d, %s%s", code, errs.String(), out.String())
	}
}

// watchedWriter keeps what is written, and for how long nothing was.
type watchedWriter struct {
	on string // what is written when do is called, once
	do func()

	mu      sync.Mutex
	text    bytes.Buffer
	last    time.Time
	longest time.Duration
	before  string // what was written before that
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if still := now.Sub(w.last); !w.last.IsZero() && still > w.longest {
		w.longest, w.before = still, w.text.String()
	}
	w.last = now
	if w.do != nil && strings.Contains(string(p), w.on) {
		w.do()
		w.do = nil
	}
	return w.text.Write(p)
}

func (w *watchedWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// On a terminal, nothing is silent for longer than 2 s before the calls of a run, however slow the server.
func TestNothingIsSilentBeforeTheRun(t *testing.T) {
	testenv.Slow(t, "it takes ten seconds")
	t.Parallel()
	for _, command := range []string{"run", "capacity"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			s := (&learningServer{greet: 4 * time.Second, learn: 3 * time.Second, store: time.Millisecond}).start(t)
			errs := &watchedWriter{last: time.Now()}
			args := []string{
				command, "--url", s.url, "--verify", "sqlite:" + s.path, "--watch", "none", "--talkgroups", "1-3",
				"--verify-audio=false",
			}
			if command == "run" {
				args = append(args, "--rate", "10", "--duration", "1")
			} else {
				args = append(args, "--start", "1", "--max-rate", "1", "--max-time", "17")
			}
			code := run(t.Context(), args, &streams{Out: io.Discard, Err: errs, ErrTerminal: true})
			const busy = 500 * time.Millisecond // that this machine may be
			if errs.longest > 2*time.Second+busy {
				t.Errorf("nothing was written for %v, after:\n%q", errs.longest, errs.before)
			}
			for _, want := range []string{
				"checking whether the server accepts calls, for 3 s",
				`priming, \d+s of at most 1m`, `[12] of 3 talkgroups, `,
			} {
				if !regexp.MustCompile(want).MatchString(errs.String()) {
					t.Errorf("exit code %d, not said: %s\n%q", code, want, errs.String())
				}
			}
		})
	}
}

// A search primes once, before its first step, all talkgroups that later steps may use.
func TestCapacityPrimesOnce(t *testing.T) {
	testenv.Slow(t, "it takes half a minute")
	t.Parallel()
	s := (&learningServer{learn: 5 * time.Millisecond, store: time.Millisecond}).start(t)
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{
		"capacity", "--url", s.url, "--json", "-", "--watch", "none", "--verify", "sqlite:" +
			s.path, "--verify-audio=false",
		"--start", "20", "--max-rate", "40", "--hold", "3", "--max-time", "40",
	}, &streams{Out: &out, Err: &errs})
	var rep report.Capacity
	if err := json.Unmarshal(out.Bytes(), &rep); err != nil {
		t.Fatalf("%v: exit code %d, %s", err, code, errs.String())
	}
	m := rep.Priming
	if m == nil || m.Talkgroups != 100 || *m.Stored != 105-*m.KnownBefore || *m.NotKnown != 0 || len(rep.Steps) < 2 {
		t.Fatalf("%+v, %d steps: %s", m, len(rep.Steps), errs.String())
	}
	if n := s.count(t, `SELECT COUNT(*) FROM "calls" WHERE "audioFilename" LIKE '%-prime-%'`); n != int64(*m.Stored) {
		t.Errorf("%d calls primed the server", n)
	}
}
