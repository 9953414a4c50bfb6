package radio

import (
	"sync/atomic"
	"time"
)

// Calendar dates calls so that no two of one pair are duplicates of each other: a server drops a call when another one of its
// system and talkgroup is dated within a window around it.
//
// A pair has one call in each step of time, a step being longer than the window. A call takes the step that it is due in; if
// its pair has one there, a later one, by half a minute at most, which is still in the past, since calls are dated a
// minute back. A pair that is busier than a call a step dates the rest back into spare time: first into lanes, which are the
// run's own time shifted back by one lane gap, two, three; then, between lanes, into gaps. All are within six days.
//
// So runs one after the other do not collide, however close, as long as they need no gaps and have not started a multiple of
// the lane gap apart.
//
// It is safe for concurrent use and takes some nanoseconds: pairs do not share state.
type Calendar struct {
	start time.Time     // that a call due at the start of the run is dated
	age   time.Duration // of that call
	step  time.Duration
	steps uint64 // of the run
	gap   time.Duration
	pitch time.Duration // of gaps
	lanes uint64
	gaps  uint64 // between two lanes
	pairs []atomic.Uint64
}

// CalendarOptions say when a run is, and what of time it may use.
type CalendarOptions struct {
	Start  time.Time
	Length time.Duration
	Step   time.Duration // at least a millisecond
	// Generator is which of several that send to one server at once this is, from 0 on; each has a part of every lane gap.
	Generator, Generators int
}

const (
	// Age is how long before it is due a call is dated: no clock of a server is so far behind that it lies in the future, which
	// makes rdio-scanner 7 crash, and clients send calls about as late.
	Age = time.Minute
	// MaxAge keeps every call younger than the seven days after which rdio-scanner prunes.
	MaxAge = 6 * 24 * time.Hour

	// ahead is how far beyond the step that it is due in a call may be dated.
	ahead = Age / 2
	// LaneGap is from a lane to the next at least. It is no divisor of a day or a few, so that nightly runs do not collide.
	LaneGap = 4*time.Hour + 41*time.Minute
	// margin between the parts of time that a run uses.
	margin = time.Minute

	countBits = 32
)

// NewCalendar returns an empty calendar for so many pairs.
func NewCalendar(pairs int, o CalendarOptions) *Calendar {
	n := max(o.Generators, 1)
	steps := (o.Length + o.Step - 1) / o.Step
	pitch := steps*o.Step + max(margin, 2*o.Step)
	c := &Calendar{
		step: o.Step, steps: uint64(steps), pitch: pitch,
		gap: max(LaneGap, time.Duration(n)*pitch), pairs: make([]atomic.Uint64, pairs),
	}
	part := c.gap / time.Duration(n)
	shift := part * time.Duration(o.Generator)
	if room := MaxAge - o.Length - shift; room > 0 {
		c.lanes = uint64(room / c.gap)
		c.gaps = uint64(max(0, part-pitch) / pitch)
	}
	c.age = Age + shift
	c.start = o.Start.Truncate(o.Step).UTC().Add(-c.age)
	return c
}

// Capacity is how many calls a pair can have, all through the run.
func (c *Calendar) Capacity() uint64 { return c.steps + c.spare() }

// Step is how far apart calls of a pair are at least.
func (c *Calendar) Step() time.Duration { return c.step }

// spare is how many calls a pair can have beside those in the run's own time.
func (c *Calendar) spare() uint64 { return min(c.steps*c.lanes*(1+c.gaps), 1<<countBits-1) }

// Claim dates a call of a pair that is due at a time of the run. It is false if the pair has no time left.
//
// What a pair has used is in one word: the step after its last in the run's own time, and the number of calls dated back.
func (c *Calendar) Claim(pair int, due time.Duration) (date time.Time, ok bool) {
	now := uint64(max(due, 0) / c.step)
	latest := max(now, min(now+uint64(ahead/c.step), c.steps-1))
	used := &c.pairs[pair]
	for {
		old := used.Load()
		if step := max(now, old>>countBits); step <= latest {
			if used.CompareAndSwap(old, (step+1)<<countBits|old&(1<<countBits-1)) {
				return c.start.Add(time.Duration(step) * c.step), true
			}
			continue
		}
		back := old & (1<<countBits - 1)
		if back >= c.spare() {
			return time.Time{}, false
		}
		if used.CompareAndSwap(old, old+1) {
			return c.spareTime(back), true
		}
	}
}

// spareTime is the date of a pair's call number n of those that are dated back.
func (c *Calendar) spareTime(n uint64) time.Time {
	part, step := n/c.steps, n%c.steps
	return c.start.Add(time.Duration(step)*c.step - c.back(part))
}

// back is how far back a part of spare time lies: first the lanes, then what is between them, from its middle on.
func (c *Calendar) back(part uint64) time.Duration {
	if part < c.lanes {
		return time.Duration(part+1) * c.gap
	}
	part -= c.lanes
	lane, gap := part%c.lanes, part/c.lanes
	return time.Duration(lane)*c.gap + time.Duration(1+(gap+c.gaps/2)%c.gaps)*c.pitch
}

// Probe is a date that no call of the run has, and hardly one of another run: late in the margin behind the first lane, since calls
// are probed before the run starts, by some seconds if the server is slow, and dated from then.
func (c *Calendar) Probe() time.Time {
	const late = margin - 10*time.Second
	return c.start.Add(time.Duration(c.steps)*c.step + late - c.gap)
}

// Usage is what a calendar's calls have taken.
type Usage struct {
	Back uint64        // calls that were dated back
	Age  time.Duration // of the oldest when it was due, about
	Gaps bool          // some are between lanes
}

// Usage looks at all pairs.
func (c *Calendar) Usage() Usage {
	u := Usage{}
	most := uint64(0)
	for i := range c.pairs {
		back := c.pairs[i].Load() & (1<<countBits - 1)
		u.Back += back
		most = max(most, back)
	}
	return c.reach(u, most)
}

// reach fills in how far back a pair's calls go if so many are dated back.
func (c *Calendar) reach(u Usage, most uint64) Usage {
	u.Age = c.age
	if most == 0 {
		return u
	}
	parts := (most-1)/c.steps + 1
	for part := range min(parts, c.lanes+1) {
		u.Age = max(u.Age, c.age+c.back(part))
	}
	if u.Gaps = parts > c.lanes; u.Gaps {
		u.Age = max(u.Age, c.age+time.Duration(c.lanes)*c.gap)
	}
	return u
}

// Expect is about what a run will take in which the busiest pair has so many calls, evenly.
func (c *Calendar) Expect(calls float64) Usage {
	over := calls - float64(c.steps)
	if over <= 0 {
		return Usage{Age: c.age}
	}
	return c.reach(Usage{Back: uint64(over)}, min(uint64(over), c.spare()))
}
