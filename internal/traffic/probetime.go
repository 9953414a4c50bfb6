package traffic

import (
	"hash/fnv"
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/random"
)

// probeTime is the time from which calls before the run get their dates, and the first pair that they are of.
// Consecutive runs choose different ones, so that these calls are hardly ever duplicates of those of an earlier run.
type probeTime struct {
	first time.Time     // a whole second
	room  time.Duration // how much later they may be dated
	pair  int
	hash  uint64
}

// maxProbeTime is how much time calls before the run need at most.
const maxProbeTime = time.Hour

// newProbeTime chooses a part of the time that the calendar reserves for it.
func newProbeTime(c *radio.Calendar, pairs int, runID string) probeTime {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(runID)) // it never fails
	begin, room := c.Probes()
	room -= time.Second // to start at a whole second
	t := probeTime{
		first: begin.Truncate(time.Second).Add(time.Second), room: min(room, maxProbeTime),
		hash: hash.Sum64(),
	}
	t.pair = int(random.Below(random.Hash(t.hash, 0), uint32(pairs)))
	if spare := (room - t.room) / time.Second; spare > 0 {
		t.first = t.first.Add(time.Duration(random.Below(random.Hash(t.hash, 1), uint32(spare))) * time.Second)
	}
	return t
}

// date returns the date some time after the first, wrapped around at the end of the room.
func (t *probeTime) date(at time.Duration) time.Time { return t.first.Add(at % (t.room + time.Second)) }

// distance returns a distance from call n to the next, of once to twice the least. It differs from call to call and
// from run to run: with even distances, if two runs met once, they would meet again each time.
func (t *probeTime) distance(n uint64, least time.Duration) time.Duration {
	seconds := least/time.Second + 1
	return least + time.Duration(random.Below(random.Hash(t.hash, 2+n), uint32(seconds)))*time.Second
}
