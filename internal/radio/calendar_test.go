package radio

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/random"
)

var began = time.Date(2026, 11, 24, 12, 0, 0, 700_000_000, time.UTC)

func options(length time.Duration) CalendarOptions {
	return CalendarOptions{Start: began, Length: length, Step: time.Second}
}

// A pair that is asked for all its calls has distinct steps, none in the future or older than servers' pruning.
func TestCalendarHasNoDuplicates(t *testing.T) {
	for name, o := range map[string]CalendarOptions{
		"a second":     options(time.Second),
		"a minute":     options(time.Minute),
		"milliseconds": {Start: began, Length: time.Minute, Step: 625 * time.Millisecond},
		"five hours":   options(5 * time.Hour),
		"long steps":   {Start: began, Length: 20 * time.Minute, Step: 7 * time.Minute},
		"two days":     options(48 * time.Hour),
		"six days":     options(6 * 24 * time.Hour),
		"third of 4":   {Start: began, Length: time.Minute, Step: time.Second, Generator: 2, Generators: 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := NewCalendar(1, o)
			var dates []int64
			due := time.Duration(0)
			for {
				date, ok := c.Claim(0, due)
				if !ok {
					if due += o.Step; due >= o.Length {
						break
					}
					continue
				}
				now := o.Start.Add(due)
				if age := now.Sub(date); age < Age-o.Step || date.Before(now.Add(-7*24*time.Hour)) {
					t.Fatalf("due %v, dated %v: %v old", now, date, age)
				}
				dates = append(dates, date.UnixMilli())
			}
			oldest := slices.Min(dates)
			var probes []int64
			begin, room := c.Probes()
			for at := time.Duration(0); at <= room; at += max(time.Minute, o.Step) {
				probes = append(probes, begin.Add(at).UnixMilli())
			}
			if len(probes) == 0 || begin.Before(o.Start.Add(-7*24*time.Hour)) {
				t.Errorf("%d probes from %v on, want some within a week", len(probes), begin)
			}
			dates = append(dates, probes...)
			slices.Sort(dates)
			for i := 1; i < len(dates); i++ {
				if dates[i]-dates[i-1] < o.Step.Milliseconds() {
					t.Fatalf("two calls are %d ms apart", dates[i]-dates[i-1])
				}
			}
			if got := uint64(len(dates) - len(probes)); got != c.Capacity() {
				t.Errorf("%d calls, want %d", got, c.Capacity())
			}
			if u := c.Usage(); o.Start.Add(-u.Age).UnixMilli() > oldest+o.Length.Milliseconds()+1000 {
				t.Errorf("the oldest call is said to be %v old, and is %v", u.Age, o.Start.Sub(time.UnixMilli(oldest)))
			}
		})
	}
}

// At the pace of a real talkgroup, no call is dated back by more than some seconds once the run is some seconds old.
func TestCalendarKeepsQuietTalkgroupsInTheRunsOwnTime(t *testing.T) {
	c := NewCalendar(1, options(10*time.Minute))
	due := time.Duration(0)
	atFirst := uint64(0)
	for i := uint64(0); due < 9*time.Minute; i++ {
		date, ok := c.Claim(0, due)
		switch age := began.Add(due).Sub(date); {
		case due < recent:
			atFirst = c.Usage().Back
		case !ok || age < Age-time.Second || age > Age+recent+time.Second:
			t.Fatalf("a call is dated %v back", age)
		}
		due += time.Duration(random.Exponential(random.Hash(1, i)) * 2 * float64(time.Second)) // one every two seconds
	}
	if u := c.Usage(); u.Back != atFirst || atFirst > 10 {
		t.Errorf("%d calls were dated back, %d of them in the first half minute", u.Back, atFirst)
	}
}

// Two consecutive runs share no step, although each uses all its lanes.
func TestRunsInARowDoNotCollide(t *testing.T) {
	seen := make(map[int64]bool)
	o := options(5 * time.Second)
	for run := range 4 {
		o.Start = began.Add(time.Duration(run) * o.Length)
		c := NewCalendar(1, o)
		for i := range c.steps * (1 + c.lanes) {
			date, ok := c.Claim(0, time.Duration(i/(1+c.lanes))*time.Second)
			if !ok || seen[date.Unix()] {
				t.Fatalf("run %d: call %d collides at %v (%v)", run, i, date, ok)
			}
			seen[date.Unix()] = true
		}
	}
}

// A run that starts after another has ended shares no step with it, however short both are, however often that happens,
// and whatever their planned length, as long as neither needs gaps.
func TestShortRunsInARowDoNotCollide(t *testing.T) {
	seen := make(map[int64]int)
	at := began
	for run, length := range []time.Duration{
		4 * time.Hour, 2 * time.Minute, 4 * time.Hour, 10 * time.Second, time.Hour,
		4 * time.Hour, time.Second,
	} {
		at = at.Truncate(time.Second).Add(time.Second) // the run begins with a new step
		c := NewCalendar(1, CalendarOptions{Start: at, Length: length, Step: time.Second})
		took := time.Duration(rand.N(3000)) * time.Millisecond
		for i := range 300 {
			date, ok := c.Claim(0, took*time.Duration(i)/300)
			if c.Usage().Gaps || !ok {
				break
			}
			if other, taken := seen[date.Unix()]; taken {
				t.Fatalf(
					"run %d, %v into it: call %d has a date of run %d, %v", run, took*time.Duration(i)/300, i, other,
					date,
				)
			}
			seen[date.Unix()] = run
		}
		at = at.Add(took)
	}
}

// Generators that run at the same time share no steps, whatever they need and however far apart they start.
func TestGeneratorsAtOnceDoNotCollide(t *testing.T) {
	seen := make(map[int64]int)
	const generators = 3
	for g := range generators {
		o := options(20 * time.Second)
		o.Start = began.Add(time.Duration(g) * 7300 * time.Millisecond)
		o.Generator, o.Generators = g, generators
		c := NewCalendar(1, o)
		for range c.Capacity() {
			date, ok := c.Claim(0, time.Duration(rand.N(20))*time.Second)
			if !ok {
				break
			}
			if other, taken := seen[date.Unix()]; taken && other != g {
				t.Fatalf("generators %d and %d collide at %v", other, g, date)
			}
			seen[date.Unix()] = g
		}
	}
}

// Concurrent goroutines get distinct dates.
func TestCalendarConcurrently(t *testing.T) {
	const workers, each = 8, 5000
	c := NewCalendar(2, options(time.Minute))
	dates := make([][]int64, workers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each { // 800 calls a second
				if date, ok := c.Claim(1, time.Duration(next.Add(1))*1250*time.Microsecond); ok {
					dates[w] = append(dates[w], date.UnixMilli())
				}
			}
		})
	}
	wg.Wait()
	all := slices.Concat(dates...)
	slices.Sort(all)
	if len(slices.Compact(all)) != workers*each {
		t.Errorf("%d different dates of %d", len(slices.Compact(all)), workers*each)
	}
}

// The usage estimated before a run is close to the actual one: at most one lane too low, and at most twice as high.
func TestCalendarExpectsWhatItThenUses(t *testing.T) {
	for _, perMinute := range []int{30, 300, 780, 120_000} {
		rng := rand.New(rand.NewPCG(1, uint64(perMinute)))
		c := NewCalendar(1, options(time.Minute))
		due := make([]time.Duration, perMinute) // random, like a talkgroup's calls
		for i := range due {
			due[i] = time.Duration(rng.Int64N(int64(time.Minute)))
		}
		for _, at := range slices.Sorted(slices.Values(due)) {
			c.Claim(0, at)
		}
		got, want := c.Usage(), c.Expect(float64(perMinute), float64(perMinute))
		if got.Age > want.Age+c.gap || want.Age > 2*got.Age || got.Gaps != want.Gaps {
			t.Errorf("%d/min: used %+v, expected %+v", perMinute, got, want)
		}
	}
}

func BenchmarkClaim(b *testing.B) {
	c := NewCalendar(100_000, options(time.Hour))
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		c.Claim(int(n%100_000), time.Duration(n)*100*time.Microsecond)
	}
}

// Probes are dated by their own calendar, created some seconds before the run's.
func TestProbesBeforeTheRunDoNotCollideWithIt(t *testing.T) {
	start := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	options := CalendarOptions{Start: start, Length: 8 * time.Second, Step: time.Second}
	run := NewCalendar(1, options)
	taken := make(map[int64]bool)
	for {
		date, ok := run.Claim(0, 0)
		if !ok {
			break
		}
		taken[date.Unix()] = true
	}
	for early := time.Duration(0); early <= 45*time.Second; early += time.Second {
		options.Start = start.Add(-early)
		begin, room := NewCalendar(1, options).Probes()
		for later := time.Duration(0); later <= room; later += time.Second {
			if at := begin.Add(later); taken[at.Unix()] {
				t.Fatalf(
					"probed %v before the run, dated %v later than the first: %v is the date of a call of the run too",
					early, later, at,
				)
			}
		}
	}
}
