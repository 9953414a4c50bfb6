package location_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/location"
	clips "rdiostress/testdata/audio"
)

// write puts a file into a folder that is made if it is not there.
func write(tb testing.TB, content []byte, path ...string) {
	tb.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		tb.Fatal(err)
	}
}

func clip(tb testing.TB, name string) []byte {
	tb.Helper()
	file, err := clips.FS.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return file
}

// began is when the sample archives' first call began.
var began = time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC)

// recorder writes a call of a trunk-recorder archive, as version 5 lays it out.
func recorder(tb testing.TB, dir string, talkgroup, number int, at time.Duration, more map[string]any) {
	tb.Helper()
	start := began.Add(at)
	stem := fmt.Sprintf("%d-%d_851012500.0-call_%d", talkgroup, start.Unix(), number)
	side := map[string]any{
		"freq": 851012500, "freq_error": -12, "signal": -40, "source_num": 0, "start_time": start.Unix(),
		"stop_time": start.Unix() + 6,
		"emergency": 0, "encrypted": 0, "call_length": 6, "talkgroup": talkgroup, "talkgroup_tag": "Elm FD Disp",
		"talkgroup_description": "Elm Fire Dispatch", "talkgroup_group_tag": "Fire Dispatch",
		"talkgroup_group": "Elm Fire",
		"audio_type":      "digital", "short_name": "elmco", "patched_talkgroups": []int{1007, 1008},
		"freqList": []any{
			map[string]any{
				"freq":        851012500,
				"time":        start.Unix(),
				"pos":         0.0,
				"len":         6.1,
				"error_count": 3,
				"spike_count": 1,
			},
		},
		"srcList": []any{
			map[string]any{
				"src":           4424001,
				"time":          start.Unix(),
				"pos":           0.0,
				"emergency":     0,
				"signal_system": "",
				"tag":           "Disp",
			},
			map[string]any{"src": -1, "pos": 2.5, "tag": ""},
			map[string]any{"src": 4424017, "pos": 3.2, "tag": "E12"},
		},
	}
	for k, v := range more {
		side[k] = v
	}
	text, err := json.MarshalIndent(side, "", "  ")
	if err != nil {
		tb.Fatal(err)
	}
	day := filepath.Join(dir, "elmco", "2026", "3", "1")
	write(tb, text, day, stem+".json")
	write(tb, clip(tb, "public-works-6s.m4a"), day, stem+".m4a")
}

// recording writes a recording as SDRTrunk names and tags it.
func recording(tb testing.TB, dir, who string, end time.Time, title, comment string) {
	tb.Helper()
	name := end.Local().Format("20060102_150405") + "_Elm_County_North_Site_T-Main__" + who + ".mp3"
	sound := clip(tb, "police-5s.mp3") // whose own tag comes first
	for string(sound[:3]) == "ID3" {
		sound = sound[10+int(sound[6])<<21+int(sound[7])<<14+int(sound[8])<<7+int(sound[9]):]
	}
	write(tb, append(tag(frame("TIT2", title), frame("TPE1", "4424001 \"Disp\""), frame("TIT1", "Elm County"),
		frame("COMM", "eng\x00"+comment)), sound...), dir, name)
}

// frame makes a frame of an ID3 tag of version 2.4.
func frame(id, text string) []byte {
	f := append([]byte(id), size(len(text)+1)...)
	return append(append(f, 0, 0, 3), text...)
}

// tag makes an ID3 tag of version 2.4.
func tag(frames ...[]byte) []byte {
	body := bytes.Join(frames, nil)
	return append(append([]byte("ID3\x04\x00\x00"), size(len(body))...), body...)
}

// size writes a number as tags do.
func size(n int) []byte {
	return []byte{byte(n >> 21 & 0x7f), byte(n >> 14 & 0x7f), byte(n >> 7 & 0x7f), byte(n & 0x7f)}
}

func TestTrunkRecorderArchive(t *testing.T) {
	dir := t.TempDir()
	recorder(t, dir, 1003, 7, 4*time.Second, nil)
	recorder(t, dir, 1001, 5, 0, nil)
	recorder(t, dir, 1002, 6, 4*time.Second, map[string]any{"encrypted": 1})
	recorder(
		t, dir, 1004, 8, 9*time.Second,
		map[string]any{"start_time_ms": began.Add(9*time.Second + 250*time.Millisecond).UnixMilli()},
	)
	write(t, []byte("not json"), dir, "1009-1772384400_851012500.json")
	write(t, clip(t, "police-reply-3s.wav"), dir, "1009-1772384400_851012500.wav")
	write(t, clip(t, "police-reply-3s.wav"), dir, "holiday.wav")
	write(t, []byte("log"), dir, "log.txt")
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if a.Found() != 5 || a.Programs()["trunk-recorder"] != 5 {
		t.Fatalf("%d recordings, %v", a.Found(), a.Programs())
	}
	var got []string
	for i := range a.Len() {
		var c rdio.Call
		audio, err := a.Read(i, nil, &c)
		got = append(got, fmt.Sprintf("%d at %v, %d bytes, %s, %v", c.Talkgroup, c.Time.Sub(began), len(audio),
			c.AudioType, err))
	}
	size := len(clip(t, "public-works-6s.m4a"))
	var want []string
	for _, call := range []string{"1001 at 0s", "1003 at 4s", "1004 at 9.25s"} {
		want = append(want, fmt.Sprintf("%s, %d bytes, audio/mp4, <nil>", call, size))
	}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("read\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var skipped []string
	for _, f := range a.Skipped() {
		skipped = append(skipped, fmt.Sprintf("%d %s: %s", f.Count, f.Reason, filepath.Base(f.Examples[0].Name)))
	}
	if got := strings.Join(skipped, "; "); got != "1 bad_sidecar: 1009-1772384400_851012500.wav; "+
		"1 encrypted: 1002-1772384404_851012500.0-call_6.m4a; 1 not_a_call: holiday.wav" {
		t.Errorf("skipped %s", got)
	}
}

func TestSidecarIsTakenOverWhole(t *testing.T) {
	dir := t.TempDir()
	recorder(t, dir, 1001, 5, 0, nil)
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var c rdio.Call
	if _, err := a.Read(0, nil, &c); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(c)
	want, _ := json.Marshal(rdio.Call{
		Talkgroup: 1001, Time: began, AudioName: "1001-1772384400_851012500.0-call_5.m4a",
		AudioType: "audio/mp4", Frequency: 851_012_500, Source: 4_424_001,
		Units: []rdio.Unit{{ID: 4_424_001, Label: "Disp"}, {ID: 4_424_017, OffsetS: 3.2, Label: "E12"}},
		Frequencies: []rdio.Frequency{
			{Hz: 851_012_500, LengthS: 6.1, Errors: 3, Spikes: 1},
		}, Patches: []int64{1007, 1008},
		SystemLabel: "elmco", TalkgroupLabel: "Elm FD Disp", TalkgroupName: "Elm Fire Dispatch",
		TalkgroupTag:    "Fire Dispatch",
		TalkgroupGroups: []string{"Elm Fire"},
	})
	if string(got) != string(want) {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
}

// A good sidecar does not make a file a recording.
func TestAudioThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	recorder(t, dir, 1001, 1, 0, nil)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*", "*", "*.m4a"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	whole := clip(t, "public-works-6s.m4a")
	for what, content := range map[string][]byte{
		"text":        []byte(strings.Repeat("no audio ", 100)),
		"half a file": whole[:len(whole)/2],
	} {
		write(t, content, files[0])
		a, err := location.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		var c rdio.Call
		if _, err := a.Read(0, nil, &c); err == nil || !strings.Contains(err.Error(), "its audio cannot be read") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestSDRTrunkRecordings(t *testing.T) {
	dir := t.TempDir()
	end := began.Add(10 * time.Second)
	stamp := "Date:" + end.Add(345*time.Millisecond).Local().Format("2006-01-02 15:04:05.000")
	recording(
		t, dir, "TO_1001_FROM_4424001", end, `1001"Elm PD Disp"`,
		stamp+";System:Elm County;Site:North;Frequency:851012500;",
	)
	recording(t, dir, "TO_1002", end.Add(2*time.Second), "1002", "")
	recording(t, dir, "FROM_77", end.Add(3*time.Second), `1003"Found in the tag"`, "")
	recording(t, dir, "FROM_78", end.Add(4*time.Second), "", "")
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if a.Programs()["sdrtrunk"] != 4 || a.Len() != 3 {
		t.Fatalf("%d of %v", a.Len(), a.Programs())
	}
	var c rdio.Call
	if _, err := a.Read(0, nil, &c); err != nil {
		t.Fatal(err)
	}
	const plays = 4572 * time.Millisecond
	if began := end.Add(345*time.Millisecond - plays); c.Time.Sub(began).Abs() > 50*time.Millisecond {
		t.Errorf("the call began at %v, want %v before it was written", c.Time, plays)
	}
	if c.Talkgroup != 1001 || c.Source != 4_424_001 || c.Frequency != 851_012_500 ||
		c.TalkgroupLabel != "Elm PD Disp" ||
		c.SystemLabel != "Elm County" ||
		c.AudioType != "audio/mpeg" ||
		len(c.Units) != 1 {
		t.Errorf("read %+v", c)
	}
	if _, err := a.Read(2, nil, &c); err != nil || c.Talkgroup != 1003 || c.Source != 77 {
		t.Errorf("read %+v, %v", c, err)
	}
	if bad := a.Skipped(); len(bad) != 1 || bad[0].Reason != replay.NoTalkgroup {
		t.Errorf("a recording without a talkgroup: %+v", bad)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	write(t, []byte("x"), dir, "file.txt")
	write(t, clip(t, "police-reply-3s.wav"), dir, "music", "song.wav")
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "no such file", filepath.Join(dir, "file.txt"): "is a file", filepath.Join(dir,
			"music"): "song.wav",
		t.TempDir(): "holds no recorded calls",
	} {
		if _, err := location.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// Opening is by names alone: a hundred thousand recordings take a second or so and some bytes each.
func TestManyRecordings(t *testing.T) {
	const folders, each = 20, 250
	dir := t.TempDir()
	for f := range folders {
		day := filepath.Join(dir, fmt.Sprint(f))
		if err := os.Mkdir(day, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			at := began.Unix() + int64(f*each+i)/3
			stem := fmt.Sprintf("%s/%d-%d_851012500", day, 1000+i, at)
			write(t, []byte(fmt.Sprintf(`{"talkgroup":1,"start_time":%d}`, at)), stem+".json")
			write(t, nil, stem+".m4a")
		}
	}
	a, err := location.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if a.Found() != folders*each {
		t.Errorf("%d recordings", a.Found())
	}
	for i := 1; i < a.Found(); i++ {
		if step := due(a, i) - due(a, i-1); step <= 0 || step > 500*time.Millisecond {
			t.Fatalf("recording %d is %v after the one before it, want a third of a second or so", i, step)
		}
	}
}

func due(a *replay.Archive, i int) time.Duration {
	at, _ := a.Due(i)
	return at
}
