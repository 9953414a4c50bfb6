package traffic

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

var start = time.Date(2026, 11, 24, 12, 0, 0, 700_000_000, time.UTC)

// dated is what a server compares to find duplicates: a system, a talkgroup and a second.
type dated struct{ system, talkgroup, second int64 }

// No two calls of a run have the same system, talkgroup and second, until no unique call is left. No call is dated in
// the future, or so far back that servers delete it.
func TestTrafficHasNoDuplicates(t *testing.T) {
	s := uploadtest.Scenario()
	s.Zipf, s.Duration = radio.ZipfExponent, 5*time.Second
	traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
	seen := make(map[dated]bool)
	names := make(map[string]bool)
	var c upload.Request
	traffic.Probe(0, &c)
	seen[dated{c.System, c.Talkgroup, c.Time.Unix()}] = true
	n := uint64(0)
	for second := range 5 {
		for range traffic.Capacity() / 5 {
			at := time.Duration(second) * time.Second
			if !traffic.Next(n, at, &c) {
				t.Fatalf("there is no call %d of %d", n, traffic.Capacity())
			}
			key := dated{c.System, c.Talkgroup, c.Time.Unix()}
			if seen[key] || names[c.AudioName] {
				t.Fatalf("call %d repeats %+v %s", n, key, c.AudioName)
			}
			seen[key], names[strings.Clone(c.AudioName)] = true, true
			if age := start.Add(at).Sub(c.Time); age < 29*time.Second || age > 7*24*time.Hour {
				t.Fatalf("call %d is %v old when it is due", n, age)
			}
			n++
		}
	}
	for traffic.Next(n, 4*time.Second, &c) {
		if n++; n > traffic.Capacity() {
			t.Fatalf("more calls than the %d that there are", traffic.Capacity())
		}
	}
}

// Ten million calls of a realistic network at 5,000 a second: the popular talkgroups run out of dates, and still no two
// calls are duplicates. The race detector, which is ten times slower, gets a tenth of them.
func TestTenMillionCallsWithoutADuplicate(t *testing.T) {
	calls, rate := 10_000_000, 5000
	if raceEnabled {
		calls /= 10
	}
	s := uploadtest.Scenario()
	s.Systems, s.Zipf, s.Rate = scenario.IDs{900}, radio.ZipfExponent, float64(rate)
	s.Talkgroups, _ = scenario.ParseIDs("1001-2000")
	s.Duration = time.Duration(calls/rate) * time.Second
	traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
	oldest := start.Add(-7 * 24 * time.Hour)
	const week = 7*24*3600 + 3600           // and the run
	taken := make([]uint64, 1000*week/64+1) // a bit for each talkgroup and second
	var c upload.Request
	for n := range calls {
		due := time.Duration(n) * time.Second / time.Duration(rate)
		pair, date, ok := traffic.place(uint64(n), due)
		if !ok {
			t.Fatalf("there is no call %d", n)
		}
		if age := start.Add(due).Sub(date); age < 29*time.Second {
			t.Fatalf("call %d is %v old", n, age)
		}
		if n%1000 == 0 { // what is placed is what is sent
			traffic.setCall(pair, date, 0, &c)
			if c.Talkgroup != 1001+int64(pair) || !c.Time.Equal(date) {
				t.Fatalf("pair %d at %v is sent as %d at %v", pair, date, c.Talkgroup, c.Time)
			}
		}
		bit := pair*week + int(date.Sub(oldest)/time.Second)
		if taken[bit/64]&(1<<(bit%64)) != 0 {
			t.Fatalf("call %d repeats talkgroup %d at %v", n, 1001+pair, date)
		}
		taken[bit/64] |= 1 << (bit % 64)
	}
	t.Logf("%d calls went to other talkgroups", traffic.moved.Load())
	if traffic.moved.Load() == 0 && !raceEnabled {
		t.Error("no talkgroup ran out of time: the test asks for too little")
	}
}

// Uploaders that make calls at the same time get different calls.
func TestTrafficConcurrently(t *testing.T) {
	s := uploadtest.Scenario()
	s.Talkgroups, _ = scenario.ParseIDs("1-1000")
	traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
	const workers, each = 8, 2000
	calls := make([][]dated, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var c upload.Request
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

// The same seed makes the same forms, byte for byte. Another seed makes other forms.
func TestSameSeedSameCalls(t *testing.T) {
	forms := func(seed uint64) []byte {
		s := uploadtest.Scenario()
		s.Seed, s.Zipf, s.Units, s.Sites = seed, 1, 5, 3
		clips, err := audio.NewMP3(0)
		if err != nil {
			t.Fatal(err)
		}
		traffic := New(s, Options{RunID: "abcdefgh", Start: start, Clips: &Sources{clips}})
		enc := rdio.NewEncoder(rdio.SDRTrunk, "k")
		var all []byte
		var r upload.Request
		for n := range uint64(500) {
			if !traffic.Next(n, time.Duration(n)*100*time.Millisecond, &r) {
				t.Fatalf("there is no call %d", n)
			}
			split := 0
			all, split = enc.Append(all, &r.Upload)
			all = append(all, r.Body[:min(len(r.Body), split%1000)]...)
		}
		return all
	}
	first := forms(7)
	if !bytes.Equal(first, forms(7)) {
		t.Error("the same seed made other calls")
	}
	if bytes.Equal(first, forms(8)) {
		t.Error("another seed made the same calls")
	}
}

func benchTraffic(tb testing.TB) *Traffic {
	clips, err := audio.NewMP3(0)
	if err != nil {
		tb.Fatal(err)
	}
	s := uploadtest.Scenario()
	s.Zipf, s.Units, s.Sites, s.Duration = radio.ZipfExponent, scenario.DefaultUnits, scenario.DefaultSites, time.Hour
	s.Talkgroups, _ = scenario.ParseIDs("1001-2000")
	return New(s, Options{RunID: "abcdefgh", Start: start, Clips: &Sources{clips}})
}

func TestCallsAreMadeWithoutAllocation(t *testing.T) {
	makeWithoutAllocation(t, benchTraffic(t))
}

// makeWithoutAllocation makes calls, and fails the test if they allocate.
func makeWithoutAllocation(t *testing.T, traffic *Traffic) {
	t.Helper()
	n := uint64(0)
	var c upload.Request
	allocs := testing.AllocsPerRun(20_000, func() {
		traffic.Next(n, time.Duration(n)*200*time.Microsecond, &c)
		n++
	})
	if allocs > 0 {
		t.Errorf("%v allocations a call", allocs)
	}
}

func BenchmarkNext(b *testing.B) {
	traffic := benchTraffic(b)
	var c upload.Request
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		traffic.Next(n, time.Duration(n)*200*time.Microsecond, &c) // 5,000 a second
	}
}

func TestAudioSizesAreUniform(t *testing.T) {
	s := uploadtest.Scenario()
	s.AudioSize = scenario.SizeRange{Min: 1000, Max: 2000}
	s.Talkgroups, _ = scenario.ParseIDs("1-10000")
	traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
	var c upload.Request
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

// Each talkgroup has one first call, however many call at once.
func TestFirstCallsOfTalkgroups(t *testing.T) {
	tr := &Traffic{called: make([]atomic.Uint64, 3)}
	const pairs, callers = 150, 8
	var firsts [pairs]atomic.Int32
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for pair := range pairs {
				if tr.markCalled(pair) {
					firsts[pair].Add(1)
				}
			}
		})
	}
	all.Wait()
	for pair := range firsts {
		if n := firsts[pair].Load(); n != 1 {
			t.Errorf("pair %d had %d first calls", pair, n)
		}
	}
}

// hundred is a scenario with a hundred talkgroups of realistic popularity: the busiest has a fifth of the calls.
func hundred(length time.Duration, rate float64) *scenario.Scenario {
	s := uploadtest.Scenario()
	s.Systems, s.Zipf, s.Rate, s.Duration = scenario.IDs{900}, radio.ZipfExponent, rate, length
	s.Talkgroups, _ = scenario.ParseIDs("1001-1100")
	return s
}

// takeDates makes all calls of a run and fails if one has the system, talkgroup and second of a call that was made
// before.
func takeDates(t *testing.T, s *scenario.Scenario, traffic *Traffic, taken map[dated]bool) {
	t.Helper()
	var c upload.Request
	for n := range uint64(s.Duration.Seconds() * s.Rate) {
		if !traffic.Next(n, time.Duration(float64(n)/s.Rate*float64(time.Second)), &c) {
			t.Fatalf("there is no call %d", n)
		}
		key := dated{c.System, c.Talkgroup, c.Time.Unix()}
		if taken[key] {
			t.Fatalf("call %d of the run of %v repeats %+v", n, s.Duration, key)
		}
		taken[key] = true
	}
}

// Runs one right after the other share no dates, also when the busiest talkgroup has far more calls than there are
// lanes.
func TestRunsInARowShareNoDates(t *testing.T) {
	taken := make(map[dated]bool)
	at := start
	for _, seconds := range []int{9, 7, 20, 11, 45, 6, 13} {
		s := hundred(time.Duration(seconds)*time.Second, 1000)
		takeDates(t, s, New(s, Options{RunID: "abc", Start: at, Clips: uploadtest.Silence{}}), taken)
		at = at.Add(s.Duration + time.Second)
	}
}

// The steps of a search share one calendar, and so no dates at any rate.
func TestRunsOfOneCalendarShareNoDates(t *testing.T) {
	taken := make(map[dated]bool)
	whole := hundred(5*time.Minute, 10)
	first := New(whole, Options{Start: start, Clips: uploadtest.Silence{}})
	at := start
	for _, seconds := range []int{6, 9, 7, 12} {
		s := hundred(time.Duration(seconds)*time.Second, 8000)
		traffic := New(s, Options{RunID: "abc", Start: at, Clips: uploadtest.Silence{}})
		traffic.ShareCalendar(first, at, start)
		takeDates(t, s, traffic, taken)
		at = at.Add(s.Duration + 2*time.Second)
	}
}
