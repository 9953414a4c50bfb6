// Package sdrtrunk reads the recordings of SDRTrunk, by their names and by the tags in them.
package sdrtrunk

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/audio"
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
	bytesPerSecond := int64(leastMP3)
	if strings.EqualFold(r.Ext, ".wav") {
		bytesPerSecond = leastWAV
	}
	longest := min(time.Duration(r.Size()/bytesPerSecond)*time.Second, maxLength)
	return folder.When{Earliest: written.Add(-longest - unsure), Latest: written.Add(unsure)}, true, nil
}

// The lowest number of bytes that a second of a recording has: in the quietest frames of SDRTrunk's lowest setting, and
// in samples of a byte at 8 kHz.
const (
	leastMP3 = 1000
	leastWAV = 8000
)

// maxLength is the length of the longest recording whose length is believed. SDRTrunk cuts calls after a minute.
const maxLength = 24 * time.Hour

// unsure is by how much the time in a recording's name can differ from that in its tag.
const unsure = 2 * time.Second

// Start implements [folder.Format].
func (Format) Start(r *folder.Recording) (time.Time, error) {
	f, size, err := folder.OpenAudio(r.AudioPath())
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	var c rdio.Call
	err = readCall(r, f, size, &c)
	return c.Time, err
}

// Read implements [folder.Format].
func (Format) Read(r *folder.Recording, audio []byte, c *rdio.Call) error {
	return readCall(r, bytes.NewReader(audio), int64(len(audio)), c)
}

// readCall reads what the name of a recording and what stands in the file say of its call.
func readCall(r *folder.Recording, file io.ReaderAt, size int64, c *rdio.Call) error {
	length, err := audio.Length(r.Ext, file, size)
	if err != nil && !errors.Is(err, audio.ErrFormat) {
		if pathErr := (*os.PathError)(nil); errors.As(err, &pathErr) {
			return errors.Unwrap(err)
		}
		return replay.Skipf(replay.BadAudio, "its audio cannot be read: %w", err)
	}
	t := readTags(r.Ext, file, size)
	name, details := parseName(r.Stem), parseComment(t.comment)
	*c = rdio.Call{SystemLabel: replay.Label(t.system)}
	to := parseIdentity(name.to)
	titled, label := cutAlias(t.title)
	if of := parseIdentity(titled); of.id > 0 && (to.id == 0 || len(to.members) == 0 && of.id == to.id) {
		to = of // the name may be cut off
	}
	if to.id == 0 {
		return replay.Skipf(replay.NoTalkgroup, "neither its name nor its tag has a talkgroup")
	}
	c.Talkgroup = cmp.Or(radioReference(details["Decoder"], to.id), to.id)
	if to.patch {
		c.Patches = append([]int64{to.id}, to.members...)
	}
	c.TalkgroupLabel = replay.Label(label)
	setSpeaker(c, name.from, t.artist)
	if hz, err := strconv.ParseInt(details["Frequency"], 10, 64); err == nil && hz > 0 && hz <= rdio.MaxID {
		c.Frequency = hz
	}
	for _, system := range []string{details["System"], name.system} {
		if c.SystemLabel == "" {
			c.SystemLabel = replay.Label(system)
		}
	}
	c.Time = written(name.written, details["Date"]).Add(-min(length, maxLength)).UTC()
	return nil
}

// setSpeaker sets who spoke. A tag without a radio's number has the alias that was sent over the air.
func setSpeaker(c *rdio.Call, from, artist string) {
	c.Source = parseIdentity(from).id
	of, alias := cutAlias(artist)
	tagged := parseIdentity(of)
	if c.Source == 0 {
		c.Source = tagged.id
	}
	if tagged.id == 0 {
		c.TalkerAlias = replay.Label(artist)
	}
	if c.Source > 0 {
		c.Units = []rdio.Unit{{ID: c.Source}}
		if tagged.id == c.Source {
			c.Units[0].Label = replay.Label(alias)
		}
	}
}

// written returns when a recording was written: by its tag, which has milliseconds, unless the name says something
// else.
func written(named time.Time, date string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04:05.000", date, time.Local)
	if err != nil || at.Sub(named).Abs() > unsure {
		return named
	}
	return at
}

// parseComment reads "Date:2026-11-24 12:00:00.000;System:…;Site:…;Frequency:851012500;".
func parseComment(comment string) map[string]string {
	details := make(map[string]string)
	for part := range strings.SplitSeq(comment, ";") {
		if key, value, ok := strings.Cut(part, ":"); ok {
			details[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return details
}

// radioReference returns the number of a talkgroup that SDRTrunk uploads where it decodes another: the one of
// radioreference.com. It returns 0 for all other decoders.
func radioReference(decoder string, id int64) int64 {
	switch decoder {
	case "LTR": // area, home repeater, group
		return (id>>13&1)*100_000 + (id>>8&0x1f)*1000 + id&0xff
	case "MPT1327": // prefix, ident
		return (id>>13&0x7f)*10_000 + id&0x1fff
	default:
		return 0
	}
}
