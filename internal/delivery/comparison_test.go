package delivery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/measure"
	"rdiostress/internal/testenv"
)

// shelf is a Prober of a server that keeps the twelve calls of the captured run, each with given audio.
type shelf struct{ rows []Row }

func (*shelf) Method() string                       { return "test" }
func (*shelf) Source() string                       { return "a shelf" }
func (*shelf) Close() error                         { return nil }
func (*shelf) Poll(context.Context, *Visitor) error { return nil }

func (p *shelf) ReadAll(_ context.Context, v *Visitor) error {
	for _, r := range p.rows {
		v.Row(&r)
	}
	return nil
}

func (p *shelf) Audio(_ context.Context, id int64) ([]byte, error) { return p.rows[id-1].Audio, nil }

// storeAs returns a prober of the captured run's calls, stored with given audio and file name extension.
func storeAs(change func(n int) (ext string, file []byte)) Prober {
	p := &shelf{}
	for n := range 12 {
		ext, file := change(n)
		at := capturetest.FirstOfSeven.Add(time.Duration(n) * 5 * time.Second)
		p.rows = append(p.rows, Row{
			ID: int64(
				n + 1,
			), Name: fmt.Sprintf("run-7f3a-%06d%s", n, ext), System: int64(11 + n%2), Talkgroup: int64(1001 + n%3),
			Time: at, Size: int64(len(file)), Audio: file, Sum: sha256.Sum256(file), HasSum: true,
		})
	}
	return p
}

// told accounts with a prober, and fills a report's part.
func told(t testing.TB, l *Ledger, p Prober, o *AudioOptions, hurry string) *measure.Delivery {
	t.Helper()
	m := newMatcher(l, o)
	m.decodeTime = time.Minute
	from, to := l.span()
	if err := p.ReadAll(t.Context(), &Visitor{
		Row: m.accountRow, Logged: m.readLogLine, From: from,
		To: to,
	}); err != nil {
		t.Fatal(err)
	}
	m.checkAudio(t.Context(), p, o, hurry)
	return delivered(newAccount(l, forever, -1, m.copyReasons()), m, o)
}

// delivered is a report's part of an account.
func delivered(a *account, m *matcher, o *AudioOptions) *measure.Delivery {
	var d measure.Delivery
	a.fillDelivery(&d)
	m.describeAudio(&d, o)
	return &d
}

// stub is stored audio with its file name's extension.
type stub struct {
	ext  string
	file []byte
}

// convertedTest is a case of twelve equal calls, of which call 3 is stored differently.
type convertedTest struct {
	name     string
	converts string // yes, no, or empty if not known
	sent     stub
	rest     stub
	odd      stub
	want     string
}

func convertedTests(t testing.TB) []convertedTest {
	wav := stub{".wav", capturetest.Clip(t, audio.WAVAt8kHz, 900*time.Millisecond)}
	mp3 := stub{".mp3", capturetest.Clip(t, audio.MP3At16k, 900*time.Millisecond)}
	otherMP3 := stub{".mp3", capturetest.Clip(t, audio.MP3At32k, 900*time.Millisecond)}
	m4a := stub{".m4a", converted(t, "plain.m4a")}
	good := stub{".m4a", converted(t, "fragmented.m4a")}
	padded, silent := stub{".m4a", converted(t, "padded.m4a")}, stub{".m4a", converted(t, "silent.m4a")}
	changed := stub{".m4a", bytes.Clone(m4a.file)}
	changed.file[len(changed.file)-1]++
	begun := func(s stub, n int) stub { return stub{s.ext, s.file[:n]} }
	boxes := stub{".m4a", bytes.Repeat([]byte("\x00\x00\x00\x08free"), 99)}
	const all = "12+0; 0 compared, 12 converted, 12 checked"
	const bad = "11+1; 0 compared, 12 converted, 12 checked; 003: "
	return []convertedTest{
		{"another form", "", wav, good, good, all},
		{"another form, whatever the setting says", "no", wav, good, good, all},
		{"the index behind the sound", "yes", wav, good, m4a, all},
		{"padded by the loudness filter", "yes", wav, good, padded, all},
		{"cut off", "yes", wav, good, begun(good, 2000), bad + "cut off after 2000 bytes"},
		{"empty", "", wav, good, begun(good, 0), bad + "no audio at all"},
		{"silent", "yes", wav, good, silent, bad + "1 s of silence"},
		{"no audio", "yes", wav, good, boxes, bad + "not an M4A file"},
		{
			"another call's", "yes", wav, good,
			stub{".m4a", capturetest.Embedded(t, "ems-10s.m4a")},
			bad + "10 s long, sent 900 ms",
		},
		{
			"a form that is not known", "yes", wav, good,
			stub{".opus", []byte("OggS")},
			"12+0; 0 compared, 12 converted, 11 checked; 1 call: the server keeps it in a form that cannot be checked",
		},
		{"one that was left as it was sent", "yes", wav, good, wav, "12+0; 1 compared, 11 converted, 11 checked"},

		{"other M4A", "", m4a, good, good, all},
		{"other M4A as it is set", "yes", m4a, good, good, all},
		{"other M4A that is damaged", "", m4a, good, begun(good, 4000), bad + "cut off after 4000 bytes"},
		{
			"other M4A in one call of many", "", m4a, m4a, good,
			"11+1; 12 compared, 0 converted, 0 checked; 003: 4936 bytes, sent 4811",
		},
		{
			"other M4A in one call of many, as it is set",
			"yes",
			m4a,
			m4a,
			good,
			"12+0; 11 compared, 1 converted, 1 checked",
		},
		{
			"other M4A where the server does not convert", "no", m4a, m4a, good,
			"11+1; 12 compared, 0 converted, 0 checked; 003: 4936 bytes, sent 4811",
		},
		{
			"as many other bytes", "no", m4a, m4a, changed,
			"11+1; 12 compared, 0 converted, 0 checked; 003: other bytes, 4811 as sent",
		},

		{"other MP3", "", mp3, mp3, otherMP3, "11+1; 12 compared, 0 converted, 0 checked; 003: 3627 bytes, sent 1924"},
		{"other MP3 where the server converts", "yes", mp3, mp3, otherMP3, "12+0; 11 compared, 1 converted, 1 checked"},
		{
			"half an MP3 where the server converts", "yes", mp3, mp3, begun(mp3, len(mp3.file)/2),
			"11+1; 11 compared, 1 converted, 1 checked; 003: 396 ms long, sent 900 ms",
		},
		{
			"all that a column takes", "", mp3, mp3,
			stub{".mp3", make([]byte, 65535)},
			"11+1; 12 compared, 0 converted, 0 checked; " +
				"003: 65535 bytes, sent 1924, all that a column of the type blob takes",
		},
	}
}

func TestConvertedAudio(t *testing.T) {
	for _, tt := range convertedTests(t) {
		t.Run(tt.name, func(t *testing.T) {
			p := storeAs(func(n int) (string, []byte) {
				if n == 3 {
					return tt.odd.ext, tt.odd.file
				}
				return tt.rest.ext, tt.rest.file
			})
			o := sending(tt.sent.ext, tt.sent.file)
			if tt.converts != "" {
				yes := tt.converts == "yes"
				o.ConvertsAudio = &yes
			}
			capturetest.CheckTold(t, "told", told(t, capturedRun(capturetest.FirstOfSeven), p, o, ""), tt.want)
		})
	}
	// If most of many M4A files differ and one does not, the differing ones are altered.
	m4a, good := converted(t, "plain.m4a"), converted(t, "fragmented.m4a")
	p := storeAs(func(n int) (string, []byte) {
		if n == 3 {
			return ".m4a", m4a
		}
		return ".m4a", good
	})
	d := told(t, capturedRun(capturetest.FirstOfSeven), p, sending(".m4a", m4a), "")
	if *d.Corrupted != 11 || *d.AudioCompared != 12 || *d.AudioConverted != 0 {
		t.Errorf("told %s", capturetest.Told(d))
	}
}

// Every kind of clip is recognised as converted after each of the servers' ffmpeg commands, and decodes.
func TestConvertedByFFmpeg(t *testing.T) {
	testenv.Program(t, "ffmpeg", "ffmpeg")
	decoder, err := audio.FindDecoder()
	if err != nil {
		t.Fatal(err)
	}
	const (
		loudness = "apad=whole_dur=3s,loudnorm=I=-16:TP=-1.5:LRA=11"
		speech   = "apad=whole_dur=3s,highpass=f=120," +
			"acompressor=threshold=-20dB:ratio=4:attack=8:release=80:makeup=6dB," +
			"afftdn=nf=-20,lowpass=f=3200,loudnorm=I=-14:TP=-1.5:LRA=11,alimiter=limit=0.891:attack=5:release=50"
		pipe = " -movflags frag_keyframe+empty_moov -f ipod -"
	)
	commands := map[string]string{ // of rdio-scanner 6 and 7 in their three modes, of a fork, and of ThinLine Radio
		"1":      "-i - -c:a aac -b:a 32k" + pipe,
		"2":      "-i - -af apad=whole_dur=3s,loudnorm -c:a aac -b:a 32k" + pipe,
		"3":      "-i - -af " + loudness + " -c:a aac -b:a 32k" + pipe,
		"file":   "-y -i - -c:a aac -b:a 32k -f ipod FILE",
		"filter": "-i - -af " + speech + " -c:a aac -b:a 48k" + pipe,
	}
	const ms = time.Millisecond
	lengths := []time.Duration{500 * ms, 1300 * ms, 2800 * ms, 3100 * ms, 6500 * ms}
	for name, command := range commands {
		t.Run(name, func(t *testing.T) {
			for kind := audio.MP3At16k; kind <= audio.WAVAt8kHz; kind++ {
				checkConverted(t, decoder, kind, capturetest.Clip(t, kind, lengths[kind]), command)
			}
			if name == "1" || name == "2" { // these have the longest frames
				for _, length := range lengths {
					checkConverted(t, decoder, audio.M4AAt8k, capturetest.Clip(t, audio.M4AAt8k, length), command)
				}
			}
		})
	}
}

func checkConverted(t *testing.T, d *audio.Decoder, kind audio.Kind, sent []byte, command string) {
	t.Helper()
	kept := convert(t, sent, command)
	o := sending(kind.Ext(), sent)
	s, _ := o.Sent(0)
	row := Row{Name: "call.m4a", Size: int64(len(kept)), Audio: kept, Sum: sha256.Sum256(kept), HasSum: true}
	c := comparison{}
	bits := c.compare(0, &s, &row)
	if bits&(checked|unsound) != checked || bits&(otherForm|otherM4A) == 0 {
		t.Errorf("kind %d, %d bytes: %b, %s", kind, len(sent), bits, c.faults[0])
	}
	m := newMatcher(NewLedger("", time.Now()), o)
	why, err := m.decodeOne(t.Context(), storedBytes(kept), d, sampledCall{ext: ".m4a"})
	if why != "" || err != nil {
		t.Errorf("kind %d, %d bytes: %s, %v", kind, len(sent), why, err)
	}
}

// rowOf returns a row of a call without audio.
func rowOf(i int, ext string, size int) *Row {
	c := capturetest.CallOf(i)
	return &Row{
		ID: int64(
			i,
		), Name: fmt.Sprintf("run-7f3a-%06d%s", i, ext), System: c.System, Talkgroup: c.Talkgroup, Time: c.Time,
		Size: int64(size), HasSum: true,
	}
}
