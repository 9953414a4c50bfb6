package delivery

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// Ledger keeps a receipt of 40 bytes for each call of a run, by its number. Uploaders write to it concurrently without
// a lock, each to the receipts of its own calls. Memory is allocated a chunk at a time.
type Ledger struct {
	pattern string // prefix of the numbers in the run's file names
	start   time.Time
	table   [maxChunks]atomic.Pointer[chunk]
	grow    sync.Mutex
	tally   [tallies]tally

	relabelled atomic.Bool // a call was sent with a foreign system label, such as a recording's

	wrong atomic.Pointer[map[uint64]string] // audio faults of the last account, by call
}

const (
	chunkBits = 13 // 8,192 receipts, 328 kB
	chunkSize = 1 << chunkBits
	maxChunks = 1 << 15 // 268 million calls; later ones are not kept
	tallies   = 64
)

type chunk [chunkSize]receipt

// tally counts calls. There are several, so that uploaders rarely write to the same one.
type tally struct {
	acknowledged, stored, dropped atomic.Int64
	_                             [40]byte // keeps neighbours off one cache line
}

// receipt is what is known about a call. Its plain fields belong to the uploader until done is set, and are constant
// from then on.
type receipt struct {
	// place and voice each hold a number of up to 34 bits above one of 30 bits: the call's system and second; the
	// talkgroup and the response time.
	place, voice uint64

	done  atomic.Uint64 // when the upload ended, in µs since the start, and its class; 0 before
	seen  atomic.Uint64 // when the call was first found stored, in µs since the start plus one; 0 before
	state atomic.Uint32
}

// The bits of a receipt's state. An account finds the bits of mutable, and clears them first.
const (
	once         uint32 = 1 << iota // stored
	twice                           // stored again
	otherSystem                     // stored with another system
	otherGroup                      // with another talkgroup
	otherTime                       // with another time
	otherAudio                      // with other audio
	comparedWell                    // the audio was compared
	reencoded                       // the server converted the audio
	wasDropped                      // the server says it dropped the call as a duplicate
	countedStored
	countedDropped
	intentional // an intentional duplicate: it may be stored or not

	altered = otherSystem | otherGroup | otherTime | otherAudio
	mutable = once | twice | altered | comparedWell | reencoded | foundAudio
)

const (
	lowBits = 30
	lowMask = 1<<lowBits - 1
	// epoch is so far before the run that the seconds from it fit for any call within 17 years before or after the run.
	epoch = 1 << (lowBits - 1)
)

// NewLedger returns an empty ledger of a run that starts at start, with its monotonic reading. pattern is the prefix of
// the call's number in the run's file names, as rdio.MarkPattern returns it.
func NewLedger(pattern string, start time.Time) *Ledger {
	return &Ledger{pattern: pattern, start: start}
}

// Record takes the receipt of call n. It implements load.Receipts.
func (l *Ledger) Record(n uint64, c *rdio.Call, o *measure.Outcome) {
	r := l.slot(n)
	if r == nil {
		return
	}
	r.place = uint64(c.System)<<lowBits | l.second(c.Time)
	r.voice = uint64(c.Talkgroup)<<lowBits | uint64(min(max(o.Response()/time.Microsecond, 0), lowMask))
	if o.Duplicate {
		r.state.Or(intentional)
	}
	if !strings.HasPrefix(c.SystemLabel, OwnLabel) && !l.relabelled.Load() {
		l.relabelled.Store(true)
	}
	r.done.Store(uint64(max(o.Done/time.Microsecond, 0))<<8 | uint64(o.Class) + 1)
	if !r.owed() {
		return
	}
	l.tallyOf(n).acknowledged.Add(1)
	if r.seen.Load() != 0 { // the server stored it before its answer was read
		l.countStored(n, r)
	}
	if r.state.Load()&(wasDropped|wasRefused) != 0 {
		l.countDropped(n, r)
	}
}

// fileName returns the part of a file name that identifies call n.
func (l *Ledger) fileName(n uint64) string { return fmt.Sprintf("%s%07d", l.pattern, n) }

// slot returns the receipt of call n, and allocates its chunk if needed; nil past the last one that is kept.
func (l *Ledger) slot(n uint64) *receipt {
	i := n >> chunkBits
	if i >= maxChunks {
		return nil
	}
	c := l.table[i].Load()
	if c == nil {
		c = l.add(i)
	}
	return &c[n&(chunkSize-1)]
}

func (l *Ledger) add(i uint64) *chunk {
	l.grow.Lock()
	defer l.grow.Unlock()
	c := l.table[i].Load()
	if c == nil {
		c = new(chunk)
		l.table[i].Store(c)
	}
	return c
}

// known returns the receipt of call n if the run has come that far, even if the call was sent just now; nil for a
// number that only a stranger's file name contains.
func (l *Ledger) known(n uint64) *receipt {
	i := n >> chunkBits
	switch {
	case i >= maxChunks:
		return nil
	case l.table[i].Load() != nil, i == 0, l.table[i-1].Load() != nil:
		return l.slot(n)
	default:
		return nil
	}
}

// second returns the second of a call's time, counted from epoch.
func (l *Ledger) second(t time.Time) uint64 {
	return uint64(min(max(t.Unix()-l.start.Unix()+epoch, 0), lowMask))
}

func (l *Ledger) tallyOf(n uint64) *tally { return &l.tally[n%tallies] }

// markSeen records that call n was found stored, at a given time since the start.
func (l *Ledger) markSeen(n uint64, r *receipt, at time.Duration) {
	if r.seen.CompareAndSwap(0, uint64(max(at/time.Microsecond, 0))+1) && r.owed() {
		l.countStored(n, r)
	}
}

// countStored counts a call once when it is both acknowledged and stored. Both sides call it when they learn of the
// second of these events, sometimes at the same time.
func (l *Ledger) countStored(n uint64, r *receipt) {
	if r.state.Or(countedStored)&countedStored == 0 {
		l.tallyOf(n).stored.Add(1)
	}
}

// countDropped counts an acknowledged call that the server says it did not store.
func (l *Ledger) countDropped(n uint64, r *receipt) {
	if r.state.Or(countedDropped)&(countedDropped|countedStored) == 0 {
		l.tallyOf(n).dropped.Add(1)
	}
}

// counts returns the counts so far. dropped counts the calls that the server says it did not store, for any reason.
type counts struct{ acknowledged, stored, dropped int64 }

// backlog returns how many calls are acknowledged and not yet stored.
func (c counts) backlog() int64 { return max(c.acknowledged-c.stored-c.dropped, 0) }

func (l *Ledger) counts() (c counts) {
	for i := range l.tally {
		t := &l.tally[i]
		// Acknowledged calls are read last: a call that is counted meanwhile can make the backlog too large, not too
		// small.
		c.stored += t.stored.Load()
		c.dropped += t.dropped.Load()
		c.acknowledged += t.acknowledged.Load()
	}
	return c
}

// each calls f with every recorded receipt, in order.
func (l *Ledger) each(f func(n uint64, r *receipt)) {
	for i := range l.table {
		c := l.table[i].Load()
		if c == nil {
			continue
		}
		for j := range c {
			if r := &c[j]; r.done.Load() != 0 {
				f(uint64(i)<<chunkBits|uint64(j), r)
			}
		}
	}
}

// span returns the range of the calls' dates.
func (l *Ledger) span() (from, to time.Time) {
	low, high := uint64(lowMask), uint64(0)
	l.each(func(_ uint64, r *receipt) { low, high = min(low, r.second()), max(high, r.second()) })
	at := func(second uint64) time.Time { return time.Unix(l.start.Unix()-epoch+int64(second), 0).UTC() }
	return at(min(low, high)), at(high)
}

func (r *receipt) system() int64    { return int64(r.place >> lowBits) }
func (r *receipt) talkgroup() int64 { return int64(r.voice >> lowBits) }
func (r *receipt) second() uint64   { return r.place & lowMask }

func (r *receipt) class() measure.Class { return measure.Class(r.done.Load()&0xff - 1) }

func (r *receipt) accepted() bool { return r.done.Load()&0xff == uint64(measure.Accepted)+1 }

// owed reports whether the server must store the call: it was accepted, and is no intentional duplicate.
func (r *receipt) owed() bool { return r.accepted() && r.state.Load()&intentional == 0 }

// doneAt returns when the upload ended, since the start of the run.
func (r *receipt) doneAt() time.Duration { return time.Duration(r.done.Load()>>8) * time.Microsecond }

// dueAt returns when the call was due.
func (r *receipt) dueAt() time.Duration {
	return r.doneAt() - time.Duration(r.voice&lowMask)*time.Microsecond
}

// seenAt returns when the call was first found stored.
func (r *receipt) seenAt() (at time.Duration, ok bool) {
	us := r.seen.Load()
	return time.Duration(us-1) * time.Microsecond, us != 0
}
