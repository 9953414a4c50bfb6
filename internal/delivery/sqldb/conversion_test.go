package sqldb

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/testenv"
)

// What a real rdio-scanner 6.6.3 made of the calls that a real 7.0.0 keeps as they were sent.
func TestCapturedConversion(t *testing.T) {
	sent, _ := storedAudio(t, "sqlite", copyOf(t, "rdio-scanner-7.0.0.sqlite"))
	path := copyOf(t, "rdio-scanner-6.6.3.sqlite")
	p, err := OpenSQLite(t.Context(), path)
	p = fromTheStart(t, p, err)
	d := deliverytest.Account(
		t, deliverytest.CapturedRun(capturetest.FirstOfSix), p, deliverytest.Sending(".mp3", sent),
	)
	capturetest.CheckTold(t, "as captured", d, "12+0; 0 compared, 12 converted, 12 checked")

	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const halve = `UPDATE rdioScannerCalls SET audio = substr(audio, 1, length(audio) / 2) WHERE id IN (7, 8)`
	if _, err := db.Exec(halve); err != nil {
		t.Fatal(err)
	}
	d = deliverytest.Account(
		t, deliverytest.CapturedRun(capturetest.FirstOfSix), p, deliverytest.Sending(".mp3", sent),
	)
	capturetest.CheckTold(t, "with halves", d,
		"10+2; 0 compared, 12 converted, 12 checked; 006: cut off after 5443 bytes; 007: cut off after 5443 bytes")

	d = deliverytest.Account(
		t, deliverytest.CapturedRun(capturetest.FirstOfSix), p,
		deliverytest.Sending(".mp3", capturetest.Embedded(t, "police-5s.mp3")),
	)
	if *d.Corrupted != 12 || !strings.Contains(capturetest.Told(d), "; 000: 2.1 s long, sent 4.6 s") {
		t.Errorf("of other calls: %s", capturetest.Told(d))
	}
}

// Where the database hashes, the audio of calls that differ is read in a second pass: of all, or of a sample.
func TestConvertedInDatabases(t *testing.T) {
	testenv.Program(t, "ffmpeg", "ffmpeg")
	decoder, err := audio.FindDecoder()
	if err != nil {
		t.Fatal(err)
	}
	sent, good := capturetest.Clip(
		t, audio.WAVAt8kHz, 900*time.Millisecond,
	), deliverytest.Converted(
		t,
		"fragmented.m4a",
	)
	const maxSample, maxDecoded = 500, 20 // of a run
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
			o := deliverytest.Sending(".wav", sent)
			o.Decoder = decoder
			d := deliverytest.Account(t, deliverytest.ManyCalls(calls), p, o)
			checked := *d.AudioConvertedChecked
			if *d.AudioConverted != calls || *d.AudioDecoded != maxDecoded || d.AudioNotDecoded != "" {
				t.Errorf("told %s; decoded %d, %s", capturetest.Told(d), *d.AudioDecoded, d.AudioNotDecoded)
			}
			if *d.Corrupted == 0 || *d.Stored+*d.Corrupted != calls ||
				!strings.Contains(capturetest.Told(d), "cut off after 3000") {
				t.Errorf("told %s", capturetest.Told(d))
			}
			unchecked := ""
			if k.product != "SQLite" { // where the bytes are at hand
				unchecked = fmt.Sprintf(
					"%d calls: the server converts audio, and only a sample of it was checked",
					calls-checked,
				)
				if checked < maxSample/3 || checked > maxSample {
					t.Errorf("%d were checked", checked)
				}
			} else if checked != calls || *d.Corrupted != calls/100 {
				t.Errorf("%d were checked, %d are altered", checked, *d.Corrupted)
			}
			if d.AudioNotCompared != unchecked {
				t.Errorf("not compared: %q, want %q", d.AudioNotCompared, unchecked)
			}
			// As many as fit into the sample are all checked.
			if _, err := db.Exec(strings.ReplaceAll(`DELETE FROM "calls" WHERE "callId" > 300`, `"`,
				k.quote)); err != nil {
				t.Fatal(err)
			}
			d = deliverytest.Account(t, deliverytest.ManyCalls(300), p, o)
			if *d.AudioConvertedChecked != 300 || *d.Corrupted != 3 || d.AudioNotCompared != "" {
				t.Errorf("of few: %s", capturetest.Told(d))
			}
		})
	}
}

// fillWith makes the tables and puts some calls into them, each with its own name's extension and audio.
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
		c := capturetest.CallOf(i)
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
