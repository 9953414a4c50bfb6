package traffic

import (
	"hash/fnv"
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/random"
)

// probeTime is the time in which calls before the run are dated, and the first pair that they are of. Runs that
// follow each other pick others, so that hardly any of these calls is a duplicate of an earlier run's.
type probeTime struct {
	first time.Time     // a whole second
	room  time.Duration // that they may be dated later
	pair  int
	hash  uint64
}

// maxProbeTime is as much time as calls before the run need.
const maxProbeTime = time.Hour

// newProbeTime picks a part of the time that the calendar has for it.
func newProbeTime(c *radio.Calendar, pairs int, runID string) probeTime {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(runID)) // it never fails
	begin, room := c.Probes()
	room -= time.Second // for the next whole one
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

// date is some time after the first date, or before that where it would be beyond the room.
func (t *probeTime) date(at time.Duration) time.Time { return t.first.Add(at % (t.room + time.Second)) }

// apart is a distance from call n to the next of once to twice the least, which differs from call to call and run to
// run: at even distances, those of two runs that meet once would meet each time.
func (t *probeTime) apart(n uint64, least time.Duration) time.Duration {
	seconds := least/time.Second + 1
	return least + time.Duration(random.Below(random.Hash(t.hash, 2+n), uint32(seconds)))*time.Second
}
