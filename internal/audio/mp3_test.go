package audio

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	clips "rdiostress/testdata/audio"
)

var testTag = []byte("rs-abcdefgh-0000042")

const frame = 36 * time.Millisecond // of MPEG-2 at 16 kHz

func newTestMP3(tb testing.TB) *MP3 {
	tb.Helper()
	m, err := NewMP3(0)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// lengths are asked for and got, at the bounds and between; a tie goes to the longer.
var lengths = []struct {
	name      string
	ask, want time.Duration
}{
	{"most negative", math.MinInt64, 14 * frame},
	{"nothing", 0, 14 * frame},
	{"shortest", 500 * time.Millisecond, 14 * frame},
	{"just below a tie", 15*frame - frame/2 - 1, 14 * frame},
	{"tie", 15*frame - frame/2, 15 * frame},
	{"whole frames", 100 * frame, 100 * frame},
	{"mean transmission", 5300 * time.Millisecond, 147 * frame},
	{"end of the recording", 830 * frame, 830 * frame},
	{"across the seam", 30 * time.Second, 833 * frame},
	{"longest", time.Minute, 1667 * frame},
	{"beyond", time.Minute + time.Second, 1667 * frame},
	{"ten hours", 10 * time.Hour, 1667 * frame},
	{"most", math.MaxInt64, 1667 * frame},
}

func TestClipLengths(t *testing.T) {
	m := newTestMP3(t)
	if got, want := m.Max(), 1667*frame; got != want {
		t.Fatalf("Max() = %v, want %v", got, want)
	}
	for _, tt := range lengths {
		t.Run(tt.name, func(t *testing.T) {
			c := m.Clip(Want{Length: tt.ask})
			if c.Duration != tt.want {
				t.Errorf("Clip(%v) lasts %v, want %v", tt.ask, c.Duration, tt.want)
			}
			ix, err := parseMP3(c.Bytes(testTag)) // refuses anything but whole frames to the end
			if err != nil {
				t.Fatal(err)
			}
			if got := ix.duration(ix.frames()); got != c.Duration {
				t.Errorf("frames last %v, but the clip says %v", got, c.Duration)
			}
			if ix.rate != 16000 {
				t.Errorf("rate %d Hz, want 16000", ix.rate)
			}
			if c.Type != "audio/mpeg" || c.Ext != ".mp3" {
				t.Errorf("type %q, extension %q", c.Type, c.Ext)
			}
			if !bytes.HasPrefix(c.Bytes(testTag), []byte("ID3\x04\x00")) {
				t.Errorf("begins with %q, want an ID3v2.4 tag", c.Bytes(testTag)[:5])
			}
		})
	}
}

func TestClipsShareMemoryButCannotGrowIntoIt(t *testing.T) {
	m := newTestMP3(t)
	short, long := m.Clip(Want{Length: time.Second}), m.Clip(Want{Length: time.Minute})
	if &short.Body[0] != &long.Body[0] {
		t.Error("two clips do not share memory")
	}
	before := long.Body[len(short.Body)]
	_ = append(short.Body, before+1)
	if long.Body[len(short.Body)] != before {
		t.Error("appending to a short clip changed a longer one")
	}
}

func TestClipDoesNotAllocate(t *testing.T) {
	m := newTestMP3(t)
	var sink Clip
	var head []byte
	if n := testing.AllocsPerRun(100, func() {
		sink = m.Clip(Want{Length: 5300 * time.Millisecond})
		head = sink.AppendHead(head[:0], testTag)
	}); n != 0 {
		t.Errorf("%v allocations per clip of %d bytes, want none", n, sink.Size())
	}
}

// smallFrame is a frame of 8 kb/s at 24 kHz, the smallest there is: 24 bytes, 24 ms.
const smallFrame = "\xff\xf3\x14\xc4...................."

func TestParseMP3(t *testing.T) {
	const small = smallFrame
	padded := "\xff\xf3\x16\xc4" + small[4:] + "."
	tag := "ID3\x04\x00\x00\x00\x00\x00\x03abc"
	footer := "ID3\x04\x00\x10\x00\x00\x00\x03abc3DI\x04\x00\x10\x00\x00\x00\x03"
	tests := []struct {
		name, file string
		frames     int
		wantErr    string
	}{
		{"one frame", small, 1, ""},
		{"no CRC bit", "\xff\xf2" + small[2:], 1, ""},
		{"padding", small + padded + small, 3, ""},
		{"tag", tag + small + small, 2, ""},
		{"tag with footer", footer + small, 1, ""},
		{"empty", "", 0, "no MP3 frames"},
		{"only a tag", tag, 0, "no MP3 frames"},
		{"tag cut off", tag[:12], 0, "ID3v2 tag of 13 bytes is cut off after 12"},
		{"tag size not synchsafe", "ID3\x04\x00\x00\x00\x00\x00\x83abc" + small, 0, "malformed"},
		{"frame cut off", small + small[:23], 0, "byte 24: frame of 24 bytes is cut off after 23"},
		{"header cut off", small + small[:3], 0, "byte 24: no MPEG-2 Layer III frame"},
		{"junk at the end", small + "TAG.", 0, "byte 24: no MPEG-2 Layer III frame"},
		{"MPEG-1", "\xff\xfb" + small[2:], 0, "no MPEG-2 Layer III frame"},
		{"Layer II", "\xff\xf5" + small[2:], 0, "no MPEG-2 Layer III frame"},
		{"free format", "\xff\xf3\x04\xc4" + small[4:], 0, "reserved"},
		{"bad bit rate", "\xff\xf3\xf4\xc4" + small[4:], 0, "reserved"},
		{"bad sample rate", "\xff\xf3\x1c\xc4" + small[4:], 0, "reserved"},
		{"sample rate changes", small + "\xff\xf3\x18\xc4" + strings.Repeat(".", 32), 0, "16000 Hz after 24000 Hz"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ix, err := parseMP3([]byte(tt.file))
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("error %v, want one with %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if ix.frames() != tt.frames {
				t.Errorf("%d frames, want %d", ix.frames(), tt.frames)
			}
		})
	}
}

func TestNewMP3(t *testing.T) {
	m, err := newMP3([]byte(smallFrame), 0)
	if err != nil {
		t.Fatal(err)
	}
	if m.Max() != time.Minute || len(m.frames) != 2500*24 {
		t.Errorf("one frame of 24 ms became %v in %d bytes, want a minute in 60000", m.Max(), len(m.frames))
	}
	if _, err := newMP3([]byte("junk"), 0); err == nil {
		t.Error("junk was taken for an MP3")
	}
}

func FuzzParseMP3(f *testing.F) {
	file, err := clips.FS.ReadFile(mp3Source)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file[:1024])
	f.Add([]byte(smallFrame))
	f.Add([]byte("ID3\x04\x00\x10\x00\x00\x00\x03abc3DI\x04\x00\x10\x00\x00\x00\x03" + smallFrame))
	f.Fuzz(func(t *testing.T, file []byte) {
		ix, err := parseMP3(file)
		if err != nil {
			return
		}
		if ix.frames() < 1 || ix.rate < 16000 || ix.bounds[0] < 0 {
			t.Fatalf("accepted %+v", ix)
		}
		for i := range ix.frames() {
			if ix.bounds[i+1]-ix.bounds[i] < 4 {
				t.Fatalf("frame %d is bytes %d to %d", i, ix.bounds[i], ix.bounds[i+1])
			}
		}
		if end := ix.bounds[ix.frames()]; end != len(file) {
			t.Fatalf("frames end at byte %d of %d", end, len(file))
		}
		if n := ix.frames(); ix.nearest(ix.duration(n)) != n {
			t.Fatalf("%d frames last %v, which is %d frames", n, ix.duration(n), ix.nearest(ix.duration(n)))
		}
	})
}

func BenchmarkClip(b *testing.B) {
	m := newTestMP3(b)
	b.ReportAllocs()
	var d time.Duration
	for b.Loop() {
		d = (d + 7*time.Millisecond) % time.Minute
		if len(m.Clip(Want{Length: d}).Body) == 0 {
			b.Fatal("empty clip")
		}
	}
}

func TestClipOfSize(t *testing.T) {
	m, err := NewMP3(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	least := m.cut(2)
	for _, size := range []int{1, 1024, 1025, 16 << 10, 128_000, 1 << 20} {
		c := m.Clip(Want{Bytes: size})
		file := c.Bytes(testTag)
		if len(file) != max(size, least.Size()) || c.Size() != len(file) {
			t.Errorf("%d bytes for %d, and it says %d", len(file), size, c.Size())
		}
		if _, err := parseMP3(file); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
