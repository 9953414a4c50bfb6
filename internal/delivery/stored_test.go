package delivery

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/measure"
)

// keepFiles makes the database of a sdrtrunk-rdio-api in a folder's data/, whose paths begin in the folder, and the
// files that exist.
func keepFiles(t *testing.T, folder string, sent []byte, there func(i int) []byte) Prober {
	t.Helper()
	database := filepath.Join(folder, "data", "rdio_calls.db")
	if err := os.MkdirAll(filepath.Join(folder, "data", "audio"), 0o755); err != nil {
		t.Fatal(err)
	}
	m := databases()["sdrtrunk-rdio-api"]
	m.call = strings.NewReplacer("$8", strconv.Itoa(len(sent)), "$9", "data/audio/$3").Replace(m.call)
	fillWith(t, kinds()[0], database, m, 12, func(i int) (string, []byte) { return ".mp3", nil })
	for i := range 12 {
		if file := there(i); file != nil {
			name := filepath.Join(folder, "data", "audio", fmt.Sprintf("run-7f3a-%06d.mp3", i))
			if err := os.WriteFile(name, file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := OpenSQLite(t.Context(), database)
	return fromTheStart(t, p, err)
}

// Paths that begin in the server's working folder are followed from the folder of its database and those above, or one
// that is known.
func TestAudioInFiles(t *testing.T) {
	sent := aClip(t, audio.MP3At16k, time.Second)
	all := func(int) []byte { return sent }
	o := sending(".mp3", sent)
	o.NotDecoded = "ffmpeg is not installed here"

	d := told(t, manyCalls(12), keepFiles(t, t.TempDir(), sent, all), o, "")
	checkTold(t, "beside the database", d, "12+0; 12 compared, 0 converted, 0 checked")

	// Moved elsewhere, only one that knows the folder finds them.
	folder, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "server")
	p := keepFiles(t, folder, sent, all)
	if err := os.Rename(folder, elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	d = told(t, manyCalls(12), p, o, "")
	checkTold(t, "elsewhere", d, "12+0; 0 compared, 0 converted, 0 checked; "+
		"the file that the database names cannot be read: its path begins "+
		"in a folder of the server's, and is not found in "+strings.Join([]string{
		filepath.Join(folder, "data"), folder, filepath.Dir(folder),
	}, ", ")+" or above")
	p.(FileKeeper).AudioFolders(t.TempDir(), elsewhere)
	if d = told(t, manyCalls(12), p, o, ""); *d.AudioCompared != 12 || d.AudioNotCompared != "" {
		t.Errorf("in a folder that is known: %s", audioTold(d))
	}

	// A file that is gone, one that is none and one that is cut off.
	folder = t.TempDir()
	p = keepFiles(t, folder, sent, func(i int) []byte {
		switch i {
		case 2, 3, 4:
			return nil
		case 5:
			return sent[:1000]
		}
		return sent
	})
	if err := os.Mkdir(filepath.Join(folder, "data", "audio", "run-7f3a-000004.mp3"), 0o755); err != nil {
		t.Fatal(err)
	}
	d = told(t, manyCalls(12), p, o, "")
	got := audioTold(d)
	for _, want := range []string{
		"11+1; 9 compared, 0 converted, 0 checked",
		"; 2 calls: the file that the database names cannot be read: its path begins",
		"; 1 call: the file that the database names cannot be read: not a file", "; 005: 1000 bytes, sent ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("told %s, want in it %q", got, want)
		}
	}
}

// While the run goes, files are left alone.
func TestLooksReadNoFiles(t *testing.T) {
	sent := aClip(t, audio.MP3At16k, time.Second)
	p := keepFiles(t, t.TempDir(), sent, func(int) []byte { return sent })
	rows := 0
	if err := p.Poll(t.Context(), &Visitor{Row: func(r *Row) {
		if rows++; r.HasSum || r.Audio != nil {
			t.Errorf("the audio of row %d was read", r.ID)
		}
	}}); err != nil || rows != 12 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestCapped(t *testing.T) {
	c := NewAudioBuffer(10)
	for _, part := range []string{"", "four", "four"} {
		if n, err := c.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}
	if got := string(c.Bytes()); got != "fourfour" {
		t.Errorf("kept %q", got)
	}
	for range 3 {
		if n, err := c.Write([]byte("four")); n != 4 || err != nil || c.Bytes() != nil {
			t.Errorf("wrote %d, %v, and kept %q", n, err, c.Bytes())
		}
	}
	if got := NewAudioBuffer(0).Bytes(); got == nil || len(got) > 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// A list of calls without hashes says so, and one with hashes of converted audio that it was not checked.
func TestAudioOfLists(t *testing.T) {
	sent := aClip(t, audio.WAVAt8kHz, 900*time.Millisecond)
	size, other := int64(len(sent)), int64(4711)
	const unhashed = "the server's list of calls has no hash of the audio"
	for _, tt := range []struct {
		name string
		call ListedCall
		want string
	}{
		{"without a hash", ListedCall{Name: ".wav", Size: &size}, "1+0; 0 compared, 0 converted, 0 checked; " + unhashed},
		{"without anything", ListedCall{Name: ".wav"}, "1+0; 0 compared, 0 converted, 0 checked; " + unhashed},
		{
			"another size",
			ListedCall{Name: ".wav", Size: &other},
			"0+1; 1 compared, 0 converted, 0 checked; 000: 4711 bytes, sent 14508",
		},
		{
			"another form",
			ListedCall{Name: ".m4a", Size: &other, Sum: strings.Repeat("0a", 32)},
			"1+0; 0 compared, 1 converted, 0 checked; the server's list of calls has only the hash of the audio",
		},
	} {
		l := manyCalls(1)
		o := sending(".wav", sent)
		m := newMatcher(l, o)
		c := tt.call
		c.Name, c.System, c.Talkgroup, c.Timestamp = "run-7f3a-000000"+c.Name, 11, 1001, firstOfSix.Format(time.RFC3339)
		row := c.row()
		m.accountRow(&row)
		m.checkAudio(t.Context(), &api{}, o, "")
		checkTold(t, tt.name, delivered(newAccount(l, forever, -1, m.copyReasons()), m, o), tt.want)
	}
}

// What was not asked for or not found is said too.
func TestAudioNotCompared(t *testing.T) {
	gone := AudioOptions{Sent: func(uint64) (Sent, bool) { return Sent{}, false }}
	for want, tt := range map[string]struct {
		o     AudioOptions
		found bool
	}{
		"--verify-audio=false":                            {AudioOptions{NotCompared: "--verify-audio=false"}, true},
		"not asked for":                                   {AudioOptions{}, true},
		"no call was found stored":                        {*sending(".wav", nil), false},
		"what was sent cannot be made again":              {gone, true},
		"it was seen stored, and could not be read again": {*sending(".wav", nil), true},
	} {
		l := manyCalls(1)
		m := newMatcher(l, &tt.o)
		switch {
		case strings.HasPrefix(want, "it was seen"):
			l.slot(0).state.Or(once)
		case tt.found:
			m.accountRow(rowOf(0, ".wav", 100))
		}
		m.checkAudio(t.Context(), &api{}, &tt.o, "")
		if d := delivered(newAccount(l, forever, -1, m.copyReasons()), m, &tt.o); d.AudioNotCompared != want || *d.AudioCompared != 0 {
			t.Errorf("said %q, want %q", d.AudioNotCompared, want)
		}
	}
}

// Where audio is forwarded, converted calls are checked as they come, also those that come before their upload is
// answered.
func TestConvertedAtTheSink(t *testing.T) {
	sent, good := aClip(t, audio.WAVAt8kHz, 900*time.Millisecond), converted(t, "fragmented.m4a")
	l := manyCalls(2)
	o := sending(".wav", sent)
	s := listenSink(t, "", nil)
	w := Start(t.Context(), l, s, Options{AudioOptions: *o, Timeout: time.Second, Max: time.Minute})
	send := func(i int, file []byte) {
		t.Helper()
		call := kept{fmt.Sprintf("run-7f3a-%06d.m4a", i), callOf(i), file}
		status, body, err := forward("http://"+s.Address().String(), "", call)
		if err != nil || status != 200 {
			t.Fatalf("%d %s, %v", status, body, err)
		}
	}
	send(0, good)
	send(1, good[:2000])
	send(2, good)                   // not sent yet
	send(3, bytes.Clone(good)[:50]) // nor this
	s.mu.Lock()
	if len(s.early) != 2 || s.early[0].Audio != nil || s.early[1].Audio != nil {
		t.Errorf("%d early calls, or their audio is kept", len(s.early))
	}
	s.mu.Unlock()
	for i := 2; i < 4; i++ {
		record(l, uint64(i), callOf(i), measure.Accepted)
	}
	d := w.Finish(t.Context(), 0)
	checkTold(t, "forwarded", &d,
		"2+2; 0 compared, 4 converted, 4 checked; 001: cut off after 2000 bytes; 003: cut off after 50 bytes")
	if *d.AudioDecoded != 0 || d.AudioNotDecoded != "the sink gives no stored audio" {
		t.Errorf("decoded %d, %s", *d.AudioDecoded, d.AudioNotDecoded)
	}
}
