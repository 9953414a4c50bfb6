package radio

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Calendar dates calls so that no two calls of a pair are duplicates: a server drops a call when another one of its
// system and talkgroup is dated within a window around it.
//
// A pair has one call in each step of time, and a step is longer than the window. A call takes the step in which it is
// due, dated a minute back. If its pair already has a call there, it takes a free step of the seconds before, since the
// run's start. A busier pair dates further calls back into spare time: first into lanes, which are the run's own time
// shifted back by one, two, three lane gaps; then into gaps between lanes. All dates are within six days.
//
// All dates move with the run: in each lane, a call is dated to the step in which it is due. So a run never takes dates
// after its end, and consecutive runs do not collide, however close or short, as long as they need no gaps, have not
// started about a multiple of the lane gap apart, and each begin with a new step.
//
// It is safe for concurrent use, and a call takes some nanoseconds: pairs do not share state.
type Calendar struct {
	start  time.Time     // the step in which the run starts, dated back by age
	offset time.Duration // of the start within its step
	age    time.Duration // how far calls are dated back
	step   time.Duration
	behind int // steps before its own that a call may take
	steps  uint64
	last   uint64 // last step whose calls can be dated back: later ones belong to other parts of spare time
	gap    time.Duration
	pitch  time.Duration // distance of gaps
	lanes  uint64
	gaps   uint64        // number of gaps between two lanes
	part   time.Duration // this generator's part of a lane gap
	pairs  []atomic.Uint64

	dated   atomic.Uint64 // calls dated back
	deepest atomic.Uint64 // the maximum parts of spare time that they took in a step
}

// CalendarOptions say when a run is, and which time it may use.
type CalendarOptions struct {
	Start  time.Time
	Length time.Duration
	Extra  time.Duration // extra time that the run may take; Capacity does not include its calls
	Step   time.Duration // at least a millisecond
	// Generator is the index of this generator among several that send to one server at the same time; each has a part
	// of every lane gap.
	Generator, Generators int
}

const (
	// Age is how far before its due time a call is dated: no server's clock is so slow that the date lies in the
	// future, which makes rdio-scanner 7 crash, and clients send calls about as late.
	Age = time.Minute
	// MaxAge keeps every call younger than seven days, when rdio-scanner prunes it.
	MaxAge = 6 * 24 * time.Hour

	// recent is how far before its due time a call may be dated, in addition to its age.
	recent = Age / 2
	// LaneGap is the minimum distance between lanes. It is no divisor of one or a few days, so that nightly runs do not
	// collide.
	LaneGap = 4*time.Hour + 41*time.Minute
	// margin separates the parts of time that a run uses.
	margin = time.Minute

	// The steps that a pair has used are in one word: the step of its latest call, which of the recent steps have a
	// call, and how many calls were dated back in it.
	stepBits, recentBits, partBits = 23, 25, 16
	// MaxSteps is the maximum number of steps of a run.
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
	if room := MaxAge - o.Length - o.Extra - shift; room >= 2*c.gap { // the last lane is reserved for probes
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

// Capacity returns how many calls a pair can have in the whole run.
func (c *Calendar) Capacity() uint64 { return c.steps * c.PerStep() }

// PerStep returns how many calls a pair can have in each step of the run.
func (c *Calendar) PerStep() uint64 { return 1 + c.parts() }

// parts returns how many times the run fits into spare time.
func (c *Calendar) parts() uint64 { return c.lanes * (1 + c.gaps) }

// Step returns the minimum distance between the calls of a pair.
func (c *Calendar) Step() time.Duration { return c.step }

// Claim dates a call of a pair that is due at a time of the run. It returns false if the pair has no time left.
func (c *Calendar) Claim(pair int, due time.Duration) (date time.Time, ok bool) {
	return c.claim(pair, due, c.parts())
}

// ClaimInLane is like Claim without the gaps between lanes, whose times calls of other runs may have.
func (c *Calendar) ClaimInLane(pair int, due time.Duration) (date time.Time, ok bool) {
	return c.claim(pair, due, c.lanes)
}

// StepAt returns the number of the step that contains a time of the run.
func (c *Calendar) StepAt(due time.Duration) uint64 {
	return min(uint64((max(due, 0)+c.offset)/c.step), MaxSteps-1)
}

// claim dates a call within a limited number of parts of spare time.
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

// used is the state of a pair.
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

// moveTo makes a step the latest one, unless it is already over.
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

// dateBack returns how far back a part of spare time is: first the lanes, then the gaps between them, from the middle
// on.
func (c *Calendar) dateBack(part uint64) time.Duration {
	if part < c.lanes {
		return time.Duration(part+1) * c.gap
	}
	part -= c.lanes
	lane, gap := part%c.lanes, part/c.lanes
	return time.Duration(lane)*c.gap + time.Duration(1+(gap+c.gaps/2)%c.gaps)*c.pitch
}

// Probes returns the start and length of the time in the last lane in which no call of the run is dated, for calls that
// are sent before the run and at its start.
func (c *Calendar) Probes() (begin time.Time, room time.Duration) {
	back, room := time.Duration(c.lanes+1)*c.gap, c.part
	if c.lanes == 0 { // the run is too long for lanes: use the time right before it
		room = min(room, LaneGap)
		back = room
	}
	return c.start.Add(-back), room - max(margin, c.step)
}

// Priming returns the date of the call that teaches the server a pair before the run: some time before that of Probes,
// so that the two are no duplicates.
func (c *Calendar) Priming() time.Time {
	begin, _ := c.Probes()
	return begin.Add(-max(primingLead, 2*c.step))
}

// primingLead is longer than the time from a run's probes to its priming: each has a calendar that begins then.
const primingLead = 10 * time.Minute

// Usage is the time that a calendar's calls have taken.
type Usage struct {
	Back uint64        // calls that were dated back
	Age  time.Duration // approximate age of the oldest call when it was due
	Gaps bool          // some calls are in gaps between lanes
}

// Usage returns the time taken so far.
func (c *Calendar) Usage() Usage { return c.withAge(Usage{Back: c.dated.Load()}, c.deepest.Load()) }

// withAge fills in how far back the calls go that take a number of parts of spare time.
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

// Expect estimates the usage of a run in which the busiest pair has a given number of calls, at a constant rate. Calls
// come at random: the busiest second, which reaches back furthest, has more calls than the mean. Calls of a pair that
// exceed its lanes move to other pairs while these have room in theirs.
func (c *Calendar) Expect(calls, all float64) Usage {
	over := calls - float64(c.steps)
	if over <= 0 {
		return Usage{Age: c.age}
	}
	steps := float64(c.steps)
	most := calls/steps + math.Sqrt(2*calls/steps*math.Log(steps)) // about the maximum of that many Poisson numbers
	parts := min(uint64(math.Ceil(most-1)), c.parts())
	const room = 0.9 // of the lanes, which are never completely filled
	if all < room*steps*float64(1+c.lanes)*float64(len(c.pairs)) {
		parts = min(parts, c.lanes)
	}
	return c.withAge(Usage{Back: uint64(over)}, parts)
}
