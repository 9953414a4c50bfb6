package traffic

import (
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// tiling maps recorded time onto dates that belong to this run: tiles, each as long as the run, at a distance that
// keeps them clear of other runs as the lanes of a Calendar are. A replay in real time or slower has one tile.
type tiling struct {
	step   time.Duration // least distance between two calls of a talkgroup
	length time.Duration // of a tile, and of the run
	pitch  time.Duration // from one tile to the next
	last   int64         // the last tile, which is the run's own time
	first  time.Time     // date at which the first tile begins
}

// newTiling returns the tiles of a run that replays an amount of recorded time.
func newTiling(start time.Time, length, covered, step, shift time.Duration) tiling {
	t := tiling{step: step, length: max(length.Truncate(step), step)}
	t.last = int64(max(covered-1, 0) / t.length)
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
	t.first = start.Truncate(step).UTC().Add(-radio.Age - shift - time.Duration(t.last)*t.pitch)
	return t
}

// date returns the date of a recorded time. Later times have later dates.
func (t *tiling) date(at time.Duration) time.Time {
	tile := min(int64(at/t.length), t.last)
	return t.first.Add(at + time.Duration(tile)*(t.pitch-t.length))
}

// replayDates dates recorded calls. They keep their distances, but calls of a talkgroup that a server would take for
// duplicates are moved apart, unless the recordings are duplicates.
type replayDates struct {
	tiling
	recent map[talkgroupKey]*recentCalls
}

type talkgroupKey struct{ system, talkgroup int64 }

// recentCalls has the last calls of a talkgroup. Recordings are not out of order by more than that.
type recentCalls struct {
	calls [16]recentCall
	n     int
}

// recentCall is a call with its recorded time, and the recorded time that its date stands for.
type recentCall struct {
	label     string // of its system, as several systems may share a number
	at, dated time.Duration
}

// maxPush is how much a call may be dated later than it was recorded.
const maxPush = 30 * time.Second

// place dates a call, given its recorded time since the first call. It is a duplicate if another recording is of the
// same call, or if it has no date of its own in reach.
func (d *replayDates) place(c *rdio.Call, at time.Duration) (date time.Time, duplicate bool) {
	at = max(at, 0)
	key := talkgroupKey{c.System, c.Talkgroup}
	r := d.recent[key]
	if r == nil {
		r = &recentCalls{}
		d.recent[key] = r
	}
	for i := range r.list() {
		e := &r.calls[i]
		if apart := at - e.at; e.label == c.SystemLabel && apart.Abs() <= scenario.DefaultWindow {
			return d.date(e.dated), true
		}
	}
	dated := at
	for e := r.within(dated, d.step); e != nil; e = r.within(dated, d.step) {
		dated = e.dated.Truncate(d.step) + d.step
		if dated-at > maxPush {
			return d.date(e.dated), true
		}
	}
	r.calls[r.n%len(r.calls)] = recentCall{c.SystemLabel, at, dated}
	r.n++
	return d.date(dated), false
}

func (r *recentCalls) list() []recentCall { return r.calls[:min(r.n, len(r.calls))] }

// within returns a call that is dated in the same step, or nil.
func (r *recentCalls) within(dated, step time.Duration) *recentCall {
	for i := range r.list() {
		if e := &r.calls[i]; e.dated/step == dated/step {
			return e
		}
	}
	return nil
}
