// Package trunkrecorder reads the recordings of trunk-recorder: audio with a .json sidecar of the same name.
package trunkrecorder

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
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

var (
	_ folder.Format     = Format{}
	_ folder.AudioNamer = Format{}
)

// Program implements [folder.Format].
func (Format) Program() string { return "trunk-recorder" }

// unsure is by how much a call's start can differ from that in its name, which has whole seconds.
const unsure = 5 * time.Second

// Recognize implements [folder.Format].
func (f Format) Recognize(r *folder.Recording) (folder.When, bool, error) {
	name, named := parseName(r.Stem)
	switch {
	case r.Sidecar == "" && isPart(r, name, named):
		return folder.When{}, false, replay.Skipf(replay.PartOfCall, "it is part of a call, and has no sidecar")
	case r.Sidecar == "" || r.Ext == "" && !named: // any other file may end with .json
		return folder.When{}, false, nil
	case named:
		return folder.When{Earliest: name.start.Add(-unsure), Latest: name.start.Add(unsure)}, true, nil
	}
	// It was renamed, or its recorder has names of its own: only the sidecar knows.
	start, err := f.Start(r)
	return folder.When{Earliest: start, Latest: start}, err == nil, err
}

// AudioStem implements [folder.AudioNamer]: until version 3.1, the name of compressed audio has no frequency.
func (Format) AudioStem(stem string) string {
	name, named := parseName(stem)
	short, frequency, _ := strings.Cut(stem, "_")
	if _, err := strconv.ParseFloat(frequency, 64); err != nil || !named || name.numbered {
		return ""
	}
	return short
}

// isPart reports whether audio without a sidecar is what trunk-recorder keeps beside a call's: a single transmission
// (transmissionArchive), which has a call's name without its number; the audio before it was filtered; or the
// compressed audio of version 3, whose name has no frequency, where it could be of several calls or has no sidecar.
func isPart(r *folder.Recording, name recorderName, named bool) bool {
	wav := strings.EqualFold(r.Ext, ".wav")
	switch stem, raw := strings.CutSuffix(r.Stem, ".raw"); {
	case raw && wav:
		_, named = parseName(stem)
		return named
	case wav:
		return named && !name.numbered
	default:
		_, named = parseName(r.Stem + "_")
		return strings.EqualFold(r.Ext, ".m4a") && named && !strings.Contains(r.Stem, "_")
	}
}

// Start implements [folder.Format].
func (Format) Start(r *folder.Recording) (time.Time, error) {
	s, err := readSidecar(r.SidecarPath())
	switch {
	case err != nil:
		return time.Time{}, err
	case s.Encrypted:
		return time.Time{}, replay.Skipf(replay.Encrypted, "encrypted")
	case r.Ext == "":
		return time.Time{}, replay.Skipf(replay.NoAudio, "there is no audio beside it")
	}
	return s.Time, nil
}

// Read implements [folder.Format].
func (Format) Read(r *folder.Recording, _ []byte, c *rdio.Call) error {
	s, err := readSidecar(r.SidecarPath())
	if err != nil {
		return err
	}
	*c = s.Call
	for _, label := range []*string{&c.SystemLabel, &c.TalkgroupLabel, &c.TalkgroupName, &c.TalkgroupTag} {
		*label = replay.Label(*label)
	}
	for i, group := range c.TalkgroupGroups {
		c.TalkgroupGroups[i] = replay.Label(group)
	}
	for i := range c.Units {
		c.Units[i].Label = replay.Label(c.Units[i].Label)
	}
	if c.SystemLabel == "" { // before 4.0
		c.SystemLabel = replay.Label(systemOf(r.Folder))
	}
	return nil
}

// systemOf returns the name of a recording's system by its folder: <captureDir>/<system>/<year>/<month>/<day>, where
// folders that are numbers are those of a date.
func systemOf(dir string) string {
	for range 3 {
		if base := filepath.Base(dir); !isDigits(base) {
			break
		}
		dir = filepath.Dir(dir)
	}
	base := filepath.Base(dir)
	if base == "." || base == string(filepath.Separator) {
		return ""
	}
	return base
}

// maxSidecar bounds a sidecar; one of a long call with many units has some kB.
const maxSidecar = 1 << 20

// readSidecar reads the file that lies beside a call's audio.
func readSidecar(path string) (*rdio.Sidecar, error) {
	text, err := inputfile.Read(path, maxSidecar)
	if err != nil {
		return nil, replay.Skipf(replay.CannotBeRead, "its sidecar cannot be read: %w", errors.Unwrap(err))
	}
	return parseSidecar(text)
}

func parseSidecar(text []byte) (*rdio.Sidecar, error) {
	s := &rdio.Sidecar{}
	err := s.Parse(text)
	switch {
	case err != nil && !json.Valid(bytes.TrimPrefix(text, []byte("\ufeff"))):
		return nil, replay.Skipf(replay.BadSidecar, "its sidecar is no JSON: %s", problemOf(err))
	case err != nil:
		return nil, replay.Skipf(replay.BadSidecar, "its sidecar is not what trunk-recorder writes: %s", problemOf(err))
	case s.Talkgroup == 0:
		return nil, replay.Skipf(replay.NoTalkgroup, "its sidecar has no talkgroup")
	case !replay.IsTime(s.Time):
		return nil, replay.Skipf(replay.NoTime, "its sidecar has no start_time")
	}
	return s, nil
}

// problemOf says what is wrong with a sidecar. It was read as part of a form is, and is none.
func problemOf(err error) string {
	return strings.TrimPrefix(err.Error(), rdio.ErrMalformed.Error()+": ")
}

// recorderName is what the name of a recording says.
type recorderName struct {
	start    time.Time
	numbered bool // it has the call's number
}

// parseName reads what trunk-recorder names a call: <talkgroup>-<Unix seconds>_<Hz>[.slot][-call_<n>], with the seconds
// also as a decimal fraction.
func parseName(stem string) (name recorderName, ok bool) {
	talkgroup, rest, ok := strings.Cut(stem, "-")
	if !ok || !isDigits(talkgroup) {
		return name, false
	}
	seconds, rest, ok := strings.Cut(rest, "_")
	if !ok {
		return name, false
	}
	s, err := strconv.ParseFloat(seconds, 64)
	if err != nil || !(s >= 0 && s < 1e12) {
		return name, false
	}
	name.start = time.UnixMilli(int64(s * 1000))
	name.numbered = strings.Contains(rest, "-call_")
	return name, replay.IsTime(name.start)
}

func isDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
