package observe

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"

	"rdiostress/internal/measure"
)

// sharing splits the busy processor time of the server's machine between the server, this program and everything else.
type sharing struct {
	port      string   // that the server listens on
	databases []string // names that its database's processes have, where it is known to be on this machine
	forwards  bool     // the watched process only passes uploads on, to processes that nobody has named

	last     *shares
	took     float64            // seconds looked at
	used     map[string]float64 // processor seconds of everything else, by name
	backends map[int32]bool     // processes that the server has connected to
	backs    map[string]bool    // their names
	lookedAt time.Time          // when these were looked for
}

// shares is how the machine's processor time stood at one look.
type shares struct {
	at           time.Time
	busy         float64 // of all processors
	server, self float64
	table        map[int32]procStat
}

const (
	lookEvery  = 10 * time.Second // for processes that the server has connected to
	lookFrom   = 0.1              // processors that something else keeps busy, below which it is not worth a look
	mostOthers = 5                // names that are told
	tellFrom   = 0.01             // processors, below which nobody need hear of a name
)

func sharingSignals() []measure.Signal {
	return []measure.Signal{measure.GeneratorCPU, measure.BackendCPU, measure.OtherCPU}
}

// errForwards is why everything else is not told from the server.
var errForwards = errors.New("the process that listens only passes uploads on: " +
	"what serves them is not told from everything else")

func newSharing(ctx context.Context, database string) sharing {
	return sharing{
		databases: databaseNames(ctx, database), used: make(map[string]float64),
		backends: make(map[int32]bool), backs: make(map[string]bool),
	}
}

// start is before the first look at a process.
func (s *sharing) start(port string) { s.port, s.last = port, nil }

// read looks once, and sets who has used the processors since the last look.
func (s *sharing) read(
	ctx context.Context, now time.Time, table map[int32]procStat, server []int32, seen *measure.Observation,
) error {
	own := family(table, int32(os.Getpid()), server[0])
	next := &shares{at: now, table: table}
	var errs [3]error
	next.busy, errs[0] = busySeconds(ctx)
	next.server, errs[1] = secondsOf(ctx, table, server)
	next.self, errs[2] = secondsOf(ctx, table, own)
	if err := errors.Join(errs[:]...); err != nil {
		s.last = nil
		return err
	}
	last := s.last
	s.last = next
	if last == nil {
		return nil
	}
	took := now.Sub(last.at).Seconds()
	serverS, self := next.server-last.server, next.self-last.self
	if took <= 0 || serverS < 0 || self < 0 { // a process left without its parent noticing, and took its time along
		return nil
	}
	seen.Set(measure.GeneratorCPU, self/took)
	other := max(0, next.busy-last.busy-serverS-self) / took
	backend := s.addOthers(last.table, table, slices.Concat(server, own), server, took, other)
	if s.forwards && len(s.backends) == 0 {
		return errForwards
	}
	seen.Set(measure.OtherCPU, other)
	if len(s.backends) > 0 {
		seen.Set(measure.BackendCPU, min(backend, other))
	}
	return nil
}

// addOthers counts what processes of each name have used, and returns the processors that those kept busy which the
// server uses.
func (s *sharing) addOthers(
	before, now map[int32]procStat, known, server []int32, took, other float64,
) (backend float64) {
	used := usedBetween(before, now)
	for _, pid := range known {
		delete(used, pid)
	}
	if other >= lookFrom && time.Since(s.lookedAt) >= lookEvery {
		s.lookedAt = time.Now()
		s.findBackends(now, used, server)
	}
	s.took += took
	for pid := range s.backends { // with those that they have started since
		for _, member := range family(now, pid, -1) {
			s.backends[member] = true
		}
	}
	for pid, seconds := range used {
		name := now[pid].name
		if name == "" {
			continue
		}
		s.used[name] += seconds
		if s.backends[pid] {
			s.backs[name] = true
			backend += seconds / took
		}
	}
	return backend
}

// findBackends finds those of the busiest processes that the server has connected to, with all that belong to them.
func (s *sharing) findBackends(table map[int32]procStat, used map[int32]float64, server []int32) {
	const most = 16
	busiest := make([]int32, 0, len(used))
	for pid, seconds := range used {
		if seconds > 0 {
			busiest = append(busiest, pid)
		}
	}
	slices.SortFunc(busiest, func(a, b int32) int { return cmp.Or(cmp.Compare(used[b], used[a]), cmp.Compare(a, b)) })
	for pid := range connected(table, server, busiest[:min(len(busiest), most)], s.port, s.databases) {
		root := pid
		for parent := table[root].parent; table[parent].name == table[root].name &&
			parent > 1; parent = table[root].parent {
			root = parent
		}
		s.backends[root] = true
	}
}

// others are the names that have used most.
func (s *sharing) others() (list []measure.OtherProcess) {
	for name, seconds := range s.used {
		if s.took > 0 && seconds/s.took >= tellFrom {
			list = append(list, measure.OtherProcess{Name: name, CPUSPerS: seconds / s.took, Backend: s.backs[name]})
		}
	}
	slices.SortFunc(list, func(a, b measure.OtherProcess) int {
		return cmp.Or(cmp.Compare(b.CPUSPerS, a.CPUSPerS), cmp.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), mostOthers)]
}

// usedBetween is the processor time that each process has used between two looks, with that of its children that have
// ended.
func usedBetween(before, now map[int32]procStat) map[int32]float64 {
	ended := func(pid int32) bool {
		n, ok := now[pid]
		return !ok || n.start != before[pid].start
	}
	// The time of processes that have ended is their parent's now, or that of whom the parent's is; it was counted as
	// their own before.
	known := make(map[int32]float64)
	for pid, b := range before {
		if !ended(pid) {
			continue
		}
		heir := b.parent
		for _, there := before[heir]; there && ended(heir); _, there = before[heir] {
			heir = before[heir].parent
		}
		known[heir] += b.own + b.ended
	}
	used := make(map[int32]float64, len(now))
	for pid, n := range now {
		b := before[pid]
		if b.start != n.start { // new
			used[pid] = n.own + n.ended
			continue
		}
		used[pid] = max(0, n.own-b.own) + max(0, n.ended-b.ended-known[pid])
	}
	return used
}

// busySeconds is the processor time of the machine that somebody has used. That of interrupts is nobody's, and mostly
// the uploads' own.
func busySeconds(ctx context.Context) (float64, error) {
	times, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return 0, err
	}
	if len(times) == 0 {
		return 0, errors.New("the machine's processor time is not shown")
	}
	t := times[0]
	return t.User + t.Nice + t.System + t.Steal, nil
}
