package scenario

import (
	"math"
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/units"
)

// Replay says which recorded calls are sent instead of synthetic ones.
type Replay struct {
	Place       string        // folder, list or database of the recordings; it may hold a password
	Mask        string        // of the names in a folder
	Period      string        // of which the recordings are, as package replay reads it
	KeepSystems bool          // calls keep the numbers of their systems if those were recorded
	Recordings  int           // number of recordings in the folder; 0 is no replay
	Span        time.Duration // from the first recording to the last
	Speed       float64       // how many times faster than recorded they are sent
	Loop        bool          // start again after the last recording
}

// On reports whether recorded calls are sent.
func (r *Replay) On() bool { return r.Recordings > 0 }

// Limits of the speed of a replay.
const (
	minSpeed = 0.001
	maxSpeed = 100_000
	loopGap  = 10 * time.Second // from the last recording to the first one of the next round
)

// Length returns how long it takes to send all recordings once, with a second in which the last one can find an
// uploader.
func (r *Replay) Length() time.Duration {
	return time.Duration(float64(r.Span)/r.Speed) + time.Second
}

// Rate returns the mean number of calls that are due per second.
func (r *Replay) Rate() float64 {
	return float64(r.Recordings) / max(r.Span.Seconds()/r.Speed, 1)
}

// validate checks the replay in a run of a length.
func (r *Replay) validate(p *problems, length time.Duration) {
	if !(r.Speed >= minSpeed && r.Speed <= maxSpeed) {
		p.check(true, "speed", "{speed} must be %g to %d, not %g", minSpeed, maxSpeed, r.Speed)
		return
	}
	p.check(r.RecordedTime(length) > radio.MaxAge, "duration",
		"{replay}: at {speed} %g, %s are %s of recordings, and calls keep their distances in time; servers delete "+
			"what is older than seven days, so %s can be replayed: give {duration} %s",
		r.Speed, units.Elapsed(length), units.Duration(r.RecordedTime(length).Seconds()),
		units.Duration(radio.MaxAge.Seconds()), units.Elapsed(time.Duration(float64(radio.MaxAge)/r.Speed)))
}

// RecordedTime returns how much recorded time a run of a length replays.
func (r *Replay) RecordedTime(length time.Duration) time.Duration {
	return time.Duration(min(float64(length)*r.Speed, math.MaxInt64/2))
}

// Round returns the time from the start of one round of the recordings to the start of the next: whole seconds, so that
// calls keep their fractions of a second.
func (r *Replay) Round() time.Duration {
	return (r.Span + loopGap + time.Second - 1).Truncate(time.Second)
}

// UseFirst has the call by which the preflight tries the key be of the talkgroup of the first recording, and of its
// system if calls keep theirs: the server sees both anyway.
func (s *Scenario) UseFirst(c *rdio.Call) {
	s.Talkgroups = IDs{c.Talkgroup}
	if s.Replay.KeepSystems && c.System != 0 {
		s.Systems = IDs{c.System}
	}
}
