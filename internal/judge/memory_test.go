package judge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
)

// process simulates the memory of a garbage-collected program: a heap that grows at some pace until it is collected,
// with irregular collections, noise, and occasional spikes.
type leaky struct {
	perHour float64       // leaked bytes
	tooth   float64       // bytes between two collections, about
	period  time.Duration // between two collections, about
	fill    float64       // bytes of caches that fill at the beginning
}

// readings returns one reading a second.
func (l leaky) readings(length time.Duration, seed uint64) []measure.Reading {
	rng := rand.New(rand.NewPCG(seed, 7))
	list := make([]measure.Reading, 0, int(length/time.Second))
	base, heap, next := 60e6, 0.0, 0.0
	for i := range int(length / time.Second) {
		t := float64(i)
		if t >= next {
			heap = l.tooth * 0.2 * rng.Float64()
			next = t + l.period.Seconds()*(0.6+0.8*rng.Float64())
		}
		heap += l.tooth / l.period.Seconds() * (0.5 + rng.Float64())
		v := base + heap + l.perHour*t/3600 + l.fill*(1-math.Exp(-t/20)) + rng.NormFloat64()*0.3e6
		if rng.IntN(300) == 0 {
			v += 50e6
		}
		list = append(list, measure.Reading{At: time.Duration(t*1e9) + time.Second/2, Value: v})
	}
	return list
}

// TestMemoryDecision tests the estimator with leaks of a known pace under the saw-tooth of a garbage collector: it must
// be right in 95 % of runs, and otherwise say that it does not know.
func TestMemoryDecision(t *testing.T) {
	seeds := trials(200)
	for _, c := range []struct {
		leakMB float64
		length time.Duration
		period time.Duration
		right  []string
	}{
		{0, time.Hour, 15 * time.Second, []string{Yes}},
		{5, 2 * time.Hour, 15 * time.Second, []string{Yes}},
		{5, 4 * time.Hour, 90 * time.Second, []string{Yes}},
		{10, 2 * time.Hour, 15 * time.Second, []string{Unknown, Yes}}, // exactly the limit is not over it
		{20, time.Hour, 15 * time.Second, []string{No}},
		{20, 2 * time.Hour, 90 * time.Second, []string{No}},
		{100, 20 * time.Minute, 15 * time.Second, []string{No}},
		{100, time.Hour, 90 * time.Second, []string{No}},
	} {
		t.Run(fmt.Sprintf("%g MB an hour, %v, collected each %v", c.leakMB, c.length, c.period), func(t *testing.T) {
			server := leaky{perHour: c.leakMB * 1e6, tooth: 20e6, period: c.period, fill: 15e6}
			right, answers := 0, map[string]int{}
			for seed := range uint64(seeds) {
				m := JudgeMemory(server.readings(c.length, seed), 0, c.length.Seconds())
				answers[m.Stabilises]++
				for _, want := range c.right {
					if m.Stabilises == want {
						right++
					}
				}
			}
			if right < seeds*95/100 {
				t.Errorf("right in %d of %d runs: %v", right, seeds, answers)
			}
			t.Log(answers)
		})
	}
}

// TestMemoryOfShortRuns checks that a short run makes no false claim, and that a healthy server that fills its caches
// does not leak.
func TestMemoryOfShortRuns(t *testing.T) {
	for name, c := range map[string]struct {
		server leaky
		length time.Duration
		never  string
	}{
		"healthy, a minute":         {leaky{tooth: 20e6, period: 5 * time.Second, fill: 15e6}, time.Minute, No},
		"big caches, a minute":      {leaky{tooth: 5e6, period: 2 * time.Second, fill: 60e6}, time.Minute, No},
		"healthy, a minute, no yes": {leaky{tooth: 2e6, period: time.Second}, time.Minute, Yes},
		"slow leak, ten minutes": {
			leaky{perHour: 12e6, tooth: 20e6, period: 15 * time.Second},
			10 * time.Minute,
			Yes,
		},
	} {
		t.Run(name, func(t *testing.T) {
			seeds := trials(200)
			wrong := 0
			for seed := range uint64(seeds) {
				if m := JudgeMemory(c.server.readings(c.length, seed), 0, c.length.Seconds()); m.Stabilises == c.never {
					wrong++
				}
			}
			if wrong > seeds*5/100 {
				t.Errorf("wrong in %d of %d runs", wrong, seeds)
			}
		})
	}
	fast := leaky{perHour: 7200e6, tooth: 20e6, period: 5 * time.Second, fill: 15e6}
	found := 0
	runs := trials(100)
	for seed := range uint64(runs) {
		if m := JudgeMemory(fast.readings(time.Minute, seed), 0, 60); m.Stabilises == No {
			found++
		}
	}
	if found < runs*95/100 {
		t.Errorf("a leak of 2 MB/s found in %d of %d runs of a minute", found, runs)
	}
}

// TestMemoryNeeded checks that a run of the length that a short one asked for gives an answer.
func TestMemoryNeeded(t *testing.T) {
	server := leaky{perHour: 20e6, tooth: 20e6, period: 15 * time.Second}
	seeds := trials(100)
	answered := 0
	for seed := range uint64(seeds) {
		short := JudgeMemory(server.readings(10*time.Minute, seed), 0, 600)
		if short.Stabilises != Unknown || short.NeededS == nil {
			t.Fatalf("10 min: %+v", short)
		}
		if !strings.Contains(short.Reason, "too short") {
			t.Fatalf("reason %q", short.Reason)
		}
		length := time.Duration(min(*short.NeededS, 6*3600) * 1e9)
		if m := JudgeMemory(server.readings(length, seed+1000), 0, length.Seconds()); m.Stabilises == No {
			answered++
		}
	}
	if answered < seeds*3/4 {
		t.Errorf("the length asked for gave the answer in %d of %d runs", answered, seeds)
	}
}
