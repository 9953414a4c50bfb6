package torture

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/units"
)

// tally is what came of a round, or of all rounds of a fault.
type tally struct {
	rounds, strikes int
	broken          []string
	skipped         string // why it was not tried

	// Of serve.
	acknowledged, lost, doubled, altered int
	early                                int // acknowledged into files that were just taken away
	refused                              map[string]int
	back                                 time.Duration // the longest from the end of a fault to an acknowledgement

	// Of run.
	whole, absent, half int // reports
	codes               map[int]int
	late                time.Duration // the longest that a run took
}

// refuse counts uploads that were not acknowledged, by what came instead.
func (t *tally) refuse(why string, n int) {
	if t.refused == nil {
		t.refused = make(map[string]int)
	}
	t.refused[why] += n
}

// exit counts runs that ended with an exit code.
func (t *tally) exit(code, n int) {
	if t.codes == nil {
		t.codes = make(map[int]int)
	}
	t.codes[code] += n
}

// add adds another tally.
func (t *tally) add(o *tally) {
	t.rounds, t.strikes = t.rounds+1, t.strikes+o.strikes
	t.broken = append(t.broken, o.broken...)
	t.acknowledged, t.lost, t.doubled = t.acknowledged+o.acknowledged, t.lost+o.lost, t.doubled+o.doubled
	t.altered, t.early, t.back = t.altered+o.altered, t.early+o.early, max(t.back, o.back)
	for why, n := range o.refused {
		t.refuse(why, n)
	}
	t.whole, t.absent, t.half, t.late = t.whole+o.whole, t.absent+o.absent, t.half+o.half, max(t.late, o.late)
	for code, n := range o.codes {
		t.exit(code, n)
	}
}

// refusals lists what uploads were refused with.
func (t *tally) refusals() string {
	var list []string
	for _, why := range slices.Sorted(maps.Keys(t.refused)) {
		list = append(list, fmt.Sprintf("%s: %s", why, units.Count(uint64(t.refused[why]))))
	}
	return strings.Join(list, ", ")
}

// exits lists exit codes.
func (t *tally) exits() string {
	var list []string
	for _, code := range slices.Sorted(maps.Keys(t.codes)) {
		name := strconv.Itoa(code)
		if code < 0 {
			name = "killed"
		}
		list = append(list, fmt.Sprintf("%s: %d", name, t.codes[code]))
	}
	return strings.Join(list, ", ")
}

// line is a round in one line.
func (t *tally) line(of subject) string {
	text := fmt.Sprintf("%d runs struck, reports: %d whole, %d absent, %d half; exit codes %s", t.strikes, t.whole,
		t.absent, t.half, t.exits())
	if of == ofServe {
		text = fmt.Sprintf("struck %d times, %d calls acknowledged, %d lost, %d doubled, %d altered; refused: %s; "+
			"back within %.1f s", t.strikes, t.acknowledged, t.lost, t.doubled, t.altered, t.refusals(),
			t.back.Seconds())
	}
	if len(t.broken) > 0 {
		text += "; BROKEN: " + strings.Join(t.broken, "; ")
	}
	return text
}

// account is what came of all rounds.
type account struct {
	mu      sync.Mutex
	tallies map[string]*tally
}

func (a *account) of(fault string) *tally {
	if a.tallies == nil {
		a.tallies = make(map[string]*tally)
	}
	if a.tallies[fault] == nil {
		a.tallies[fault] = &tally{}
	}
	return a.tallies[fault]
}

func (a *account) add(fault string, t *tally) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of(fault).add(t)
}

func (a *account) skip(fault, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of(fault).skipped = why
}

// markdown is the account as a section of docs/reliability.md.
func (a *account) markdown(list []*fault, s settings, took time.Duration) string {
	var b strings.Builder
	broken := 0
	for _, f := range list {
		broken += len(a.of(f.name).broken)
	}
	fmt.Fprintf(&b, "Made by `make torture` on %s: %s, Linux, %d processors, %.0f minutes, seed %d. Promises broken: "+
		"%d.\n", time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.NumCPU(), took.Minutes(), s.seed,
		broken)
	a.serveTable(&b, list)
	a.runTable(&b, list)
	for _, f := range list {
		for _, text := range a.of(f.name).broken {
			fmt.Fprintf(&b, "\n- broken in %q: %s", f.name, text)
		}
	}
	if broken > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

func (a *account) serveTable(b *strings.Builder, list []*fault) {
	var sum tally
	b.WriteString("\n| what was done to `serve` | rounds | struck | acknowledged | lost | doubled | altered | " +
		"not acknowledged | back within |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, f := range list {
		t := a.of(f.name)
		switch {
		case f.of != ofServe:
			continue
		case t.rounds == 0:
			fmt.Fprintf(b, "| %s | not tried: %s | | | | | | | |\n", f.name, t.skipped)
			continue
		}
		back := "–"
		if t.back > 0 {
			back = fmt.Sprintf("%.1f s", t.back.Seconds())
		}
		fmt.Fprintf(b, "| %s | %d | %d | %s | %d | %d | %d | %s | %s |\n", f.name, t.rounds, t.strikes,
			units.Count(uint64(t.acknowledged)), t.lost, t.doubled, t.altered, t.refusals(), back)
		sum.add(t)
		sum.rounds += t.rounds - 1
	}
	fmt.Fprintf(b, "| **all** | %d | %d | **%s** | **%d** | **%d** | **%d** | | |\n", sum.rounds, sum.strikes,
		units.Count(uint64(sum.acknowledged)), sum.lost, sum.doubled, sum.altered)
	if sum.early > 0 {
		fmt.Fprintf(b, "\nIn the rows of files that were removed, %s calls were acknowledged after that, in the first "+
			"tenth of a second: they are gone with the files.\n", units.Count(uint64(sum.early)))
	}
}

func (a *account) runTable(b *strings.Builder, list []*fault) {
	var sum tally
	b.WriteString("\n| what was done to `run` | rounds | runs | reports whole | absent | half | exit codes | " +
		"longest run |\n|---|---|---|---|---|---|---|---|\n")
	for _, f := range list {
		t := a.of(f.name)
		switch {
		case f.of != ofRun:
			continue
		case t.rounds == 0:
			fmt.Fprintf(b, "| %s | not tried: %s | | | | | | |\n", f.name, t.skipped)
			continue
		}
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d | %s | %.0f s |\n", f.name, t.rounds, t.strikes, t.whole,
			t.absent, t.half, t.exits(), t.late.Seconds())
		sum.add(t)
		sum.rounds += t.rounds - 1
	}
	fmt.Fprintf(b, "| **all** | %d | %d | **%d** | **%d** | **%d** | | |\n", sum.rounds, sum.strikes, sum.whole,
		sum.absent, sum.half)
}
