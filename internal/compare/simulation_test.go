package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"rdiostress/internal/measure"
)

// A simulated run lasts 120 s, with five calls each. Its seconds have levels that depend on each other.
const (
	runSeconds     = 120
	callsPerSecond = 5
	levelScatter   = 0.05 // of the logarithm of a second's level
	callScatter    = 0.15 // of the logarithm of a call's time about its second's level
)

// world makes runs of a server.
type world struct {
	rng             *rand.Rand
	autocorrelation float64 // from one second to the next
	scatter         float64 // from run to run, of the logarithm
}

// times are the logarithms of a run's response times.
func (w *world) times(shift float64) []float64 {
	times := make([]float64, 0, runSeconds*callsPerSecond)
	run := shift + w.scatter*w.rng.NormFloat64()
	level := w.rng.NormFloat64()
	fresh := math.Sqrt(1 - w.autocorrelation*w.autocorrelation)
	for range runSeconds {
		for range callsPerSecond {
			times = append(times, run+levelScatter*level+callScatter*w.rng.NormFloat64())
		}
		level = w.autocorrelation*level + fresh*w.rng.NormFloat64()
	}
	return times
}

// p95s are the logarithms of the 95th percentiles of some runs.
func (w *world) p95s(runs int, shift float64) []float64 {
	list := make([]float64, runs)
	for i := range list {
		times := w.times(shift)
		slices.Sort(times)
		list[i] = times[measure.Rank(0.95, uint64(len(times)))-1]
	}
	return list
}

// compareDesigns are the designs with the function that compares runs by each.
func compareDesigns() map[string]func(base, changed []float64) estimate {
	return map[string]func(base, changed []float64) estimate{Independent: welch, Paired: paired}
}

// Of 1,000 comparisons of a server with itself at most 65 may raise an alarm, and the interval has the truth in it in
// 95 ± 2 %, however much the seconds of a run depend on each other, and however far runs scatter. A change of 10 % is
// found in at least 90 % by five runs a side that scatter by 3 %.
func TestAlarmsCoverageAndPower(t *testing.T) {
	const comparisons, runs, shift = 1000, 5, 0.1
	for _, autocorrelation := range []float64{0, 0.5, 0.9} {
		for _, scatter := range []float64{0, 0.03, 0.1} {
			t.Run(fmt.Sprintf("autocorrelation %g, scatter %g", autocorrelation, scatter), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(22, uint64(1000*autocorrelation+100*scatter)))
				w := world{rng, autocorrelation, scatter}
				alarms, covered, found := map[string]int{}, map[string]int{}, map[string]int{}
				for range comparisons {
					base, same := w.p95s(runs, 0), w.p95s(runs, 0)
					for name, design := range compareDesigns() {
						e := design(base, same)
						if resultOf(&e, e.p(), false) != NoDifference {
							alarms[name]++
						}
						if c := e.interval(); c.Low <= 1 && c.High >= 1 {
							covered[name]++
						}
						for i := range same { // the same runs of a slower server
							same[i] += math.Log1p(shift)
						}
						e = design(base, same)
						if resultOf(&e, e.p(), false) == Worse {
							found[name]++
						}
						for i := range same {
							same[i] -= math.Log1p(shift)
						}
					}
				}
				for name := range compareDesigns() {
					t.Logf("%s: %d alarms, %d covered, %d found", name, alarms[name], covered[name], found[name])
					if alarms[name] > 65 {
						t.Errorf("%s: %d alarms", name, alarms[name])
					}
					if covered[name] < 930 || covered[name] > 970 {
						t.Errorf("%s: %d of %d intervals have the truth in them", name, covered[name], comparisons)
					}
					if name == Independent && scatter == 0.03 && found[name] < 900 {
						t.Errorf("%s: a change of 10 %% is found %d times", name, found[name])
					}
				}
			})
		}
	}
}
