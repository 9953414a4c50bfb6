package audio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// kinds is what each kind of clip is, by ffprobe, how long one of its frames plays, and how small the smallest is.
var kinds = []struct {
	kind             Kind
	codec, rate, ext string
	step             time.Duration
	smallest         int // bytes
}{
	{MP3At16k, "mp3", "16000", ".mp3", 36 * time.Millisecond, 1000},
	{MP3At32k, "mp3", "22050", ".mp3", 27 * time.Millisecond, 1000},
	{M4AAt8k, "aac", "8000", ".m4a", 128 * time.Millisecond, 1000},
	{M4AAt32k, "aac", "16000", ".m4a", 64 * time.Millisecond, 1100},
	{WAVAt8kHz, "pcm_s16le", "8000", ".wav", time.Millisecond, 1000},
}

func newSource(tb testing.TB, k Kind, bytes int) Source {
	tb.Helper()
	s, err := New(k, bytes)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// probed is what ffprobe says of a file.
type probed struct {
	Streams []struct {
		Codec    string  `json:"codec_name"`
		Rate     string  `json:"sample_rate"`
		Duration float64 `json:"duration,string"`
	}
	Format struct {
		Tags map[string]string `json:"tags"`
	}
}

func probe(t *testing.T, name string, file []byte) (p probed) {
	t.Helper()
	out := pipe(t, nil, "ffprobe", "-of", "json", "-show_streams", "-show_format", onDisk(t, name, file))
	if err := json.Unmarshal(out, &p); err != nil || len(p.Streams) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	return p
}

// Clips of every kind and any length are valid files that play for as long as they say, and hold speech.
func TestLengthsOfAllKinds(t *testing.T) {
	for _, k := range kinds {
		s := newSource(t, k.kind, 0)
		for _, length := range []time.Duration{0, 5310 * time.Millisecond, time.Hour} {
			t.Run(fmt.Sprint(k.kind.recording(), " ", length), func(t *testing.T) {
				t.Parallel()
				c := s.Clip(Want{Length: length})
				want := min(max(length, shortest), longest)
				if (c.Duration-want).Abs() > k.step || c.Ext != k.ext {
					t.Errorf("%v of %s for %v", c.Duration, c.Ext, want)
				}
				file := c.Bytes(testTag)
				p := probe(t, "clip"+c.Ext, file).Streams[0]
				if p.Codec != k.codec || p.Rate != k.rate ||
					math.Abs(p.Duration-c.Duration.Seconds()) > 0.002+k.step.Seconds()/20 {
					t.Errorf("ffprobe: %+v, want %s, %s Hz, %v", p, k.codec, k.rate, c.Duration)
				}
				samples := decode(t, file)
				rate := map[string]int{"8000": 8000, "16000": 16000, "22050": 22050}[k.rate]
				got := time.Duration(len(samples)) * time.Second / time.Duration(rate)
				if (got - c.Duration).Abs() > k.step {
					t.Errorf("decodes to %v, want %v", got, c.Duration)
				}
				if c.Duration > time.Second {
					checkAudible(t, samples)
				}
			})
		}
	}
}

// A clip of a wanted size has just that size, or what the smallest has, and a WAV an even one.
func TestSizesOfAllKinds(t *testing.T) {
	const most = 1 << 20
	played := []int{1, 1001, 100_003} // these are played too, which takes longer than making them
	for _, k := range kinds {
		s := newSource(t, k.kind, most)
		smallest := s.Clip(Want{Bytes: 1})
		if smallest.Size() > k.smallest {
			t.Errorf(
				"%s: the smallest clip has %d bytes, want at most %d", k.kind.recording(), smallest.Size(),
				k.smallest,
			)
		}
		for _, size := range []int{1, 500, 999, 1000, 1001, 1024, 4097, 16_000, 16_384, 100_003, 1_000_000, most} {
			t.Run(fmt.Sprint(k.kind.recording(), " ", size), func(t *testing.T) {
				t.Parallel()
				c := s.Clip(Want{Bytes: size})
				file := c.Bytes(testTag)
				want := max(size, smallest.Size())
				if k.ext == ".wav" {
					want = want / 2 * 2
				}
				if len(file) != want || c.Size() != want {
					t.Errorf("%d bytes, said to be %d, want %d", len(file), c.Size(), want)
				}
				if !slices.Contains(played, size) {
					return
				}
				p := probe(t, "clip"+c.Ext, file).Streams[0]
				if p.Codec != k.codec || math.Abs(p.Duration-c.Duration.Seconds()) > 0.002+c.Duration.Seconds()/20 {
					t.Errorf("ffprobe: %+v, want %s, %v", p, k.codec, c.Duration)
				}
				decode(t, file)
			})
		}
	}
}

// Every file has its tag near its beginning, two of the same clip differ in it alone, and a head is made without
// allocating.
func TestTagsOfAllKinds(t *testing.T) {
	for _, k := range kinds {
		s := newSource(t, k.kind, 0)
		c := s.Clip(Want{Length: 5 * time.Second})
		one, other := c.Bytes(testTag), c.Bytes([]byte("rs-abcdefgh-12345678"))
		if len(one) != len(other) || bytes.Equal(one, other) || !bytes.Contains(one, testTag) {
			t.Errorf("%s: %d and %d bytes", k.kind.recording(), len(one), len(other))
		}
		tags := probe(t, "clip"+c.Ext, one).Format.Tags
		if got := tags["rdiostress"] + tags["comment"]; k.ext != ".m4a" && got != string(testTag) &&
			tags["rdiostress"] != string(testTag) {
			t.Errorf("%s: ffprobe reads the tags %v", k.kind.recording(), tags)
		}
		var head []byte
		if n := testing.AllocsPerRun(100, func() {
			c = s.Clip(Want{Length: 7 * time.Second})
			head = c.AppendHead(head[:0], testTag)
		}); n != 0 {
			t.Errorf("%s: %v allocations", k.kind.recording(), n)
		}
	}
}

func BenchmarkHead(b *testing.B) {
	for _, k := range kinds {
		b.Run(k.kind.recording(), func(b *testing.B) {
			s := newSource(b, k.kind, 0)
			var c Clip
			var head []byte
			b.ReportAllocs()
			for b.Loop() {
				c = s.Clip(Want{Length: 5310 * time.Millisecond})
				head = c.AppendHead(head[:0], testTag)
			}
		})
	}
}
