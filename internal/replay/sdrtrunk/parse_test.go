package sdrtrunk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay/folder"
	"rdiostress/internal/replay/folder/foldertest"
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

func TestParseName(t *testing.T) {
	for name, want := range map[string][3]string{
		"20260301_170010_Elm_North_T-Main__TO_1001_FROM_4424001":          {"Elm", "1001", "4424001"},
		"20260301_170010_Elm_North_T-Main__TO_1001_FROM_4424001_V2":       {"Elm", "1001", "4424001"},
		"20260301_170010_Elm_North_T-Main__TO_1001":                       {"Elm", "1001", ""},
		"20260301_170010Elm_North_T-Main__TO_1001_FROM_7_TONES_330_FOO":   {"Elm", "1001", "7"},
		"20260301_170010Elm_North_T-Main__TO_1001_FROM_7_WITH_TONES":      {"Elm", "1001", "7"},
		"20260301_170010_ROAD_TO_NOWHERE_North_T-Main__TO_12_FROM_9_V3":   {"ROAD", "12", "9"},
		"20260301_170010_Elm_North_T-Main":                                {"Elm", "", ""},
		"20260301_170010_Elm_North_T-Main__FROM_77":                       {"Elm", "", "77"},
		"20260301_170010__TO_12_FROM_9":                                   {"", "12", "9"},
		"20260301_170010_TO_12_FROM_9":                                    {"", "12", "9"},
		"20260301_170010_Elm__TO_12_FROM_VICTOR_V":                        {"Elm", "12", "VICTOR_V"},
		"20260301_170010_Elm_North_T-Main__TO_99999999999999_FROM_radio4": {"Elm", "99999999999999", "radio4"},
		"20260301_170010": {"", "", ""},
	} {
		n := parseName(name)
		if got := [3]string{n.system, n.to, n.from}; got != want || n.written.IsZero() {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestParseIdentity(t *testing.T) {
	for text, want := range map[string]string{
		"1001": "1001 false []", "0": "0 false []", "": "0 false []", "99999999999999": "0 false []",
		"12TH ST CMD": "0 false []", "12TH-ST-CMD": "0 false []", "4 Engine": "0 false []", "radio4": "0 false []",
		"781824.1186.4021": "4021 false []", "781824_1186_4021": "4021 false []",
		"65520(781824.1186.4021)": "65520 false []", "65520_781824_1186_4021": "65520 false []",
		"ISSI 781824.1186.4021": "4021 false []", "ROAM-4001": "4001 false []",
		"P:65144": "65144 true []", "P65144": "65144 true []", "PATROL 4": "0 false []",
		"P:65144 [8390409, 8390411]":             "65144 true [8390409 8390411]",
		"P65144-[8390409--8390411]":              "65144 true [8390409 8390411]",
		"P-65144-[8390409--8390411]":             "65144 true [8390409 8390411]",
		"P_65144_[8390409__8390411]":             "65144 true [8390409 8390411]",
		"P_65144_[8390409__8390411]_[70001]":     "65144 true [8390409 8390411 70001]",
		"P:65144 [781824.1186.4021, 1002] [7]":   "65144 true [4021 1002 7]",
		"P65144-[781824_1186_4021--8390411]":     "65144 true [4021 8390411]",
		"P:65520(781824.1186.4021) [1002, 1003]": "65520 true [1002 1003]",
		"P65144-[8390409--83":                    "65144 true [8390409 83]",
	} {
		i := parseIdentity(text)
		if got := fmt.Sprint(i.id, i.patch, i.members); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestCutAlias(t *testing.T) {
	for text, want := range map[string][2]string{
		`1001"Elm PD Disp"`:                     {"1001", "Elm PD Disp"},
		`1001"Elm PD","Elm All"`:                {"1001", "Elm PD"},
		`P:65144 [8390409, 8390411]"Patch 144"`: {"P:65144 [8390409, 8390411]", "Patch 144"},
		"P:65144 [8390409, 8390411]":            {"P:65144 [8390409, 8390411]", ""},
		"P:65144 [8390409, 8390411] Patch":      {"P:65144 [8390409, 8390411]", "Patch"},
		"7030220 Engine 4":                      {"7030220", "Engine 4"},
		"4001(781824.1186.2115288) Engine 4":    {"4001(781824.1186.2115288)", "Engine 4"},
		"12TH ST CMD":                           {"12TH ST CMD", ""},
		"":                                      {"", ""},
		`"`:                                     {"", ""},
	} {
		if who, alias := cutAlias(text); who != want[0] || alias != want[1] {
			t.Errorf("%q: %q, %q", text, who, alias)
		}
	}
}

// infoChunk makes a LIST chunk as SDRTrunk does, which does not fill texts up.
func infoChunk(texts ...string) []byte {
	body := []byte("INFO")
	for i := 0; i < len(texts); i += 2 {
		body = append(body, texts[i]...)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(texts[i+1])+1))
		body = append(append(body, texts[i+1]...), 0)
	}
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	return chunk("LIST", body)
}

func chunk(name string, body []byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body))), body...)
}

// wav makes a WAV of 8 kHz with chunks after its samples.
func wav(seconds int, chunks ...[]byte) []byte {
	format := []byte{1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0}
	samples := make([]byte, seconds*16000)
	for i := range samples {
		samples[i] = byte(i)
	}
	body := append([]byte("WAVE"), chunk("fmt ", format)...)
	body = append(body, chunk("data", samples)...)
	for _, c := range chunks {
		body = append(body, c...)
	}
	return chunk("RIFF", body)
}

// read reads a recording from memory.
func read(stem, ext string, file []byte) (rdio.Call, error) {
	var c rdio.Call
	r := &folder.Recording{Stem: stem, Ext: ext}
	err := readCall(r, bytes.NewReader(file), int64(len(file)), &c)
	return c, err
}

// The tags of a WAV are read from its chunks, of which id3 is the more exact.
func TestWAVTags(t *testing.T) {
	const stem = "20240908_000200_Bay_N_Ctl__TO_102_FROM_1"
	comment := "Date:2024-09-08 00:02:00.250;System:Bay P25;Frequency:853062500;"
	info := infoChunk("IART", "1 Engine 4", "ISBJ", "Bay P25", "INAM", `102"Fire"`, "ICMT", comment)
	id3 := tag(4, frame("TIT2", 3, `102"Fire"`), frame("TPE1", 3, "1 Engine 4"), frame("TIT1", 3, "Bay P25"),
		frame("COMM", 3, "eng\x00"+comment))
	for len(id3)%4 != 0 {
		id3 = append(id3, 0)
	}
	began := time.Date(2024, 9, 8, 0, 1, 30, 250_000_000, time.Local).UTC()
	for what, chunks := range map[string][][]byte{
		"LIST": {info}, "id3": {chunk("id3 ", id3)}, "both": {info, chunk("id3 ", id3)},
	} {
		c, err := read(stem, ".wav", wav(30, chunks...))
		want := rdio.Call{
			Talkgroup: 102, Time: began, Frequency: 853_062_500, Source: 1, TalkgroupLabel: "Fire",
			SystemLabel: "Bay P25", Units: []rdio.Unit{{ID: 1, Label: "Engine 4"}},
		}
		if diff := cmp.Diff(want, c); diff != "" || err != nil {
			t.Errorf("%s: %v, call (-want +read):\n%s", what, err, diff)
		}
	}
	c, err := read(stem, ".wav", wav(30))
	if want := began.Add(-250 * time.Millisecond); err != nil || !c.Time.Equal(want) || c.SystemLabel != "Bay" {
		t.Errorf("without tags: %+v, %v", c, err)
	}
	// A header that was never closed
	open := wav(30)
	copy(open[4:], "\xff\xff\xff\xff")
	copy(open[40:], "\xff\xff\xff\xff")
	if again, err := read(stem, ".wav", open); err != nil || !again.Time.Equal(c.Time) {
		t.Errorf("never closed: %v, %v", again.Time, err)
	}
}

// A tag whose date is not that of the name is of another recording, or of a clock that was set.
func TestDateOfAnotherDay(t *testing.T) {
	sound, err := clips.FS.ReadFile("police-5s.mp3")
	if err != nil {
		t.Fatal(err)
	}
	_, sound = parseID3(sound)
	for date, want := range map[string]int{"2024-09-08 00:02:00.250": 250, "2023-09-08 00:02:00.250": 0, "": 0} {
		file := append(tag(4, frame("COMM", 3, "eng\x00Date:"+date+";")), sound...)
		c, err := read("20240908_000200_Bay_N_Ctl__TO_102", ".mp3", file)
		ended := time.Date(2024, 9, 8, 0, 2, 0, want*1_000_000, time.Local)
		if err != nil || ended.Sub(c.Time.Add(4572*time.Millisecond)).Abs() > 2*time.Millisecond {
			t.Errorf("%s: %v, %v", date, c.Time, err)
		}
	}
}

// Talkgroups of LTR and MPT 1327 are uploaded by the numbers that radioreference.com has.
func TestRadioReferenceNumbers(t *testing.T) {
	for decoder, want := range map[string]int64{"LTR": 112123, "MPT1327": 11147, "P25 Phase 1": 0} {
		id := int64(1<<13 | 12<<8 | 123)
		if decoder == "MPT1327" {
			id = 1<<13 | 1147
		}
		if got := radioReference(decoder, id); got != want {
			t.Errorf("%s: %d, want %d", decoder, got, want)
		}
	}
}

func FuzzRecording(f *testing.F) {
	f.Add("20260301_170010_Elm_North_T-Main__TO_1001_FROM_4424001", ".mp3",
		tag(4, frame("TIT2", 3, `1001"x"`), frame("COMM", 1, "eng\x00Date:x;")))
	f.Add("20260301_170010__TO_", ".mp3", []byte("ID3\x03\x00\xc0\x00\x00\x00\x0a\x00\x00\x00\x02xxCOMM"))
	f.Add("20260301_170010_Elm__TO_P65144-[8390409--8390411]_FROM_1_781824_1186_4021", ".wav",
		wav(0, infoChunk("INAM", "P:65144 [1, 2] [3]", "ICMT", "Decoder:LTR;"), chunk("id3 ", tag(4))))
	f.Fuzz(func(t *testing.T, stem, ext string, file []byte) {
		if _, ok := parseWritten(stem); !ok || ext != ".mp3" && ext != ".wav" {
			return
		}
		if c, err := read(stem, ext, file); err == nil {
			foldertest.CheckCall(t, &c)
		}
	})
}
