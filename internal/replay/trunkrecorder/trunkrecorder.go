// Package trunkrecorder reads the recordings of trunk-recorder: audio with a .json sidecar of the same name.
package trunkrecorder

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/inputfile"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/folder"
)

// Format is trunk-recorder's way to keep recordings.
type Format struct{}

var _ folder.Format = Format{}

// Program implements [folder.Format].
func (Format) Program() string { return "trunk-recorder" }

// unsure is by how much a call's start can differ from that in its name, which has whole seconds.
const unsure = 5 * time.Second

// Recognize implements [folder.Format].
func (f Format) Recognize(r *folder.Recording) (folder.When, bool, error) {
	start, named := parseName(r.Stem)
	switch {
	case r.Sidecar == "" || r.Ext == "" && !named: // any other file may end with .json
		return folder.When{}, false, nil
	case named:
		return folder.When{Earliest: start.Add(-unsure), Latest: start.Add(unsure)}, true, nil
	}
	// It was renamed, or its recorder has names of its own: only the sidecar knows.
	start, err := f.Start(r)
	return folder.When{Earliest: start, Latest: start}, err == nil, err
}

// Start implements [folder.Format].
func (Format) Start(r *folder.Recording) (time.Time, error) {
	s, err := readSidecar(r.SidecarPath())
	switch {
	case err != nil:
		return time.Time{}, err
	case s.Encrypted != 0:
		return time.Time{}, replay.Skipf(replay.Encrypted, "encrypted")
	case r.Ext == "":
		return time.Time{}, replay.Skipf(replay.NoAudio, "there is no audio beside it")
	}
	return s.start(), nil
}

// Read implements [folder.Format].
func (Format) Read(r *folder.Recording, _ []byte, c *rdio.Call) error {
	s, err := readSidecar(r.SidecarPath())
	if err != nil {
		return err
	}
	s.call(c)
	return nil
}

// sidecar is what trunk-recorder 4 and 5 write beside a call's audio, as far as an upload has room for it.
type sidecar struct {
	Freq             number   `json:"freq"`
	StartTime        number   `json:"start_time"`    // s
	StartTimeMs      number   `json:"start_time_ms"` // from 5.2 on
	CallLength       number   `json:"call_length"`
	Encrypted        number   `json:"encrypted"`
	Talkgroup        number   `json:"talkgroup"`
	TalkgroupTag     string   `json:"talkgroup_tag"` // the short name
	Description      string   `json:"talkgroup_description"`
	GroupTag         string   `json:"talkgroup_group_tag"` // the kind of use
	Group            string   `json:"talkgroup_group"`
	ShortName        string   `json:"short_name"` // of the system
	PatchedTalkgroup []number `json:"patched_talkgroups"`
	FreqList         []struct {
		Freq       number `json:"freq"`
		Pos        number `json:"pos"`
		Len        number `json:"len"`
		ErrorCount number `json:"error_count"`
		SpikeCount number `json:"spike_count"`
	} `json:"freqList"`
	SrcList []struct {
		Src number `json:"src"`
		Pos number `json:"pos"`
		Tag string `json:"tag"`
	} `json:"srcList"`
}

// number is a JSON number, or one in quotes, or true or false, since versions differ. Anything else is 0.
type number float64

func (n *number) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `" `)
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	if s == "true" {
		v = 1
	}
	*n = number(v)
	return nil
}

// maxSidecar bounds a sidecar; one of a long call with many units has some kB.
const maxSidecar = 1 << 20

// readSidecar reads the file that lies beside a call's audio.
func readSidecar(path string) (*sidecar, error) {
	text, err := inputfile.Read(path, maxSidecar)
	if err != nil {
		return nil, replay.Skipf(replay.CannotBeRead, "its sidecar cannot be read: %w", errors.Unwrap(err))
	}
	return parseSidecar(text)
}

func parseSidecar(text []byte) (*sidecar, error) {
	var s sidecar
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, replay.Skipf(replay.BadSidecar, "its sidecar is no JSON of a call: %w", err)
	}
	if !isID(s.Talkgroup) {
		return nil, replay.Skipf(replay.NoTalkgroup, "its sidecar has no talkgroup")
	}
	if !replay.IsTime(s.start()) {
		return nil, replay.Skipf(replay.NoTime, "its sidecar has no start_time")
	}
	return &s, nil
}

func isID(n number) bool { return n >= 1 && n <= rdio.MaxID }

func (s *sidecar) start() time.Time {
	if s.StartTimeMs > 0 {
		return time.UnixMilli(int64(min(s.StartTimeMs, 1e15)))
	}
	return time.Unix(int64(min(max(s.StartTime, 0), 1e12)), 0)
}

// call fills in the call that a sidecar describes.
func (s *sidecar) call(c *rdio.Call) {
	*c = rdio.Call{
		Talkgroup: int64(s.Talkgroup), Time: s.start().UTC(), Frequency: int64(min(max(s.Freq, 0), 1e12)),
		SystemLabel: replay.Label(s.ShortName), TalkgroupLabel: replay.Label(s.TalkgroupTag),
		TalkgroupName: replay.Label(s.Description),
		TalkgroupTag:  replay.Label(s.GroupTag),
	}
	if group := replay.Label(s.Group); group != "" {
		c.TalkgroupGroups = []string{group}
	}
	for _, tg := range s.PatchedTalkgroup {
		if isID(tg) {
			c.Patches = append(c.Patches, int64(tg))
		}
	}
	for _, f := range s.FreqList {
		c.Frequencies = append(c.Frequencies, rdio.Frequency{
			Hz: int64(min(max(f.Freq, 0), 1e12)), OffsetS: offset(f.Pos), LengthS: offset(f.Len),
			Errors: int64(min(max(f.ErrorCount, 0), 1e9)), Spikes: int64(min(max(f.SpikeCount, 0), 1e9)),
		})
	}
	for _, u := range s.SrcList {
		if !isID(u.Src) { // -1 where it was not decoded
			continue
		}
		c.Units = append(c.Units, rdio.Unit{ID: int64(u.Src), OffsetS: offset(u.Pos), Label: replay.Label(u.Tag)})
	}
	if len(c.Units) > 0 {
		c.Source = c.Units[0].ID
	}
}

// offset is a time within a call; calls end within hours.
func offset(n number) float64 { return float64(min(max(n, 0), 1e5)) }

// parseName reads what trunk-recorder names a call: <talkgroup>-<Unix seconds>_<Hz>[.slot][-call_<n>], with the seconds
// also as a decimal fraction.
func parseName(stem string) (start time.Time, ok bool) {
	talkgroup, rest, ok := strings.Cut(stem, "-")
	if !ok || !isDigits(talkgroup) {
		return start, false
	}
	seconds, _, ok := strings.Cut(rest, "_")
	if !ok {
		return start, false
	}
	s, err := strconv.ParseFloat(seconds, 64)
	if err != nil || !(s >= 0 && s < 1e12) {
		return start, false
	}
	start = time.UnixMilli(int64(s * 1000))
	return start, replay.IsTime(start)
}

func isDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
