package traffic

import (
	"slices"
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// tiling maps recorded time onto dates that belong to this run. A replay in real time or slower has one tile: calls
// keep their distances. A faster one would need more time than the run has, so its recorded time is cut into tiles,
// each as long as the run, at a distance that keeps them clear of other runs as the lanes of a Calendar are.
//
// Recorded time counts from the second in which the first call began, so that what is cut to seconds keeps its
// distances too.
type tiling struct {
	step    time.Duration // least distance between two calls of a talkgroup
	length  time.Duration // of a tile
	pitch   time.Duration // from one tile to the next
	last    int64         // the last tile, which is the run's own time; 0 if there is one
	covered time.Duration // recorded time, a number of steps
	end     time.Time     // date at which the last tile ends
}

// newTiling returns the tiles of a run that replays an amount of recorded time at a speed.
func newTiling(start time.Time, covered time.Duration, speed float64, step, shift time.Duration) tiling {
	whole := func(d time.Duration) time.Duration { return max((d + step - 1).Truncate(step), step) }
	t := tiling{step: step, covered: whole(covered)}
	t.length = t.covered
	if speed > 1 {
		t.length = whole(time.Duration(float64(covered) / speed))
	}
	t.last = int64((t.covered - 1) / t.length)
	t.pitch = t.length
	if room := radio.MaxAge - shift - t.length; t.last > 0 {
		// At a fraction of the gap between lanes, this run also stays clear of other runs.
		for parts := time.Duration(1); ; parts++ {
			if pitch := (radio.LaneGap / parts).Truncate(step); pitch <= t.length {
				break
			} else if pitch*time.Duration(t.last) <= room {
				t.pitch = pitch
				break
			}
		}
	}
	t.end = start.Truncate(step).Truncate(time.Second).UTC().Add(t.length - radio.Age - shift)
	return t
}

// date returns the date of a recorded time. Later times have later dates. The last tile is whole, so that the last call
// is dated a minute before it is due.
func (t *tiling) date(at time.Duration) time.Time {
	back := t.covered - at
	tile := min(max(int64((back-1)/t.length), 0), t.last) // counted from the last one
	return t.end.Add(-back - time.Duration(tile)*(t.pitch-t.length))
}

// replayDates dates recorded calls. They keep their distances, but calls of a talkgroup that a server would take for
// duplicates are moved apart, unless the recordings are duplicates.
type replayDates struct {
	tiling
	recent map[talkgroupKey][]datedCall
}

type talkgroupKey struct{ system, talkgroup int64 }

// datedCall is a call with its recorded time, and the recorded time that its date stands for.
type datedCall struct {
	label     string // of its system, as several systems may share a number
	at, dated time.Duration
}

// maxPush is how much a call may be dated later than it was recorded.
const maxPush = 30 * time.Second

// place dates a call, given its recorded time. It is a duplicate if another recording is of the same call, or if it has
// no date of its own in reach.
func (d *replayDates) place(c *rdio.Call, at time.Duration) (date time.Time, duplicate bool) {
	key := talkgroupKey{c.System, c.Talkgroup}
	calls := slices.DeleteFunc(d.recent[key], func(e datedCall) bool { return e.dated < at-2*maxPush-d.step })
	d.recent[key] = calls
	for _, e := range calls {
		if apart := at - e.at; e.label == c.SystemLabel && apart.Abs() <= scenario.DefaultWindow {
			return d.date(e.dated), true
		}
	}
	dated := at
	for i := 0; i < len(calls); i++ { // which are in order of their dates
		e := &calls[i]
		if (dated - e.dated).Abs() >= d.step {
			continue
		}
		if dated = e.dated + d.step; dated-at > maxPush {
			return d.date(e.dated), true
		}
	}
	i, _ := slices.BinarySearchFunc(calls, dated, func(e datedCall, at time.Duration) int { return int(e.dated - at) })
	d.recent[key] = slices.Insert(calls, i, datedCall{c.SystemLabel, at, dated})
	return d.date(dated), false
}
