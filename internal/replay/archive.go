package replay

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/rdio"
)

// Archive is the recorded calls of one or several sources, in the order in which they began. It is safe for concurrent
// use.
//
// Calls are put in order as they are asked for. Only those that begin soon after are looked at for that.
type Archive struct {
	sources  []Source
	programs []string
	made     []int // recordings by program
	found    int
	files    int
	began    time.Time // start of the first call
	span     time.Duration

	// The first calls are in order, and do not change any more. Those after them are sorted by their earliest start.
	entries []entry
	ordered atomic.Int64

	mu      sync.Mutex
	seen    int     // entries whose start is known; those of them that are not yet in order are in the window
	window  []entry // heap, by start
	due     int64   // when the last call in order is due
	skipped Skipped // up to the entries that have been seen
}

// Open makes the archive of some sources. The error says why there is nothing to replay.
func Open(ctx context.Context, sources ...Source) (*Archive, error) {
	return OpenPeriod(ctx, Period{}, sources...)
}

// OpenPeriod makes the archive of what some sources have of a period. The error says why there is nothing to replay,
// and is a [PeriodError] if there is something at other times.
func OpenPeriod(ctx context.Context, period Period, sources ...Source) (*Archive, error) {
	ix := &Index{}
	for i, s := range sources {
		ix.source = uint8(i)
		if err := s.Index(ctx, ix); err != nil {
			return nil, err
		}
	}
	a := &Archive{
		sources: sources, entries: ix.entries, skipped: ix.skipped, programs: ix.programs, made: ix.made,
	}
	a.files = len(a.entries)
	for _, f := range ix.skipped.List() {
		a.files += int(f.Count)
	}
	slices.SortFunc(a.entries, compareEntries)
	if period.Last > 0 { // before the last recording, which must not be one of a wrong clock
		a.dropFarOff()
	}
	if len(a.entries) > 0 {
		if err := a.choose(period); err != nil {
			return nil, err
		}
	}
	a.dropFarOff()
	a.found = len(a.entries)
	if a.found == 0 {
		return nil, &EmptyError{Skipped: a.skipped.List()}
	}
	first, ok := a.at(0)
	if !ok {
		return nil, &EmptyError{Found: a.found, Skipped: a.Skipped()}
	}
	a.began = time.UnixMilli(first.at)
	a.span = time.Duration(a.lastStart()-first.at) * time.Millisecond
	return a, nil
}

// EmptyError says that there is no recording to send.
type EmptyError struct {
	Found   int // recordings by their names
	Skipped []SkippedFor
}

// Error implements error.
func (e *EmptyError) Error() string {
	switch {
	case len(e.Skipped) == 0:
		return "there are no recorded calls"
	case e.Found == 0:
		first := e.Skipped[0].Examples[0]
		return fmt.Sprintf("no recorded call can be read: %s: %s", first.Name, first.Why)
	default:
		first := e.Skipped[0].Examples[0]
		return fmt.Sprintf("none of %d recordings can be sent: %s: %s", e.Found, first.Name, first.Why)
	}
}

func compareEntries(x, y entry) int {
	return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.source, y.source), cmp.Compare(x.ref, y.ref))
}

// farOff is a time without recordings that divides an archive.
const farOff = 180 * 24 * time.Hour

// maxFarOff returns how many of n recordings may be left out as those of a wrong clock: under 5 %, so that what is sent
// stays the load that was recorded (see measure.MinReplayed), or a single one of at least four. More of them are no
// mistake of a clock, but for example those of a second recorder.
func maxFarOff(n int) int {
	if n >= 4 {
		return max(1, (n-1)/20)
	}
	return 0
}

// dropFarOff leaves out the few recordings that are at least half a year from the others. They stem from a clock that
// was not set, and would have a replay last for years.
func (a *Archive) dropFarOff() {
	parts := a.parts()
	if len(parts) < 2 {
		return
	}
	bySize := slices.Clone(parts)
	slices.SortStableFunc(bySize, func(x, y []entry) int { return cmp.Compare(len(x), len(y)) })
	most := bySize[len(bySize)-1]
	room, limit := maxFarOff(len(a.entries)), -1 // parts of up to limit recordings are left out
	for i, part := range bySize[:len(bySize)-1] {
		if room -= len(part); room < 0 {
			break
		}
		if len(part) < len(bySize[i+1]) {
			limit = len(part)
		}
	}
	began := time.UnixMilli(most[0].at).UTC().Format(time.DateOnly)
	kept := make([]entry, 0, len(a.entries))
	for _, part := range parts {
		if len(part) > limit {
			kept = append(kept, part...)
			continue
		}
		for _, e := range part {
			a.skipped.Add(a.sources[e.source].Name(e.ref), Skipf(FarOff,
				"it is of %s, half a year or more from the others, most of which begin %s",
				time.UnixMilli(e.at).UTC().Format(time.DateOnly), began))
		}
	}
	a.entries = kept
}

// parts divides the recordings where there are none for half a year.
func (a *Archive) parts() (parts [][]entry) {
	from := 0
	for i := 1; i <= len(a.entries); i++ {
		if i == len(a.entries) || a.entries[i].at-a.entries[i-1].at >= farOff.Milliseconds() {
			parts = append(parts, a.entries[from:i])
			from = i
		}
	}
	return parts
}

// lastStart returns when the last call began. Only entries that can have begun as late are looked at.
func (a *Archive) lastStart() int64 {
	last, i := a.entries[0].at, len(a.entries)-1
	for ; i > 0; i-- { // by their earliest start, from the last one on
		if start, err := a.start(&a.entries[i]); err == nil {
			last = max(last, start)
			break
		}
	}
	for ; i > 0; i-- {
		if e := &a.entries[i-1]; e.at+int64(e.unsure) > last {
			if start, err := a.start(e); err == nil {
				last = max(last, start)
			}
		}
	}
	return last
}

// start returns when the call of an entry began, in Unix milliseconds.
func (a *Archive) start(e *entry) (int64, error) {
	if e.unsure == 0 {
		return e.at, nil
	}
	at, err := a.sources[e.source].Start(e.ref)
	if err == nil && !IsTime(at) {
		err = Skipf(NoTime, "it has no time of a call: %s", at.UTC().Format(time.RFC3339))
	}
	return at.UnixMilli(), err
}

// at returns the entry of call n, with its start. It reports false if there are not so many calls that can be sent.
func (a *Archive) at(n int) (entry, bool) {
	if int64(n) < a.ordered.Load() {
		return a.entries[n], true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for int64(n) >= a.ordered.Load() {
		if !a.advance() {
			return entry{}, false
		}
	}
	return a.entries[n], true
}

// advance puts the next calls in order. It reports false after the last. A call whose start is known is next in order
// once no entry that is still unseen can have begun before.
func (a *Archive) advance() bool {
	for a.seen < len(a.entries) && (len(a.window) == 0 || a.entries[a.seen].at <= a.window[0].at) {
		e := a.entries[a.seen]
		a.seen++
		at, err := a.start(&e)
		if err != nil {
			a.skipped.Add(a.sources[e.source].Name(e.ref), err)
			continue
		}
		e.at, e.unsure = at, 0
		a.push(e)
	}
	if len(a.window) == 0 {
		return false
	}
	from := a.ordered.Load()
	to := from
	for start := a.window[0].at; len(a.window) > 0 && a.window[0].at == start; to++ {
		a.entries[to] = a.pop() // whose own place has been seen
	}
	a.spread(a.entries[from:to])
	a.ordered.Store(to)
	return true
}

// spread sets when calls are due that began at the same time: at their start, or spread over their second if only
// that is known.
func (a *Archive) spread(calls []entry) {
	for i := range calls {
		e := &calls[i]
		due := e.at
		if e.at%1000 == 0 {
			due += int64(i * 1000 / len(calls))
		}
		a.due = max(a.due, due)
		e.unsure = uint32(min(a.due-e.at, maxUnsure))
	}
}

// push adds an entry to the window.
func (a *Archive) push(e entry) {
	a.window = append(a.window, e)
	for i := len(a.window) - 1; i > 0; {
		parent := (i - 1) / 2
		if compareEntries(a.window[parent], a.window[i]) <= 0 {
			return
		}
		a.window[parent], a.window[i] = a.window[i], a.window[parent]
		i = parent
	}
}

// pop takes the first entry out of the window.
func (a *Archive) pop() entry {
	first, last := a.window[0], len(a.window)-1
	a.window[0] = a.window[last]
	a.window = a.window[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if compareEntries(a.window[child], a.window[least]) < 0 {
				least = child
			}
		}
		if least == i {
			return first
		}
		a.window[i], a.window[least] = a.window[least], a.window[i]
		i = least
	}
}

// Files returns how many recordings of the period there are, those that no program is known to have made among them.
func (a *Archive) Files() int { return a.files }

// Found returns how many recordings there are by their names, whether they can be sent or not.
func (a *Archive) Found() int { return a.found }

// Len returns how many calls can be sent. It has to put all of them in order for that.
func (a *Archive) Len() int {
	a.at(a.found)
	return int(a.ordered.Load())
}

// Due returns when call n is due at the speed of the recordings, since the start of the first call. Calls are due when
// they began; those of one second are spread over it if no more is known. Due reports false if there are not so many
// calls. It may have to look at recordings for that.
func (a *Archive) Due(n int) (time.Duration, bool) {
	e, ok := a.at(n)
	return time.Duration(e.at+int64(e.unsure)-a.began.UnixMilli()) * time.Millisecond, ok
}

// Start returns when call n began. It must have been asked for before.
func (a *Archive) Start(n int) time.Time {
	e, _ := a.at(n)
	return time.UnixMilli(e.at)
}

// Began returns when the first call began.
func (a *Archive) Began() time.Time { return a.began }

// Span returns the time from the start of the first call to that of the last.
func (a *Archive) Span() time.Duration { return a.span }

// Programs counts the recordings by the program that made them.
func (a *Archive) Programs() map[string]int {
	programs := make(map[string]int)
	for i, name := range a.programs {
		if a.made[i] > 0 {
			programs[name] = a.made[i]
		}
	}
	return programs
}

// Skipped returns what cannot be sent of the recordings that have been looked at.
func (a *Archive) Skipped() []SkippedFor {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.skipped.List()
}

// First reads the first call that can be sent. The error says that there is none.
func (a *Archive) First() (c rdio.Call, err error) {
	var buf []byte
	var bad Skipped
	for n := 0; ; n++ {
		if _, ok := a.at(n); !ok {
			break
		}
		if buf, err = a.Read(n, buf, &c); err == nil {
			return c, nil
		}
		bad.Add(a.Name(n), err)
	}
	return c, &EmptyError{Found: a.found, Skipped: append(bad.List(), a.Skipped()...)}
}

// Name says where call n is. It must have been asked for before.
func (a *Archive) Name(n int) string {
	e, _ := a.at(n)
	return a.sources[e.source].Name(e.ref)
}

// Read reads call n: its audio into buf, which is made larger if it must be, and what is known of it into c, with its
// start as its time, and the number of its system if that was recorded. The error says why it cannot be sent.
func (a *Archive) Read(n int, buf []byte, c *rdio.Call) (audio []byte, err error) {
	e, ok := a.at(n)
	if !ok {
		return buf, Skipf(CannotBeRead, "there are not so many recordings")
	}
	audio, err = a.sources[e.source].Read(e.ref, buf, c)
	c.Time = time.UnixMilli(e.at).UTC()
	return audio, err
}
