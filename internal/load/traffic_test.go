package load

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/rdio"
)

// silence is call audio without sound, for tests of everything else.
type silence struct{}

func (silence) Clip(_ rdio.Client, w audio.Want) audio.Clip {
	size := w.Bytes
	if size == 0 {
		size = 64
	}
	return audio.Clip{Body: make([]byte, size), Duration: w.Length, Type: "audio/mpeg", Ext: ".mp3"}
}

func testScenario() *Scenario {
	return &Scenario{
		URL: "http://127.0.0.1:1", Key: "k", MaxConcurrent: 4, Duration: time.Minute, Timeout: time.Minute,
		Arrival: Constant, Systems: IDs{11, 12}, Talkgroups: IDs{1001, 1002, 1003}, Seed: 7,
	}
}

var start = time.Date(2026, 11, 24, 12, 0, 0, 700_000_000, time.UTC)

// dated is where a server looks for duplicates: a system, a talkgroup and a second.
type dated struct{ system, talkgroup, second int64 }

// No two calls of a run have the same system, talkgroup and second, none lies in the future or past what servers prune, at any
// rate up to the largest.
func TestTrafficHasNoDuplicates(t *testing.T) {
	s := testScenario()
	traffic := NewTraffic(s, "abc", start, silence{})
	seen := make(map[dated]bool)
	names := make(map[string]bool)
	var c Slip
	traffic.Probe(&c)
	seen[dated{c.System, c.Talkgroup, c.Time.Unix()}] = true
	n := uint64(0)
	for second := range 60 {
		perSecond := traffic.MaxPerSecond() / uint64(second%3+1)
		for range perSecond {
			at := time.Duration(second) * time.Second
			if ok := traffic.Next(n, at, &c); !ok {
				t.Fatalf("second %d has no unique call after %d", second, perSecond)
			}
			key := dated{c.System, c.Talkgroup, c.Time.Unix()}
			if seen[key] || names[c.AudioName] {
				t.Fatalf("call %d repeats %+v %s", n, key, c.AudioName)
			}
			seen[key], names[strings.Clone(c.AudioName)] = true, true
			if age := start.Add(at).Sub(c.Time); age < callAge-time.Second || age > 7*24*time.Hour {
				t.Fatalf("call %d is %v old when it is due", n, age)
			}
			n++
		}
	}
}

func TestTrafficKnowsWhenASecondIsFull(t *testing.T) {
	traffic := NewTraffic(testScenario(), "abc", start, silence{})
	var c Slip
	for n := range traffic.MaxPerSecond() {
		if ok := traffic.Next(n, 0, &c); !ok {
			t.Fatalf("full after %d of %d", n, traffic.MaxPerSecond())
		}
	}
	if ok := traffic.Next(0, 0, &c); ok {
		t.Error("a second gave more calls than it has")
	}
	if ok := traffic.Next(0, time.Second, &c); !ok {
		t.Error("the next second is full too")
	}
}

// Two runs, one right after the other, share no talkgroup and second.
func TestRunsDoNotCollide(t *testing.T) {
	seen := make(map[dated]bool)
	s := testScenario()
	s.Duration = 5 * time.Second
	for run := range 4 {
		traffic := NewTraffic(s, "abc", start.Add(time.Duration(run)*s.Duration), silence{})
		var c Slip
		for second := range 5 {
			for n := range traffic.MaxPerSecond() {
				traffic.Next(n, time.Duration(second)*time.Second, &c)
				key := dated{c.System, c.Talkgroup, c.Time.Unix()}
				if seen[key] {
					t.Fatalf("run %d repeats %+v", run, key)
				}
				seen[key] = true
			}
		}
	}
}

// Many uploaders at once get different calls.
func TestTrafficConcurrently(t *testing.T) {
	s := testScenario()
	s.Talkgroups, _ = ParseIDs("1-1000")
	traffic := NewTraffic(s, "abc", start, silence{})
	const workers, each = 8, 2000
	calls := make([][]dated, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var c Slip
			for i := range each {
				if ok := traffic.Next(uint64(w*each+i), time.Duration(i/500)*time.Second, &c); ok {
					calls[w] = append(calls[w], dated{c.System, c.Talkgroup, c.Time.Unix()})
				}
			}
		})
	}
	wg.Wait()
	seen := make(map[dated]bool)
	for _, list := range calls {
		for _, key := range list {
			if seen[key] {
				t.Fatalf("two uploaders got %+v", key)
			}
			seen[key] = true
		}
	}
	if len(seen) != workers*each {
		t.Errorf("%d calls, want %d", len(seen), workers*each)
	}
}

func TestSameSeedSameCalls(t *testing.T) {
	var a, b, other Slip
	s := testScenario()
	NewTraffic(s, "abc", start, silence{}).Next(5, time.Second, &a)
	NewTraffic(s, "abc", start, silence{}).Next(5, time.Second, &b)
	s.Seed++
	NewTraffic(s, "abc", start, silence{}).Next(5, time.Second, &other)
	if a.Source != b.Source || a.Frequency != b.Frequency || a.AudioName != b.AudioName || !a.Time.Equal(b.Time) {
		t.Errorf("same seed: %+v and %+v", a, b)
	}
	if a.Source == other.Source && a.Frequency == other.Frequency {
		t.Errorf("another seed made the same call: %+v", other)
	}
}

func TestCallLengthsAreLognormal(t *testing.T) {
	const n = 200_000
	var sum, logs, squares float64
	for i := range uint64(n) {
		d := callLength(hash(1, i))
		if d < minLength || d > maxLength {
			t.Fatalf("length %v is out of bounds", d)
		}
		sum += d.Seconds()
		logs += math.Log(d.Seconds())
		squares += math.Log(d.Seconds()) * math.Log(d.Seconds())
	}
	if mean := sum / n; math.Abs(mean-meanLength.Seconds()) > 0.06 {
		t.Errorf("mean %.3f s, want %v", mean, meanLength)
	}
	if sigma := math.Sqrt(squares/n - logs/n*logs/n); math.Abs(sigma-lengthSigma) > 0.02 {
		t.Errorf("sigma %.3f, want %v", sigma, lengthSigma)
	}
}

func BenchmarkNext(b *testing.B) {
	clips, err := audio.NewMP3(0)
	if err != nil {
		b.Fatal(err)
	}
	s := testScenario()
	s.Talkgroups, _ = ParseIDs("1-100000")
	traffic := NewTraffic(s, "abcdefgh", start, &Sources{clips})
	var c Slip
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		traffic.Next(n, time.Duration(n)*100*time.Microsecond, &c)
	}
}

func TestAudioSizesAreUniform(t *testing.T) {
	s := testScenario()
	s.AudioSize = SizeRange{1000, 2000}
	s.Talkgroups, _ = ParseIDs("1-10000")
	traffic := NewTraffic(s, "abc", start, silence{})
	var c Slip
	least, most, sum := 1<<30, 0, 0
	const n = 10_000
	for i := range uint64(n) {
		traffic.Next(i, 0, &c)
		least, most, sum = min(least, c.Clip.Size()), max(most, c.Clip.Size()), sum+c.Clip.Size()
	}
	if least < 1000 || least > 1010 || most > 2000 || most < 1990 || sum/n < 1480 || sum/n > 1520 {
		t.Errorf("sizes from %d to %d, mean %d", least, most, sum/n)
	}
}

func TestParseSizeRange(t *testing.T) {
	for in, want := range map[string]SizeRange{
		"16384": {16384, 16384}, "16KB": {16000, 16000}, "16KiB": {16384, 16384}, "1KB-1MB": {1000, 1_000_000}, "500b - 2k": {500, 2000},
	} {
		if got, err := ParseSizeRange(in); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "big", "2KB-1KB", "10", "1GB", "1KB-", "-5"} {
		if got, err := ParseSizeRange(in); err == nil {
			t.Errorf("%q is taken as %v", in, got)
		}
	}
}

func FuzzParseSizeRange(f *testing.F) {
	f.Add("1KB-1MB")
	f.Add("16384")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseSizeRange(s)
		if err != nil {
			return
		}
		if back, err := ParseSizeRange(r.String()); err != nil || back != r {
			t.Errorf("%q is written back as %q, which reads as %v, %v", s, r, back, err)
		}
	})
}
