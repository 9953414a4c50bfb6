package sdrtrunk

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"rdiostress/internal/audio"
)

// maxTags bounds the tags of a recording; SDRTrunk's have some hundred bytes.
const maxTags = 1 << 20

// readTags reads what stands in a recording: the ID3 tag that an MP3 begins with, or the chunks "id3 " and LIST of a
// WAV. A recording without any, or with tags that cannot be read, has empty ones.
func readTags(ext string, file io.ReaderAt, size int64) (t id3) {
	if !strings.EqualFold(ext, ".wav") {
		end, err := audio.SkipID3(file, size)
		if err != nil || end == 0 || end > maxTags {
			return t
		}
		t, _ = parseID3(readPart(file, 0, end))
		return t
	}
	var info id3
	_ = audio.EachWAVChunk(file, size, func(name string, at, n int64) error {
		switch {
		case n > maxTags:
		case strings.EqualFold(name, "id3 "):
			t, _ = parseID3(readPart(file, at, n))
		case name == "LIST":
			info.setInfo(readPart(file, at, n))
		}
		return nil
	}) // what was read before an error counts
	t.fill(info)
	return t
}

// readPart reads a part of a file; it is empty if it cannot be read.
func readPart(file io.ReaderAt, at, n int64) []byte {
	b := make([]byte, n)
	if _, err := file.ReadAt(b, at); err != nil && err != io.EOF {
		return nil
	}
	return b
}

// fill takes over texts that are missing.
func (t *id3) fill(from id3) {
	for _, text := range []struct {
		to   *string
		from string
	}{{&t.title, from.title}, {&t.artist, from.artist}, {&t.system, from.system}, {&t.comment, from.comment}} {
		if *text.to == "" {
			*text.to = text.from
		}
	}
}

// setInfo reads a LIST chunk of the kind INFO. SDRTrunk does not fill texts of an odd length up, as others do.
func (t *id3) setInfo(list []byte) {
	list, ok := bytes.CutPrefix(list, []byte("INFO"))
	for ok && len(list) >= 8 {
		name, n := string(list[:4]), int(binary.LittleEndian.Uint32(list[4:]))
		list = list[8:]
		if n < 0 || n > len(list) {
			return
		}
		text := strings.TrimSpace(strings.TrimRight(string(list[:n]), "\x00"))
		if list = list[n:]; n%2 == 1 && len(list) > 0 && list[0] == 0 {
			list = list[1:]
		}
		switch name {
		case "INAM":
			t.title = text
		case "IART":
			t.artist = text
		case "ISBJ":
			t.system = text
		case "ICMT":
			t.comment = text
		}
	}
}
