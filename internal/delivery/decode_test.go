package delivery

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/testenv"
)

// storedBytes keeps the same audio for every call.
type storedBytes []byte

func (b storedBytes) Audio(context.Context, int64) ([]byte, error) { return b, nil }

// convert makes ffmpeg convert a file with a server's arguments, in which FILE stands for a file of its own.
func convert(t testing.TB, file []byte, args string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "converted.m4a")
	cmd := exec.Command(
		testenv.Program(t, "ffmpeg", "ffmpeg"),
		strings.Fields(strings.Replace(args, "FILE", path, 1))...)
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

// Decoding finds audio whose frame alone looks intact. A decoder's own failure is no fault of the audio.
func TestDecodedAudio(t *testing.T) {
	testenv.Program(t, "ffmpeg", "ffmpeg")
	decoder, err := audio.FindDecoder()
	if err != nil {
		t.Fatal(err)
	}
	sent, good := capturetest.Clip(t, audio.WAVAt8kHz, 900*time.Millisecond), converted(t, "fragmented.m4a")
	noise := bytes.Clone(good)
	sound := noise[bytes.Index(noise, []byte("mdat"))+4:]
	for i := range sound[:3900] {
		sound[i] = byte(i * 137)
	}
	p := storeAs(func(n int) (string, []byte) {
		if n == 3 {
			return ".m4a", noise
		}
		return ".m4a", good
	})
	o := sending(".wav", sent)
	o.Decoder = decoder
	d := told(t, capturedRun(capturetest.FirstOfSeven), p, o, "")
	if *d.AudioDecoded != 12 || *d.Corrupted != 1 || d.Altered.Audio != 1 ||
		!strings.Contains(capturetest.Told(d), "decode") {
		t.Errorf("told %s; decoded %d, %s", capturetest.Told(d), *d.AudioDecoded, d.AudioNotDecoded)
	}
	o.Decoder, o.NotDecoded = nil, "ffmpeg is not installed here"
	d = told(t, capturedRun(capturetest.FirstOfSeven), p, o, "")
	if *d.AudioDecoded != 0 || *d.Corrupted != 0 || d.AudioNotDecoded != "ffmpeg is not installed here" {
		t.Errorf("without ffmpeg: %s; decoded %d, %s", capturetest.Told(d), *d.AudioDecoded, d.AudioNotDecoded)
	}
	l := capturedRun(capturetest.FirstOfSeven)
	o.Decoder = decoder
	m := newMatcher(l, o)
	m.decodeTime = 0
	if err := p.ReadAll(t.Context(), &Visitor{Row: m.accountRow}); err != nil {
		t.Fatal(err)
	}
	m.checkAudio(t.Context(), p, o, "")
	slow := delivered(newAccount(l, forever, -1, m.copyReasons()), m, o)
	if *slow.AudioDecoded != 0 || *slow.Corrupted != 0 || slow.AudioNotDecoded != "decoding took too long" {
		t.Errorf("out of time: %s; decoded %d, %s", capturetest.Told(slow), *slow.AudioDecoded, slow.AudioNotDecoded)
	}
	if *d.AudioConvertedChecked != 12 {
		t.Errorf("without ffmpeg, %d were checked", *d.AudioConvertedChecked)
	}
}

// A repeated account reuses what was decoded, and forgets the rest.
func TestDecodedOnce(t *testing.T) {
	good := converted(t, "fragmented.m4a")
	l := manyCalls(3)
	o := sending(".wav", capturetest.Clip(t, audio.WAVAt8kHz, 900*time.Millisecond))
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

// storedProber is a prober of which only Audio is used.
type storedProber struct{ storedBytes }

func (storedProber) Method() string                          { return "test" }
func (storedProber) Source() string                          { return "test" }
func (storedProber) Poll(context.Context, *Visitor) error    { return nil }
func (storedProber) ReadAll(context.Context, *Visitor) error { return nil }
func (storedProber) Close() error                            { return nil }

// Audio that cannot be read again is reported, and does not count as faulty.
func TestAudioThatIsGone(t *testing.T) {
	l := manyCalls(3)
	o := sending(".wav", capturetest.Clip(t, audio.WAVAt8kHz, 900*time.Millisecond))
	m := newMatcher(l, o)
	for i := range 3 {
		m.accountRow(rowOf(i, ".m4a", 4936))
	}
	m.checkAudio(t.Context(), goneProber{}, o, "")
	a := newAccount(l, forever, -1, m.copyReasons())
	d := delivered(a, m, o)
	capturetest.CheckTold(t, "gone", d,
		"3+0; 0 compared, 3 converted, 0 checked; the stored audio could not be read again: it was deleted")
}

type goneProber struct{ storedProber }

func (goneProber) Audio(context.Context, int64) ([]byte, error) {
	return nil, errors.New("it was deleted")
}

// If the user cuts the wait short, converted audio that would have to be read again is not checked.
func TestNoAudioInAHurry(t *testing.T) {
	l := manyCalls(3)
	o := sending(".wav", capturetest.Clip(t, audio.WAVAt8kHz, 900*time.Millisecond))
	m := newMatcher(l, o)
	for i := range 3 {
		m.accountRow(rowOf(i, ".m4a", 4936))
	}
	m.checkAudio(t.Context(), storedProber{storedBytes(converted(t, "fragmented.m4a"))}, o, cutShort)
	d := delivered(newAccount(l, forever, -1, m.copyReasons()), m, o)
	capturetest.CheckTold(t, "in a hurry", d, "3+0; 0 compared, 3 converted, 0 checked; "+cutShort)
	if *d.AudioDecoded != 0 || d.AudioNotDecoded != cutShort {
		t.Errorf("decoded %d, %s", *d.AudioDecoded, d.AudioNotDecoded)
	}
}
