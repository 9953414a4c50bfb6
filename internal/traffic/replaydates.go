package traffic

import (
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
)

// tiling maps the time that recordings cover onto dates of which each is the run's own: the run's time, shifted back by
// whole pitches, as a Calendar's lanes are. A replay no faster than real time has one tile.
type tiling struct {
	step   time.Duration // that calls of a talkgroup are apart at least
	length time.Duration // of a tile, and of the run
	pitch  time.Duration // from a tile to the next
	last   int64         // tile, which is the run's own time
	first  time.Time     // date at which the first tile begins
}

// newTiling tiles a run that goes through so much recorded time.
func newTiling(start time.Time, length, covered, step, shift time.Duration) tiling {
	t := tiling{step: step, length: max(length.Truncate(step), step)}
	t.last = int64(max(covered-1, 0) / t.length)
	t.pitch = t.length
	if room := radio.MaxAge - shift - t.length; t.last > 0 {
		// Parts of the lanes' gap: where they are whole, other runs stay apart from this one too.
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

// date is the date of a recorded time. Later times have later dates.
func (t *tiling) date(at time.Duration) time.Time {
	tile := min(int64(at/t.length), t.last)
	return t.first.Add(at + time.Duration(tile)*(t.pitch-t.length))
}

// replayDates dates recorded calls: as far apart as they were recorded, but never two of a talkgroup so close that a
// server would take them for duplicates, unless the recordings are.
type replayDates struct {
	tiling
	recent map[talkgroupKey]*recentCalls
}

type talkgroupKey struct{ system, talkgroup int64 }

// recentCalls are the last calls of a talkgroup. Recordings of one that are further out of order there are not.
type recentCalls struct {
	calls [16]recentCall
	n     int
}

// recentCall is a call by when it was recorded, and what it was dated by.
type recentCall struct {
	label     string // of its system: several may have one number
	at, dated time.Duration
}

// maxPush is how much later than it was recorded a call is dated at most.
const maxPush = 30 * time.Second

// place dates a call that was recorded at a time since the first. A duplicate is one of another recording: received
// twice, or without a date of its own within reach.
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

// within is a call that is dated within the same step.
func (r *recentCalls) within(dated, step time.Duration) *recentCall {
	for i := range r.list() {
		if e := &r.calls[i]; e.dated/step == dated/step {
			return e
		}
	}
	return nil
}
