// Package sdrtrunk reads the recordings of SDRTrunk, by their names and by the tags in them.
package sdrtrunk

import (
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/folder"
)

// Format is SDRTrunk's way to keep recordings.
type Format struct{}

var _ folder.Format = Format{}

// Program implements [folder.Format].
func (Format) Program() string { return "sdrtrunk" }

// Recognize implements [folder.Format]. The name tells when a call ended; the file's size, how long it can be.
func (Format) Recognize(r *folder.Recording) (folder.When, bool, error) {
	written, ok := parseWritten(r.Stem)
	if !ok || r.Ext == "" {
		return folder.When{}, false, nil
	}
	longest := time.Duration(r.Size()) * time.Second / leastRate
	return folder.When{Earliest: written.Add(-longest - unsure), Latest: written.Add(unsure)}, true, nil
}

// leastRate is the lowest number of bytes that a second of a recording has: SDRTrunk's lowest setting, in its quietest
// frames.
const leastRate = 1000

// unsure is by how much the time in a recording's name can differ from that in its tag.
const unsure = 2 * time.Second

// Start implements [folder.Format].
func (Format) Start(r *folder.Recording) (time.Time, error) {
	audio, err := folder.ReadAudio(r.AudioPath(), nil)
	if err != nil {
		return time.Time{}, err
	}
	var c rdio.Call
	err = recordingCall(r.Stem, audio, &c)
	return c.Time, err
}

// Read implements [folder.Format].
func (Format) Read(r *folder.Recording, audio []byte, c *rdio.Call) error {
	return recordingCall(r.Stem, audio, c)
}

// writtenLayout is how the names of SDRTrunk's recordings begin: when the file was written, which is when the call
// ended, in local time.
const writtenLayout = "20060102_150405"

// parseWritten reads that time.
func parseWritten(name string) (time.Time, bool) {
	if len(name) < len(writtenLayout) {
		return time.Time{}, false
	}
	at, err := time.ParseInLocation(writtenLayout, name[:len(writtenLayout)], time.Local)
	return at, err == nil && replay.IsTime(at)
}

// recordingName is what the name of an SDRTrunk recording says:
//
//	yyyyMMdd_HHmmss_<system>_<site>_<channel>__TO_<talkgroup>_FROM_<radio>[_TONES_…][_V2].mp3
type recordingName struct {
	system           string // up to the first underscore; names with underscores are whole only in the tag
	talkgroup, radio int64  // 0 where it has none
}

func parseRecordingName(name string) recordingName {
	rest := strings.TrimPrefix(name[min(len(writtenLayout), len(name)):], "_")
	var n recordingName
	who, to, _ := cutAtLast(rest, "_TO_")
	n.talkgroup = leadingID(to)
	if _, from, ok := cutAtLast(rest, "_FROM_"); ok {
		n.radio = leadingID(from)
	}
	n.system, _, _ = strings.Cut(strings.TrimSuffix(who, "_"), "_")
	return n
}

// cutAtLast cuts at the last separator: the names before it are the user's and may hold one too.
func cutAtLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// leadingID is the number that text starts with; 0 where it starts with none that an id can be.
func leadingID(s string) int64 {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(s)
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil || n < 1 || n > rdio.MaxID {
		return 0
	}
	return n
}

// recordingCall fills in the call of an SDRTrunk recording from its name and what stands in the file.
func recordingCall(name string, file []byte, c *rdio.Call) error {
	from := parseRecordingName(name)
	tag, audio := parseID3(file)
	written, _ := parseWritten(name)
	*c = rdio.Call{
		Talkgroup: from.talkgroup, Source: from.radio, SystemLabel: replay.Label(tag.system),
	}
	if c.SystemLabel == "" {
		c.SystemLabel = replay.Label(from.system)
	}
	if c.Talkgroup == 0 {
		c.Talkgroup = leadingID(tag.title)
	}
	if c.Source == 0 {
		c.Source = leadingID(tag.artist)
	}
	if c.Talkgroup == 0 {
		return replay.Skipf(replay.NoTalkgroup, "neither its name nor its tag has a talkgroup")
	}
	if _, alias, ok := strings.Cut(tag.title, `"`); ok {
		c.TalkgroupLabel = replay.Label(strings.TrimSuffix(strings.TrimSpace(alias), `"`))
	}
	details := parseComment(tag.comment)
	if at, err := time.ParseInLocation("2006-01-02 15:04:05.000", details["Date"], time.Local); err == nil &&
		replay.IsTime(at) {
		written = at
	}
	if hz, err := strconv.ParseInt(details["Frequency"], 10, 64); err == nil && hz > 0 && hz < 1e12 {
		c.Frequency = hz
	}
	if c.SystemLabel == "" {
		c.SystemLabel = replay.Label(details["System"])
	}
	c.Time = written.Add(-mp3Length(audio)).UTC()
	if c.Source > 0 {
		c.Units = []rdio.Unit{{ID: c.Source}}
	}
	return nil
}

// parseComment reads "Date:2026-11-24 12:00:00.000;System:…;Site:…;Frequency:851012500;".
func parseComment(comment string) map[string]string {
	details := make(map[string]string)
	for _, part := range strings.Split(comment, ";") {
		if key, value, ok := strings.Cut(part, ":"); ok {
			details[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return details
}

// mp3Length is about how long MPEG audio plays, by the bit rate of its first frame, which SDRTrunk keeps; 0 where it
// has none.
func mp3Length(audio []byte) time.Duration {
	for i := 0; i+4 <= len(audio) && i < 4096; i++ {
		if audio[i] != 0xff || audio[i+1]&0xe6 != 0xe2 { // layer III
			continue
		}
		rates := lowRates // MPEG 2 and 2.5
		if audio[i+1]&0x18 == 0x18 {
			rates = highRates // MPEG 1
		}
		if kbit := rates[audio[i+2]>>4]; kbit > 0 {
			return min(time.Duration(len(audio)-i)*8*time.Millisecond/time.Duration(kbit), time.Hour)
		}
	}
	return 0
}

// The bit rates of layer III by their index, in kbit/s (ISO 11172-3 and 13818-3); 0 stands for no rate.
var (
	highRates = [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0}
	lowRates  = [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}
)
