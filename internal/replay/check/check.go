// Package check finds out what a replay of an archive would send, without a server.
package check

import (
	"cmp"
	"context"
	"slices"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

// Schema names the form of the document.
const Schema = "rdiostress.replaycheck/v1"

// Check is what a replay would send. Its JSON is described in docs/replaycheck.schema.json.
type Check struct {
	Schema    string         `json:"schema"`
	Place     string         `json:"place"`
	Files     uint64         `json:"files"`    // recordings, whether they can be sent or not
	Programs  map[string]int `json:"programs"` // recordings by the program that made them
	Calls     uint64         `json:"calls"`    // that would be sent
	Encrypted uint64         `json:"encrypted"`
	Unusable  uint64         `json:"unusable"`        // calls that would not be sent, those that are encrypted apart
	Share     *float64       `json:"share,omitempty"` // of the calls that would be sent, those that are encrypted apart
	Passed    bool           `json:"passed"`          // the share is large enough

	First         string   `json:"first,omitempty"` // start of the first call
	Last          string   `json:"last,omitempty"`
	SpanS         float64  `json:"span_s"`                   // from the first to the last
	AudioS        float64  `json:"audio_s"`                  // of all calls whose length is known
	LongestS      float64  `json:"longest_s"`                // the longest of them
	AudioBytes    uint64   `json:"audio_bytes"`              // of all calls
	BusiestMinute *Busiest `json:"busiest_minute,omitempty"` // absent: no calls
	BusiestHour   *Busiest `json:"busiest_hour,omitempty"`

	Systems []System  `json:"systems"`
	Skipped []Skipped `json:"skipped"`
}

// Busiest is the time with the most calls.
type Busiest struct {
	Start string `json:"start"`
	Calls uint64 `json:"calls"`
}

// System counts the calls of a system.
type System struct {
	Label      string      `json:"label"` // as recorded; empty: the recordings do not tell
	Calls      uint64      `json:"calls"`
	AudioS     float64     `json:"audio_s"`
	Talkgroups []Talkgroup `json:"talkgroups"` // the busiest first
}

// Talkgroup counts the calls of a talkgroup.
type Talkgroup struct {
	ID     int64   `json:"id"`
	Label  string  `json:"label,omitempty"`
	Calls  uint64  `json:"calls"`
	AudioS float64 `json:"audio_s"`
}

// Skipped counts what would not be sent for one reason.
type Skipped struct {
	Reason   string    `json:"reason"`
	What     string    `json:"what"` // describes those recordings
	Count    uint64    `json:"count"`
	Loss     bool      `json:"loss"` // the recorder would have uploaded them
	Examples []Example `json:"examples"`
}

// Example is a recording that would not be sent.
type Example struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// examiner counts calls.
type examiner struct {
	*Check
	systems      map[string]map[int64]*Talkgroup
	minute, hour window
	bad          replay.Skipped
}

// Examine reads every call of an archive. It tells progress how many of the recordings it has read.
func Examine(ctx context.Context, place string, a *replay.Archive, progress func(read, all int)) (*Check, error) {
	x := examiner{
		Check:   &Check{Schema: Schema, Place: place, Files: uint64(a.Files()), Programs: a.Programs()},
		systems: make(map[string]map[int64]*Talkgroup), minute: window{length: time.Minute},
		hour: window{length: time.Hour},
	}
	var buf []byte
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, ok := a.Due(n); !ok {
			break
		}
		var c rdio.Call
		var err error
		if buf, err = a.Read(n, buf, &c); err != nil {
			x.bad.Add(a.Name(n), err)
		} else {
			x.add(&c, buf)
		}
		progress(n+1, a.Found())
	}
	skipped := a.Skipped()
	for _, f := range x.bad.List() {
		skipped = replay.AddSkipped(skipped, f)
	}
	x.finish(skipped)
	return x.Check, nil
}

// Empty returns the check of an archive of which nothing would be sent.
func Empty(place string, empty *replay.EmptyError) *Check {
	x := examiner{Check: &Check{Schema: Schema, Place: place, Programs: map[string]int{}}}
	for _, f := range empty.Skipped {
		x.Files += f.Count
	}
	x.finish(empty.Skipped)
	return x.Check
}

// add counts a call.
func (x *examiner) add(c *rdio.Call, file []byte) {
	if x.Calls++; x.Calls == 1 {
		x.First = c.Time.Format(time.RFC3339)
	}
	x.Last = c.Time.Format(time.RFC3339)
	x.AudioBytes += uint64(len(file))
	x.minute.add(c.Time)
	x.hour.add(c.Time)
	length := 0.0
	if sound, err := audio.Measure(c.AudioName, file); err == nil {
		length = sound.Length.Seconds()
	}
	x.AudioS, x.LongestS = x.AudioS+length, max(x.LongestS, length)
	system := x.systems[c.SystemLabel]
	if system == nil {
		system = make(map[int64]*Talkgroup)
		x.systems[c.SystemLabel] = system
	}
	t := system[c.Talkgroup]
	if t == nil {
		t = &Talkgroup{ID: c.Talkgroup}
		system[c.Talkgroup] = t
	}
	t.Calls, t.AudioS, t.Label = t.Calls+1, t.AudioS+length, cmp.Or(t.Label, c.TalkgroupLabel)
}

// finish adds up.
func (x *examiner) finish(skipped []replay.SkippedFor) {
	x.Systems, x.Skipped = []System{}, []Skipped{}
	for label, talkgroups := range x.systems {
		s := System{Label: label}
		for _, t := range talkgroups {
			s.Calls, s.AudioS, s.Talkgroups = s.Calls+t.Calls, s.AudioS+t.AudioS, append(s.Talkgroups, *t)
		}
		slices.SortFunc(s.Talkgroups, func(a, b Talkgroup) int {
			return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.ID, b.ID))
		})
		x.Systems = append(x.Systems, s)
	}
	slices.SortFunc(x.Systems, func(a, b System) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Label, b.Label))
	})
	for _, f := range skipped {
		s := Skipped{
			Reason: string(f.Reason), What: f.Reason.Describe(), Count: f.Count, Loss: f.Reason.IsLoss(),
			Examples: []Example{},
		}
		for _, e := range f.Examples {
			s.Examples = append(s.Examples, Example{e.Name, e.Why})
		}
		x.Skipped = append(x.Skipped, s)
		switch {
		case f.Reason == replay.Encrypted:
			x.Encrypted += f.Count
		case s.Loss:
			x.Unusable += f.Count
		}
	}
	if all := x.Calls + x.Unusable; all > 0 {
		share := float64(x.Calls) / float64(all)
		x.Share, x.Passed = &share, share >= measure.MinReplayed
	}
	x.BusiestMinute, x.BusiestHour = x.minute.busiest(), x.hour.busiest()
	x.SpanS = x.hour.span().Seconds()
}

// window finds the time of a length in which most calls began.
type window struct {
	length      time.Duration
	times       []time.Time // of the calls in the window
	most        int
	at          time.Time // when the busiest began
	first, last time.Time
}

// add counts a call. Calls come in order.
func (w *window) add(at time.Time) {
	if w.first.IsZero() {
		w.first = at
	}
	w.last = at
	w.times = append(w.times, at)
	for at.Sub(w.times[0]) >= w.length {
		w.times = w.times[1:]
	}
	if len(w.times) > w.most {
		w.most, w.at = len(w.times), w.times[0]
	}
}

func (w *window) span() time.Duration { return w.last.Sub(w.first) }

// busiest returns the busiest time; nil without calls.
func (w *window) busiest() *Busiest {
	if w.most == 0 {
		return nil
	}
	return &Busiest{w.at.Format(time.RFC3339), uint64(w.most)}
}
