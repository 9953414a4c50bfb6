package sdrtrunk

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"rdiostress/internal/rdio"
	clips "rdiostress/testdata/audio"
)

// frame makes a frame of an ID3 tag of version 2.4 with a text in an encoding.
func frame(id string, encoding byte, text string) []byte {
	content := []byte(text)
	switch encoding {
	case 1:
		content = binary.LittleEndian.AppendUint16(nil, 0xfeff)
		for _, u := range utf16.Encode([]rune(text)) {
			content = binary.LittleEndian.AppendUint16(content, u)
		}
	case 2:
		content = nil
		for _, u := range utf16.Encode([]rune(text)) {
			content = binary.BigEndian.AppendUint16(content, u)
		}
	}
	n := len(content) + 1
	f := append([]byte(id), byte(n>>21&0x7f), byte(n>>14&0x7f), byte(n>>7&0x7f), byte(n&0x7f), 0, 0, encoding)
	return append(f, content...)
}

// tag makes an ID3 tag of frames.
func tag(version byte, frames ...[]byte) []byte {
	var body []byte
	for _, f := range frames {
		body = append(body, f...)
	}
	body = append(body, make([]byte, 20)...) // padding
	n := len(body)
	return append(
		[]byte{
			'I',
			'D',
			'3',
			version,
			0,
			0,
			byte(n >> 21 & 0x7f),
			byte(n >> 14 & 0x7f),
			byte(n >> 7 & 0x7f),
			byte(n & 0x7f),
		},
		body...)
}

func TestID3Encodings(t *testing.T) {
	for encoding := range byte(4) {
		title := `1001"Größe"`
		frames := frame("TIT2", encoding, title)
		if encoding == 0 { // Latin-1
			frames = frame("TIT2", 0, "1001\"Gr\xf6\xdfe\"")
		}
		got, audio := parseID3(append(tag(4, frames), 0xff, 0xf3))
		if got.title != title || len(audio) != 2 {
			t.Errorf("encoding %d: title %q, %d bytes of audio", encoding, got.title, len(audio))
		}
	}
}

func TestParseRecordingName(t *testing.T) {
	for name, want := range map[string]recordingName{
		"20260301_170010_Elm_North_T-Main__TO_1001_FROM_4424001.mp3":          {"Elm", 1001, 4424001},
		"20260301_170010_Elm_North_T-Main__TO_1001_FROM_4424001_V2.mp3":       {"Elm", 1001, 4424001},
		"20260301_170010_Elm_North_T-Main__TO_1001.mp3":                       {"Elm", 1001, 0},
		"20260301_170010Elm_North_T-Main__TO_1001_FROM_7_TONES_330.mp3":       {"Elm", 1001, 7},
		"20260301_170010_ROAD_TO_NOWHERE_North_T-Main__TO_12_FROM_9_V3.mp3":   {"ROAD", 12, 9},
		"20260301_170010_Elm_North_T-Main.mp3":                                {"Elm", 0, 0},
		"20260301_170010_Elm_North_T-Main__TO_99999999999999_FROM_radio4.mp3": {"Elm", 0, 0},
		"20260301_170010.mp3": {".mp3", 0, 0},
	} {
		if got := parseRecordingName(name); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestMP3Length(t *testing.T) {
	file, err := clips.FS.ReadFile("police-5s.mp3")
	if err != nil {
		t.Fatal(err)
	}
	_, audio := parseID3(file)
	if got := mp3Length(audio).Seconds(); got < 4.5 || got > 4.65 {
		t.Errorf("%v s, want 4.57", got)
	}
	for _, noise := range []string{"", "no audio at all", "\xff\xf3\x00\x00", "\xff\xff\xff\xff"} {
		if got := mp3Length([]byte(noise)); got != 0 {
			t.Errorf("%q plays %v", noise, got)
		}
	}
}

// sound fails unless a call can be sent: what is read from files may be anything.
func sound(t *testing.T, c *rdio.Call) {
	t.Helper()
	if c.Talkgroup < 1 || c.Talkgroup > rdio.MaxID || c.Source < 0 || c.Frequency < 0 || c.Time.Year() < 1999 ||
		c.Time.Year() > 2200 {
		t.Fatalf("made of it: %+v", c)
	}
	for _, s := range []string{c.SystemLabel, c.TalkgroupLabel, c.TalkgroupName, c.TalkgroupTag, c.TalkerAlias} {
		if len(s) > 200 || strings.ContainsAny(s, "\r\n\x00") {
			t.Fatalf("label %q", s)
		}
	}
	for _, u := range c.Units {
		if u.ID < 1 || u.ID > rdio.MaxID || !(u.OffsetS >= 0 && u.OffsetS < 1e6) {
			t.Fatalf("unit %+v", u)
		}
	}
	for _, f := range c.Frequencies {
		if f.Hz < 0 || !(f.OffsetS >= 0 && f.OffsetS < 1e6) || !(f.LengthS >= 0 && f.LengthS < 1e6) {
			t.Fatalf("frequency %+v", f)
		}
	}
}

func FuzzRecording(f *testing.F) {
	f.Add(
		"20260301_170010_Elm_North_T-Main__TO_1001_FROM_4424001.mp3",
		tag(4, frame("TIT2", 3, `1001"x"`), frame("COMM", 1, "eng\x00Date:x;")),
	)
	f.Add("20260301_170010__TO_", []byte("ID3\x03\x00\xc0\x00\x00\x00\x0a\x00\x00\x00\x02xxCOMM"))
	f.Fuzz(func(t *testing.T, name string, file []byte) {
		if _, ok := parseWritten(name); !ok {
			return
		}
		var c rdio.Call
		if err := recordingCall(name, file, &c); err == nil {
			sound(t, &c)
		}
	})
}
