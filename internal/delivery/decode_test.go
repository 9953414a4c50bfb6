package delivery

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/testenv"
)

// storedBytes keeps the same audio of every call.
type storedBytes []byte

func (b storedBytes) Audio(context.Context, int64) ([]byte, error) { return b, nil }

// convert has ffmpeg convert a file with a server's arguments, in which FILE stands for a file of its own.
func convert(t testing.TB, file []byte, args string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "converted.m4a")
	cmd := exec.Command(testenv.Program(t, "ffmpeg", "ffmpeg"), strings.Fields(strings.Replace(args, "FILE", path, 1))...)
	cmd.Stdin = bytes.NewReader(file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	if strings.Contains(args, "FILE") {
		if out, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Where the database hashes, the audio of calls that differ is read in a second pass: of all, or of a sample.
func TestConvertedInDatabases(t *testing.T) {
	testenv.Program(t, "ffmpeg", "ffmpeg")
	decoder, err := audio.FindDecoder()
	if err != nil {
		t.Fatal(err)
	}
	sent, good := aClip(t, audio.WAVAt8kHz, 900*time.Millisecond), converted(t, "fragmented.m4a")
	for _, k := range kinds() {
		t.Run(k.product, func(t *testing.T) {
			m := databases()["rdio-scanner 7"]
			dsn, open := k.open(t)
			const calls = 1200
			db := fillWith(t, k, dsn, m, calls, func(i int) (string, []byte) {
				if i%100 == 7 {
					return ".m4a", good[:3000]
				}
				return ".m4a", good
			})
			p, err := open()
			p = fromTheStart(t, p, err)
			o := sending(".wav", sent)
			o.Decoder = decoder
			d := told(t, manyCalls(calls), p, o, "")
			checked := *d.AudioConvertedChecked
			if *d.AudioConverted != calls || *d.AudioDecoded != maxDecoded || d.AudioNotDecoded != "" {
				t.Errorf("told %s; decoded %d, %s", audioTold(d), *d.AudioDecoded, d.AudioNotDecoded)
			}
			if *d.Corrupted == 0 || *d.Stored+*d.Corrupted != calls || !strings.Contains(audioTold(d), "cut off after 3000") {
				t.Errorf("told %s", audioTold(d))
			}
			unchecked := ""
			if k.product != "SQLite" { // where the bytes are at hand
				unchecked = fmt.Sprintf("%d calls: the server converts audio, and only a sample of it was checked", calls-checked)
				if checked < maxSample/3 || checked > maxSample {
					t.Errorf("%d were checked", checked)
				}
			} else if checked != calls || *d.Corrupted != calls/100 {
				t.Errorf("%d were checked, %d are altered", checked, *d.Corrupted)
			}
			if d.AudioNotCompared != unchecked {
				t.Errorf("not compared: %q, want %q", d.AudioNotCompared, unchecked)
			}
			// A run that was cut short says so.
			d = told(t, manyCalls(calls), p, o, "the wait was cut short")
			if *d.AudioDecoded != 0 || d.AudioNotDecoded != "the wait was cut short" || *d.AudioConverted != calls {
				t.Errorf("in a hurry: %s; decoded %d, %s", audioTold(d), *d.AudioDecoded, d.AudioNotDecoded)
			}
			if want := "the wait was cut short"; k.product != "SQLite" && d.AudioNotCompared != want {
				t.Errorf("in a hurry: not compared: %q, want %q", d.AudioNotCompared, want)
			}
			// As many as fit into the sample are all checked.
			if _, err := db.Exec(strings.ReplaceAll(`DELETE FROM "calls" WHERE "callId" > 300`, `"`, k.quote)); err != nil {
				t.Fatal(err)
			}
			d = told(t, manyCalls(300), p, o, "")
			if *d.AudioConvertedChecked != 300 || *d.Corrupted != 3 || d.AudioNotCompared != "" {
				t.Errorf("of few: %s", audioTold(d))
			}
		})
	}
}

// fillWith makes the tables and puts so many calls into them, each with its own name's extension and audio.
func fillWith(
	t *testing.T, k kind, dsn string, m made, calls int, audioOf func(i int) (ext string, file []byte),
) *sql.DB {
	t.Helper()
	db, err := sql.Open(k.driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	write := strings.NewReplacer(`"`, k.quote, "AUTO", k.auto, "BYTES", k.bytes, "TIME", k.tim)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	exec := func(text string) {
		if _, err := tx.Exec(text); err != nil {
			t.Fatalf("%v in %.200s", err, text)
		}
	}
	for _, table := range m.tables {
		exec(write.Replace(table))
	}
	for i := range calls {
		c := callOf(i)
		ext, file := audioOf(i)
		values := strings.NewReplacer("$1", fmt.Sprint(c.System), "$2", fmt.Sprint(c.Talkgroup), "$4", "",
			"$3", fmt.Sprintf("run-7f3a-%06d%s", i, ext), "$5", fmt.Sprint(c.Time.UnixMilli()),
			"$6", c.Time.Format(time.DateTime), "$7", k.hex(file), "$8", fmt.Sprint(len(file)))
		exec(values.Replace(strings.ReplaceAll(m.call, `"`, k.quote)))
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return db
}

// What only its frame shows as sound is found by decoding, and what cannot be decoded through no fault of its own is
// not.
func TestDecodedAudio(t *testing.T) {
	testenv.Program(t, "ffmpeg", "ffmpeg")
	decoder, err := audio.FindDecoder()
	if err != nil {
		t.Fatal(err)
	}
	sent, good := aClip(t, audio.WAVAt8kHz, 900*time.Millisecond), converted(t, "fragmented.m4a")
	noise := bytes.Clone(good)
	sound := noise[bytes.Index(noise, []byte("mdat"))+4:]
	for i := range sound[:3900] {
		sound[i] = byte(i * 137)
	}
	p := storeAs(t, func(n int) (string, []byte) {
		if n == 3 {
			return ".m4a", noise
		}
		return ".m4a", good
	})
	o := sending(".wav", sent)
	o.Decoder = decoder
	d := told(t, capturedRun(firstOfSeven), p, o, "")
	if *d.AudioDecoded != 12 || *d.Corrupted != 1 || d.Altered.Audio != 1 || !strings.Contains(audioTold(d), "decode") {
		t.Errorf("told %s; decoded %d, %s", audioTold(d), *d.AudioDecoded, d.AudioNotDecoded)
	}
	o.Decoder, o.NotDecoded = nil, "ffmpeg is not installed here"
	d = told(t, capturedRun(firstOfSeven), p, o, "")
	if *d.AudioDecoded != 0 || *d.Corrupted != 0 || d.AudioNotDecoded != "ffmpeg is not installed here" {
		t.Errorf("without ffmpeg: %s; decoded %d, %s", audioTold(d), *d.AudioDecoded, d.AudioNotDecoded)
	}
	l := capturedRun(firstOfSeven)
	o.Decoder = decoder
	m := newMatcher(l, o)
	m.patience = 0
	if err := p.ReadAll(t.Context(), &Visitor{Row: m.accountRow}); err != nil {
		t.Fatal(err)
	}
	m.checkAudio(t.Context(), p, o, "")
	slow := delivered(newAccount(l, forever, -1, m.copyReasons()), m, o)
	if *slow.AudioDecoded != 0 || *slow.Corrupted != 0 || slow.AudioNotDecoded != "decoding took too long" {
		t.Errorf("out of time: %s; decoded %d, %s", audioTold(slow), *slow.AudioDecoded, slow.AudioNotDecoded)
	}
	if *d.AudioConvertedChecked != 12 {
		t.Errorf("without ffmpeg, %d were checked", *d.AudioConvertedChecked)
	}
}

// A look that is made again goes on with what was decoded, and forgets the rest.
func TestDecodedOnce(t *testing.T) {
	good := converted(t, "fragmented.m4a")
	l := manyCalls(3)
	o := sending(".wav", aClip(t, audio.WAVAt8kHz, 900*time.Millisecond))
	m := newMatcher(l, o)
	m.audio.decoding = decoding{decoded: map[uint64]string{1: "0.1 s can be decoded of 1.0 s"}}
	for range 2 {
		l.each(func(_ uint64, r *receipt) { r.state.And(^mutable) })
		m.resetAudio()
		for i := range 3 {
			row := rowOf(i, ".m4a", len(good))
			row.Audio = good
			m.accountRow(row)
		}
		m.checkAudio(t.Context(), storedProber{storedBytes(good)}, o, "")
		a := newAccount(l, forever, -1, m.copyReasons())
		if a.altered != 1 || a.stored != 2 || a.reencoded != 3 || a.checked != 3 ||
			!strings.Contains(a.examples[0], "0000001: stored with other audio: 0.1 s can be") {
			t.Errorf("%s; %v", tallyOf(a), a.examples)
		}
	}
}

// storedProber is a prober of which only Audio is asked.
type storedProber struct{ storedBytes }

func (storedProber) Method() string                          { return "test" }
func (storedProber) Source() string                          { return "test" }
func (storedProber) Poll(context.Context, *Visitor) error    { return nil }
func (storedProber) ReadAll(context.Context, *Visitor) error { return nil }
func (storedProber) Close() error                            { return nil }

// Whatever cannot be read again is said, and is no fault of the audio.
func TestAudioThatIsGone(t *testing.T) {
	l := manyCalls(3)
	o := sending(".wav", aClip(t, audio.WAVAt8kHz, 900*time.Millisecond))
	m := newMatcher(l, o)
	for i := range 3 {
		m.accountRow(rowOf(i, ".m4a", 4936))
	}
	m.checkAudio(t.Context(), goneProber{}, o, "")
	a := newAccount(l, forever, -1, m.copyReasons())
	d := delivered(a, m, o)
	checkTold(t, "gone", d,
		"3+0; 0 compared, 3 converted, 0 checked; the stored audio could not be read again: it was deleted")
}

type goneProber struct{ storedProber }

func (goneProber) Audio(context.Context, int64) ([]byte, error) {
	return nil, errors.New("it was deleted")
}
