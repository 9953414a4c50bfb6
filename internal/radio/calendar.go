package radio

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Calendar dates calls so that no two of one pair are duplicates of each other: a server drops a call when another one
// of its system and talkgroup is dated within a window around it.
//
// A pair has one call in each step of time, a step being longer than the window. A call takes the step that it is due
// in, dated a minute back; if its pair has one there, a free one of the seconds before, since the run's start. A pair
// that is busier than that dates the rest back into spare time: first into lanes, which are the run's own time shifted
// back by one lane gap, two, three; then into gaps between lanes. All are within six days.
//
// All of it moves with the run: in each lane, a call is dated to the step that it is due in. So a run never takes what
// belongs to the time after its end, and runs one after the other do not collide, however close or short, as long as
// they need no gaps, have not started about a multiple of the lane gap apart, and begin with a step of their own.
//
// It is safe for concurrent use and takes some nanoseconds: pairs do not share state.
type Calendar struct {
	start  time.Time     // the step that the run starts in, as far back as its calls are dated
	offset time.Duration // of the start into it
	age    time.Duration // how far that is
	step   time.Duration
	behind int // steps before the one that a call is due in that it may take
	steps  uint64
	last   uint64 // step in which calls can be dated back: what follows belongs to other parts of spare time
	gap    time.Duration
	pitch  time.Duration // of gaps
	lanes  uint64
	gaps   uint64        // between two lanes
	part   time.Duration // of a lane gap that is this generator's
	pairs  []atomic.Uint64

	dated   atomic.Uint64 // calls dated back
	deepest atomic.Uint64 // the parts of spare time that they took of a step, at most
}

// CalendarOptions say when a run is, and what of time it may use.
type CalendarOptions struct {
	Start  time.Time
	Length time.Duration
	Extra  time.Duration // that it may take longer; there are calls for that time, but they are not in Capacity
	Step   time.Duration // at least a millisecond
	// Generator is which of several that send to one server at once this is, from 0 on; each has a part of every lane
	// gap.
	Generator, Generators int
}

const (
	// Age is how long before it is due a call is dated: no clock of a server is so far behind that it lies in the
	// future, which makes rdio-scanner 7 crash, and clients send calls about as late.
	Age = time.Minute
	// MaxAge keeps every call younger than the seven days after which rdio-scanner prunes.
	MaxAge = 6 * 24 * time.Hour

	// recent is how long before it is due a call may be dated, beside its age.
	recent = Age / 2
	// LaneGap is from a lane to the next at least. It is no divisor of a day or a few, so that nightly runs do not
	// collide.
	LaneGap = 4*time.Hour + 41*time.Minute
	// margin between the parts of time that a run uses.
	margin = time.Minute

	// What a pair has used is in one word: the step of its latest call, which of the steps up to that one have one, and
	// how many calls were dated back in it.
	stepBits, recentBits, partBits = 23, 25, 16
	// MaxSteps is how many steps a run can have.
	MaxSteps = 1 << stepBits
)

// NewCalendar returns an empty calendar for a number of pairs.
func NewCalendar(pairs int, o CalendarOptions) *Calendar {
	n := max(o.Generators, 1)
	steps := (o.Length + o.Step - 1) / o.Step
	extra := (o.Extra + max(margin, 2*o.Step)) / o.Step
	pitch := (steps + extra) * o.Step
	c := &Calendar{
		step: o.Step, steps: uint64(steps), last: uint64(steps + extra - 2), pitch: pitch,
		behind: int(min(recent/o.Step, recentBits-1)),
		gap:    max(LaneGap, time.Duration(n)*pitch), pairs: make([]atomic.Uint64, pairs),
	}
	part := c.gap / time.Duration(n)
	shift := part * time.Duration(o.Generator)
	c.part = part
	if room := MaxAge - o.Length - o.Extra - shift; room >= 2*c.gap { // the last lane is for probes
		c.lanes = uint64(room/c.gap) - 1
		c.gaps = uint64(max(0, part-pitch) / pitch)
		c.gaps = min(c.gaps, (1<<partBits-1)/c.lanes-1)
	}
	c.age = Age + shift
	first := o.Start.Truncate(o.Step)
	c.offset = o.Start.Sub(first)
	c.start = first.UTC().Add(-c.age)
	return c
}

// Capacity is how many calls a pair can have, all through the run.
func (c *Calendar) Capacity() uint64 { return c.steps * c.PerStep() }

// PerStep is how many calls a pair can have in each step of the run.
func (c *Calendar) PerStep() uint64 { return 1 + c.parts() }

// parts is how many times over there is spare time for the run.
func (c *Calendar) parts() uint64 { return c.lanes * (1 + c.gaps) }

// Step is how far apart calls of a pair are at least.
func (c *Calendar) Step() time.Duration { return c.step }

// Claim dates a call of a pair that is due at a time of the run. It is false if the pair has nothing left for that
// time.
func (c *Calendar) Claim(pair int, due time.Duration) (date time.Time, ok bool) {
	return c.claim(pair, due, c.parts())
}

// ClaimInLane is Claim without the gaps between lanes, whose times calls of other runs may have.
func (c *Calendar) ClaimInLane(pair int, due time.Duration) (date time.Time, ok bool) {
	return c.claim(pair, due, c.lanes)
}

// StepAt is the number of the step that a time of the run lies in, and the same for every time in it.
func (c *Calendar) StepAt(due time.Duration) uint64 {
	return min(uint64((max(due, 0)+c.offset)/c.step), MaxSteps-1)
}

// claim dates a call into a limited number of parts of spare time.
func (c *Calendar) claim(pair int, due time.Duration, parts uint64) (date time.Time, ok bool) {
	now := c.StepAt(due)
	word := &c.pairs[pair]
	for {
		old := word.Load()
		u := unpack(old)
		u.moveTo(now)
		part := uint64(0)
		before := bits.TrailingZeros32(^u.recent)
		own := before <= c.behind && uint64(before) <= u.step
		switch {
		case own:
			u.recent |= 1 << before
		case u.back < parts && u.step <= c.last:
			part = u.back
			u.back++
		default:
			return time.Time{}, false
		}
		if !word.CompareAndSwap(old, u.pack()) {
			continue
		}
		if own {
			return c.start.Add(time.Duration(u.step-uint64(before)) * c.step), true
		}
		c.recordUse(u.back)
		return c.start.Add(time.Duration(u.step)*c.step - c.dateBack(part)), true
	}
}

// used is what a pair has used.
type used struct {
	step   uint64 // of its latest call
	recent uint32 // bit i: there is a call i steps before that
	back   uint64 // calls dated back in that step
}

func unpack(word uint64) used {
	return used{
		step: word >> (recentBits + partBits), recent: uint32(word >> partBits & (1<<recentBits - 1)),
		back: word & (1<<partBits - 1),
	}
}

func (u used) pack() uint64 {
	return u.step<<(recentBits+partBits) | uint64(u.recent&(1<<recentBits-1))<<partBits | u.back
}

// moveTo makes a step the latest one, unless it is over already.
func (u *used) moveTo(step uint64) {
	if step <= u.step {
		return
	}
	u.recent = uint32(uint64(u.recent) << min(step-u.step, recentBits))
	u.step, u.back = step, 0
}

// recordUse counts a call that was dated back, the nth of its step.
func (c *Calendar) recordUse(n uint64) {
	c.dated.Add(1)
	for most := c.deepest.Load(); n > most && !c.deepest.CompareAndSwap(most, n); {
		most = c.deepest.Load()
	}
}

// dateBack is how far back a part of spare time lies: first the lanes, then what is between them, from its middle on.
func (c *Calendar) dateBack(part uint64) time.Duration {
	if part < c.lanes {
		return time.Duration(part+1) * c.gap
	}
	part -= c.lanes
	lane, gap := part%c.lanes, part/c.lanes
	return time.Duration(lane)*c.gap + time.Duration(1+(gap+c.gaps/2)%c.gaps)*c.pitch
}

// Probes is the time in the last lane, in which no call of the run is dated, for what is sent before the run and at the
// time of its start: when it begins, and how much of it there is.
func (c *Calendar) Probes() (begin time.Time, room time.Duration) {
	back, room := time.Duration(c.lanes+1)*c.gap, c.part
	if c.lanes == 0 { // the run is longer than all that: right before it
		room = min(room, LaneGap)
		back = room
	}
	return c.start.Add(-back), room - max(margin, c.step)
}

// Priming is the date of the call by which a server learns of a pair before the run: some time before those of Probes,
// so that one of the same time is no duplicate.
func (c *Calendar) Priming() time.Time {
	begin, _ := c.Probes()
	return begin.Add(-max(primingLead, 2*c.step))
}

// primingLead is longer than a run takes from its probes to its priming: each has a calendar that begins then.
const primingLead = 10 * time.Minute

// Usage is what a calendar's calls have taken.
type Usage struct {
	Back uint64        // calls that were dated back
	Age  time.Duration // of the oldest when it was due, about
	Gaps bool          // some are between lanes
}

// Usage is what was taken so far.
func (c *Calendar) Usage() Usage { return c.withAge(Usage{Back: c.dated.Load()}, c.deepest.Load()) }

// withAge fills in how far back calls go that take a number of parts of spare time.
func (c *Calendar) withAge(u Usage, parts uint64) Usage {
	u.Age = c.age
	for part := range min(parts, c.lanes+1) {
		u.Age = max(u.Age, c.age+c.dateBack(part))
	}
	if u.Gaps = parts > c.lanes; u.Gaps {
		u.Age = max(u.Age, c.age+time.Duration(c.lanes)*c.gap)
	}
	return u
}

// Expect is about what a run of all calls will take in which the busiest pair would have so many, as many at any time.
// They come at random: the busiest of its seconds, which reaches back furthest, has more of them than the mean. What a
// pair has beyond its lanes goes to other pairs while these have room in theirs.
func (c *Calendar) Expect(calls, all float64) Usage {
	over := calls - float64(c.steps)
	if over <= 0 {
		return Usage{Age: c.age}
	}
	steps := float64(c.steps)
	most := calls/steps + math.Sqrt(2*calls/steps*math.Log(steps)) // of that many Poisson numbers, about
	parts := min(uint64(math.Ceil(most-1)), c.parts())
	const room = 0.9 // of the lanes, which are never filled to the last
	if all < room*steps*float64(1+c.lanes)*float64(len(c.pairs)) {
		parts = min(parts, c.lanes)
	}
	return c.withAge(Usage{Back: uint64(over)}, parts)
}
