package judge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"rdiostress/internal/measure"
)

// sawTooth is memory that goes up and down without growing, such as a collected heap or a cache that is emptied.
type sawTooth struct {
	amplitude float64 // bytes from a trough to the peak after it
	period    float64 // the longest time from peak to peak, in seconds
	jitter    float64 // maximum shortening of a period, as a share of it
	trough    float64 // maximum rise of a trough, as a share of the amplitude
	noise     float64 // standard deviation, in bytes
	shape     func(share float64) float64
}

// shapes are the courses of memory from trough to trough, as shares of the time and of the amplitude.
func shapes() []func(float64) float64 {
	return []func(float64) float64{
		func(share float64) float64 { return share },     // fills, and is collected at once
		func(share float64) float64 { return 1 - share }, // is allocated at once, and released slowly
		math.Sqrt,
		math.Round, // present or not
		func(share float64) float64 { return (1 - math.Cos(2*math.Pi*share)) / 2 },
	}
}

// anySaw returns a random saw-tooth with a given period.
func anySaw(period, jitter float64, rng *rand.Rand) sawTooth {
	return sawTooth{
		amplitude: 5e6 * math.Pow(100,
			rng.Float64()), period: period, jitter: jitter, trough: 0.2 * float64(rng.IntN(2)),
		noise: 1e5 * math.Pow(30, rng.Float64()), shape: shapes()[rng.IntN(len(shapes()))],
	}
}

// readings returns readings of some seconds, from a random moment of a cycle on, plus a leak. gap returns the time to
// the next reading.
func (s sawTooth) readings(length, leakPerS float64, gap func() float64, rng *rand.Rand) []measure.Reading {
	var list []measure.Reading
	cycle := func() (float64, float64) {
		return s.period * (1 - s.jitter*rng.Float64()), s.amplitude * s.trough * rng.Float64()
	}
	period, floor := cycle()
	began := -rng.Float64() * period
	for t := 0.5; t < length; t += gap() {
		for t >= began+period {
			began += period
			period, floor = cycle()
		}
		v := 80e6 + floor + s.shape((t-began)/period)*(s.amplitude-floor) + leakPerS*t + rng.NormFloat64()*s.noise
		list = append(list, measure.Reading{At: time.Duration(t * 1e9), Value: v})
	}
	return list
}

// everySecond and nowAndThen are the gaps between the readings of one process's memory, and of a family's.
func everySecond() float64 { return 1 }

func nowAndThen(rng *rand.Rand) func() float64 {
	return func() float64 { return 10 + float64(rng.IntN(5)) }
}

// A saw-tooth without growth is not reported to grow, for any period up to a third of the observation, including a
// cycle that lasts about as long as a few readings, so that each reading comes slightly later in the cycle.
func TestSawToothIsNoGrowth(t *testing.T) {
	beats := []float64{2.005, 2.02, 3.01, 4.02, 10.02}
	seeds := trials(40)
	for _, length := range []float64{60, 120, 300, 900, 3600} {
		for _, period := range append(beats, length/20, length/6, length/3) {
			if period < 2 || period > length/3 {
				continue
			}
			for _, jitter := range []float64{0, 0.4} {
				rng := rand.New(rand.NewPCG(uint64(length), uint64(period*1000)))
				grows := map[string]int{}
				for range seeds {
					saw := anySaw(period, jitter, rng)
					for name, gap := range map[string]func() float64{
						"each second": everySecond,
						"each 10 s":   nowAndThen(rng),
					} {
						if m := JudgeMemory(saw.readings(length, 0, gap, rng), 0, length); m.Stabilises == No {
							grows[name]++
						}
					}
				}
				for name, n := range grows {
					if n > seeds*5/100 {
						t.Errorf("%g s, period %.3f s, jitter %g, read %s: said to grow in %d of %d cases", length,
							period, jitter, name, n, seeds)
					}
				}
			}
		}
	}
}

// The same holds for the saw-teeth that beat most with readings each second.
func TestSawToothThatBeats(t *testing.T) {
	seeds := trials(60)
	for _, c := range []struct{ length, period float64 }{
		{60, 2.01},
		{60, 4.05},
		{120, 4.02},
		{300, 3.01},
		{500, 2.001},
		{500, 10.02},
		{500, 20.1},
	} {
		rng := rand.New(rand.NewPCG(uint64(c.length), 9))
		saw := sawTooth{amplitude: 500e6, period: c.period, noise: 1e5, shape: shapes()[1]}
		grows := 0
		for range seeds {
			if m := JudgeMemory(saw.readings(c.length, 0, everySecond, rng), 0, c.length); m.Stabilises == No {
				grows++
			}
		}
		if grows > seeds*5/100 {
			t.Errorf("%g s, period %g s: said to grow in %d of %d cases", c.length, c.period, grows, seeds)
		}
	}
}

// Growth under a saw-tooth is still found.
func TestLeakUnderSawTooth(t *testing.T) {
	seeds := trials(40)
	for _, c := range []struct {
		perHour, length     float64
		amplitude, from, to float64 // of the saw-tooth, and its periods
		jitter              float64
		readSeldom          bool
	}{
		{perHour: 100e6, length: 3600, amplitude: 20e6, from: 3, to: 120, jitter: 0.4},
		{perHour: 100e6, length: 3600, amplitude: 60e6, from: 5, to: 60, jitter: 0.4},
		{perHour: 100e6, length: 3600, amplitude: 20e6, from: 5, to: 60},
		{perHour: 100e6, length: 3600, amplitude: 20e6, from: 5, to: 60, jitter: 0.4, readSeldom: true},
		{perHour: 600e6, length: 300, amplitude: 20e6, from: 5, to: 20, jitter: 0.4}, // 10 MB a minute
		{perHour: 600e6, length: 300, amplitude: 5e6, from: 5, to: 60},
		{perHour: 7200e6, length: 60, amplitude: 30e6, from: 3, to: 10, jitter: 0.4},
		{perHour: 20e6, length: 7200, amplitude: 20e6, from: 5, to: 60, jitter: 0.4},
	} {
		t.Run(fmt.Sprintf("%.0f MB/h in %.0f s under %.0f MB", c.perHour/1e6, c.length, c.amplitude/1e6),
			func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(c.perHour), uint64(c.length)))
				answers := map[string]int{}
				for range seeds {
					saw := anySaw(c.from+(c.to-c.from)*rng.Float64(), c.jitter, rng)
					saw.amplitude, saw.noise = c.amplitude, min(saw.noise, 1e6)
					gap := everySecond
					if c.readSeldom {
						gap = nowAndThen(rng)
					}
					m := JudgeMemory(saw.readings(c.length, c.perHour/3600, gap, rng), 0, c.length)
					answers[m.Stabilises]++
					if m.Stabilises == No && math.Abs(*m.GrowthBytesPerH/c.perHour-1) > 0.5 {
						t.Errorf("it is said to grow by %.0f MB/h", *m.GrowthBytesPerH/1e6)
					}
				}
				if answers[No] < seeds*95/100 {
					t.Errorf("answers %v", answers)
				}
			})
	}
}
