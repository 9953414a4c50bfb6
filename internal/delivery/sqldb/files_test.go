package sqldb

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/delivery/deliverytest"
)

// keepFiles makes the database of a sdrtrunk-rdio-api in a folder's data/, whose paths begin in the folder, and the
// files that exist.
func keepFiles(t *testing.T, folder string, sent []byte, there func(i int) []byte) delivery.Prober {
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
	sent := capturetest.Clip(t, audio.MP3At16k, time.Second)
	all := func(int) []byte { return sent }
	o := deliverytest.Sending(".mp3", sent)
	o.NotDecoded = "ffmpeg is not installed here"

	d := deliverytest.Account(t, deliverytest.ManyCalls(12), keepFiles(t, t.TempDir(), sent, all), o)
	capturetest.CheckTold(t, "beside the database", d, "12+0; 12 compared, 0 converted, 0 checked")

	// Moved elsewhere, only one that knows the folder finds them.
	folder, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "server")
	p := keepFiles(t, folder, sent, all)
	if err := os.Rename(folder, elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	d = deliverytest.Account(t, deliverytest.ManyCalls(12), p, o)
	capturetest.CheckTold(t, "elsewhere", d, "12+0; 0 compared, 0 converted, 0 checked; "+
		"the file that the database names cannot be read: its path begins "+
		"in a folder of the server's, and is not found in "+strings.Join([]string{
		filepath.Join(folder, "data"), folder, filepath.Dir(folder),
	}, ", ")+" or above")
	p.(delivery.FileKeeper).AudioFolders(t.TempDir(), elsewhere)
	if d = deliverytest.Account(t, deliverytest.ManyCalls(12), p, o); *d.AudioCompared != 12 ||
		d.AudioNotCompared != "" {
		t.Errorf("in a folder that is known: %s", capturetest.Told(d))
	}

	// A file that is gone, one that is a folder and one that is cut off.
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
	d = deliverytest.Account(t, deliverytest.ManyCalls(12), p, o)
	got := capturetest.Told(d)
	for _, want := range []string{
		"11+1; 9 compared, 0 converted, 0 checked",
		"; 2 calls: the file that the database names cannot be read: its path begins",
		"; 1 call: the file that the database names cannot be read: it is a folder, not a file",
		"; 005: 1000 bytes, sent ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("told %s, want in it %q", got, want)
		}
	}
}

// While the run goes, files are left alone.
func TestLooksReadNoFiles(t *testing.T) {
	sent := capturetest.Clip(t, audio.MP3At16k, time.Second)
	p := keepFiles(t, t.TempDir(), sent, func(int) []byte { return sent })
	rows := 0
	if err := p.Poll(t.Context(), &delivery.Visitor{Row: func(r *delivery.Row) {
		if rows++; r.HasSum || r.Audio != nil {
			t.Errorf("the audio of row %d was read", r.ID)
		}
	}}); err != nil || rows != 12 {
		t.Errorf("%d rows, %v", rows, err)
	}
}
