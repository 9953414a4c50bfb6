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

// Ledger keeps a receipt of 40 bytes for each call of a run, by its number. Uploaders write to it at the same time,
// each to the receipts of its own calls, without a lock; memory is taken a chunk at a time.
type Ledger struct {
	pattern string // what the names of the run's calls have in front of their numbers
	start   time.Time
	table   [maxChunks]atomic.Pointer[chunk]
	grow    sync.Mutex
	tally   [tallies]tally

	relabelled atomic.Bool // a call was sent with a system's label that is not this program's, as of a recording

	wrong atomic.Pointer[map[uint64]string] // what is wrong with the audio of some calls, as of the last account
}

const (
	chunkBits = 13 // 8,192 receipts, 328 kB
	chunkSize = 1 << chunkBits
	maxChunks = 1 << 15 // 268 million calls; further ones are not kept
	tallies   = 64
)

type chunk [chunkSize]receipt

// tally counts calls. There are several, so that uploaders rarely write to the same one.
type tally struct {
	acknowledged, stored, dropped atomic.Int64
	_                             [40]byte // keeps neighbours off one cache line
}

// receipt is what is known of a call. Its plain fields are the uploader's until done is set, and constant from then on.
type receipt struct {
	// place and voice are two numbers of up to 34 bits each with one of 30 bits below: the system and the second that
	// the call is dated to; the talkgroup and the response time.
	place, voice uint64

	done  atomic.Uint64 // when the upload ended, in µs since the start, and its class; 0 before
	seen  atomic.Uint64 // when the call was first found stored, in µs since the start and one; 0 before
	state atomic.Uint32
}

// The bits of a receipt's state. Those of mutable are what an account finds out, and begins anew.
const (
	once         uint32 = 1 << iota // stored
	twice                           // and again
	otherSystem                     // stored with another system
	otherGroup                      // with another talkgroup
	otherTime                       // with another time
	otherAudio                      // with other audio
	comparedWell                    // the audio was compared
	reencoded                       // the server converted the audio
	wasDropped                      // the server says that it dropped it as a duplicate
	countedStored
	countedDropped
	intentional // it was sent as a duplicate of another on purpose: it may be stored or not

	altered = otherSystem | otherGroup | otherTime | otherAudio
	mutable = once | twice | altered | comparedWell | reencoded | foundAudio
)

const (
	lowBits = 30
	lowMask = 1<<lowBits - 1
	// epoch lies so far before the run that any call's second since it fits, 17 years before and after.
	epoch = 1 << (lowBits - 1)
)

// NewLedger returns an empty ledger of a run that starts at start, with its monotonic reading. Pattern is what the
// run's file names have in front of the call's number, as rdio.MarkPattern says.
func NewLedger(pattern string, start time.Time) *Ledger {
	return &Ledger{pattern: pattern, start: start}
}

// Record takes the receipt of call n. It is what load.Receipts asks for.
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

// fileName is what a file name of call n has in it.
func (l *Ledger) fileName(n uint64) string { return fmt.Sprintf("%s%07d", l.pattern, n) }

// slot is the receipt of call n, in a chunk that is made if need be; nil past the last that is kept.
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

// known is the receipt of call n if the run has come that far, which may have been sent a moment ago; nil for a number
// that a stranger's file name happens to hold.
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

// second is the second of a call's time, since the epoch before the run.
func (l *Ledger) second(t time.Time) uint64 {
	return uint64(min(max(t.Unix()-l.start.Unix()+epoch, 0), lowMask))
}

func (l *Ledger) tallyOf(n uint64) *tally { return &l.tally[n%tallies] }

// markSeen notes that call n was found stored, at a given time since the start.
func (l *Ledger) markSeen(n uint64, r *receipt, at time.Duration) {
	if r.seen.CompareAndSwap(0, uint64(max(at/time.Microsecond, 0))+1) && r.owed() {
		l.countStored(n, r)
	}
}

// countStored counts a call that is both acknowledged and stored, once: whoever learns the second of these two comes
// here, and at times both do.
func (l *Ledger) countStored(n uint64, r *receipt) {
	if r.state.Or(countedStored)&countedStored == 0 {
		l.tallyOf(n).stored.Add(1)
	}
}

// countDropped counts an acknowledged call that the server says that it did not store.
func (l *Ledger) countDropped(n uint64, r *receipt) {
	if r.state.Or(countedDropped)&(countedDropped|countedStored) == 0 {
		l.tallyOf(n).dropped.Add(1)
	}
}

// counts are what is known so far. Dropped are those that the server says that it did not store, for whatever reason.
type counts struct{ acknowledged, stored, dropped int64 }

// backlog is how many calls are acknowledged and not yet stored.
func (c counts) backlog() int64 { return max(c.acknowledged-c.stored-c.dropped, 0) }

func (l *Ledger) counts() (c counts) {
	for i := range l.tally {
		t := &l.tally[i]
		// The acknowledged last: a call that is counted meanwhile can make the backlog too large, not too small.
		c.stored += t.stored.Load()
		c.dropped += t.dropped.Load()
		c.acknowledged += t.acknowledged.Load()
	}
	return c
}

// each calls f with every receipt that is recorded, in order.
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

// span is the times that the calls are dated to.
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

// owed reports whether the server owes that the call is stored: it was accepted, and no duplicate on purpose.
func (r *receipt) owed() bool { return r.accepted() && r.state.Load()&intentional == 0 }

// doneAt is when the upload ended, since the start of the run.
func (r *receipt) doneAt() time.Duration { return time.Duration(r.done.Load()>>8) * time.Microsecond }

// dueAt is when the call had to be sent.
func (r *receipt) dueAt() time.Duration {
	return r.doneAt() - time.Duration(r.voice&lowMask)*time.Microsecond
}

// seenAt is when the call was first found stored.
func (r *receipt) seenAt() (at time.Duration, ok bool) {
	us := r.seen.Load()
	return time.Duration(us-1) * time.Microsecond, us != 0
}
