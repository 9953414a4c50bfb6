package torture

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
)

// The variables by which "make torture" says how long and what to try.
const (
	timeVariable    = "RDIOSTRESS_TEST_TORTURE_TIME"    // such as 20m; without it each fault is tried once, briefly
	onlyVariable    = "RDIOSTRESS_TEST_TORTURE_ONLY"    // a regular expression: faults whose names match
	seedVariable    = "RDIOSTRESS_TEST_TORTURE_SEED"    // of all times and choices; 1 if not set
	accountVariable = "RDIOSTRESS_TEST_TORTURE_ACCOUNT" // the file that the account is written to
)

// settings say what to try.
type settings struct {
	time    time.Duration // 0 is each fault once
	only    *regexp.Regexp
	seed    uint64
	account string
}

func readSettings(t *testing.T) settings {
	t.Helper()
	s := settings{account: os.Getenv(accountVariable)}
	var err error
	if text := os.Getenv(timeVariable); text != "" {
		if s.time, err = time.ParseDuration(text); err != nil || s.time <= 0 {
			t.Fatalf("%s=%q is not a duration", timeVariable, text)
		}
	}
	if s.only, err = regexp.Compile(os.Getenv(onlyVariable)); err != nil {
		t.Fatalf("%s: %v", onlyVariable, err)
	}
	if s.seed, err = strconv.ParseUint(cmp.Or(os.Getenv(seedVariable), "1"), 10, 64); err != nil {
		t.Fatalf("%s: %v", seedVariable, err)
	}
	return s
}

// fault is something that goes wrong.
type fault struct {
	name  string
	of    subject
	round func(r *round)
}

// subject is which command a fault strikes, and so the table that it stands in.
type subject int

const (
	ofServe subject = iota
	ofRun
)

func faults() []*fault {
	list := append(serverFaults(), goneFaults()...)
	list = append(list, diskFaults()...)
	list = append(list, postgresFaults()...)
	list = append(list, clientFaults()...)
	list = append(list, hostileFaults()...)
	return append(list, signalFaults()...)
}

// Whatever goes wrong, what the program promises holds.
func TestTorture(t *testing.T) {
	testenv.Slow(t, "builds the program and maltreats it")
	if signal.Ignored(syscall.SIGHUP) { // as below nohup, and what is started here would ignore it too
		heard := make(chan os.Signal, 1)
		signal.Notify(heard, syscall.SIGHUP)
		defer signal.Stop(heard)
	}
	s := readSettings(t)
	var chosen []*fault
	for _, f := range faults() {
		if s.only.MatchString(f.name) {
			chosen = append(chosen, f)
		}
	}
	if len(chosen) == 0 {
		t.Fatalf("%s=%s matches no fault", onlyVariable, s.only)
	}
	rig := newRig(t, s)
	began := time.Now()
	t.Run("rounds", func(t *testing.T) { rig.goThrough(t, chosen, began) })
	text := rig.account.markdown(chosen, s, time.Since(began))
	t.Logf("the account:\n%s", text)
	if s.account == "" {
		return
	}
	if err := os.WriteFile(s.account, []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}

// rig is what all rounds share.
type rig struct {
	settings settings
	program  string
	account  account

	alone   sync.RWMutex // held for writing by a round beside which there is no other
	parent  *testing.T   // which outlives the rounds
	struck  sync.RWMutex // held for writing by a round that strikes the cluster, for reading by one that uses it
	started sync.Once
	cluster *pgtest.Cluster
}

// newRig builds the program.
func newRig(t *testing.T, s settings) *rig {
	t.Helper()
	return &rig{settings: s, program: testenv.Build(t), parent: t}
}

// lanes is how many rounds are made at the same time: most of a round is waiting.
const lanes = 4

// goThrough makes rounds of the faults, in an order that the seed draws: one of each, and more until the time is up.
func (rig *rig) goThrough(t *testing.T, chosen []*fault, began time.Time) {
	type job struct {
		fault  *fault
		number int
	}
	jobs := make(chan job)
	var work sync.WaitGroup
	for range lanes {
		work.Go(func() {
			for j := range jobs {
				name := fmt.Sprintf("%s/%d", strings.ReplaceAll(j.fault.name, " ", "_"), j.number)
				t.Run(name, func(t *testing.T) { rig.round(t, j.fault, j.number) })
			}
		})
	}
	defer work.Wait()
	defer close(jobs)
	for number := 1; number == 1 || rig.settings.time > 0; number++ {
		for _, i := range rand.New(rand.NewPCG(rig.settings.seed, uint64(number))).Perm(len(chosen)) {
			if number > 1 && time.Since(began) >= rig.settings.time {
				return
			}
			jobs <- job{chosen[i], number}
		}
	}
}

// round is one time that a fault strikes.
type round struct {
	*testing.T
	rig    *rig
	number int
	isLong bool // there is time: not one of the rounds of a normal test
	random *rand.Rand
	tally  tally
	leave  func() // lets others go on
}

func (rig *rig) round(t *testing.T, f *fault, number int) {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s/%d", f.name, number)
	r := &round{
		T: t, rig: rig, number: number, isLong: rig.settings.time > 0,
		random: rand.New(rand.NewPCG(rig.settings.seed, hash.Sum64())),
	}
	rig.alone.RLock()
	r.leave = rig.alone.RUnlock
	began := time.Now()
	defer func() {
		r.leave()
		if t.Skipped() {
			rig.account.skip(f.name, r.tally.skipped)
			return
		}
		if t.Failed() && len(r.tally.broken) == 0 {
			r.tally.broken = append(r.tally.broken, "the round could not be made to its end")
		}
		rig.account.add(f.name, &r.tally)
		t.Logf("%s, round %d, %.1f s: %s", f.name, number, time.Since(began).Seconds(), r.tally.line(f.of))
	}()
	f.round(r)
}

// beAlone waits until no other round goes on, and lets none begin until this one is over.
func (r *round) beAlone() {
	r.leave()
	r.rig.alone.Lock()
	r.leave = r.rig.alone.Unlock
}

// breaks says that a promise is broken.
func (r *round) breaks(format string, args ...any) {
	r.Helper()
	text := fmt.Sprintf(format, args...)
	r.tally.broken = append(r.tally.broken, text)
	r.Error("broken: " + text)
}

// notTried ends the round, as something that the fault takes is missing.
func (r *round) notTried(format string, args ...any) {
	r.Helper()
	r.tally.skipped = fmt.Sprintf(format, args...)
	if os.Getenv(testenv.Strict) != "" {
		r.Fatal("not tried: " + r.tally.skipped)
	}
	r.Skip("not tried: " + r.tally.skipped)
}

// between draws a length of time: up to short, or, where there is time, up to long now and then.
func (r *round) between(least, short, long time.Duration) time.Duration {
	most := short
	if r.isLong && r.random.IntN(4) == 0 {
		most = long
	}
	return least + time.Duration(r.random.Int64N(int64(most-least)+1))
}

// pass lets time pass: a fault strikes at some moment, not after some event.
func (r *round) pass(d time.Duration) { time.Sleep(d) }

// await polls until ok, and ends the round as a broken promise if that takes longer than limit.
func (r *round) await(limit time.Duration, what string, ok func() bool) {
	r.Helper()
	if !r.becomes(limit, ok) {
		r.breaks("not within %v: %s", limit, what)
		r.FailNow()
	}
}

// becomes polls until ok, and reports whether that came true within limit.
func (r *round) becomes(limit time.Duration, ok func() bool) bool {
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for ; !ok(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// cluster is a PostgreSQL that other rounds use as well.
func (r *round) cluster() *pgtest.Cluster {
	r.Helper()
	r.needPostgres()
	r.rig.struck.RLock()
	r.Cleanup(r.rig.struck.RUnlock)
	return r.startedCluster()
}

// ownCluster is a PostgreSQL that no other round uses until this one is over.
func (r *round) ownCluster() *pgtest.Cluster {
	r.Helper()
	r.needPostgres()
	r.rig.struck.Lock()
	r.Cleanup(r.rig.struck.Unlock)
	return r.startedCluster()
}

func (r *round) needPostgres() {
	r.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return
	}
	if _, err := exec.LookPath("initdb"); err != nil {
		r.notTried("PostgreSQL is not installed")
	}
}

func (r *round) startedCluster() *pgtest.Cluster {
	r.rig.started.Do(func() { r.rig.cluster = pgtest.Start(r.rig.parent) })
	return r.rig.cluster
}
