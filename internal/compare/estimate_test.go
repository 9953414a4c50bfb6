package compare

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The numbers are small enough for a pencil: the variances are 5/3 and 20/3, so that t is the root of 3 and the degrees
// of freedom are 75/17.
func TestWelch(t *testing.T) {
	e := welch([]float64{1, 2, 3, 4}, []float64{2, 4, 6, 8})
	if !near(e.diff/e.se, math.Sqrt(3), 1e-12) || !near(e.df, 75.0/17, 1e-12) {
		t.Errorf("t = %g, %g degrees of freedom", e.diff/e.se, e.df)
	}
	if e := (estimate{diff: 2.306, se: 1, df: 8}); !near(e.p(), 0.05, 0.0001) {
		t.Errorf("p = %g", e.p())
	}
	// Student's quantiles as in any table.
	for _, tt := range []struct{ share, df, want float64 }{{0.975, 8, 2.306}, {0.975, 4, 2.776}, {0.8, 8, 0.889}} {
		if got := studentT(tt.share, tt.df); !near(got, tt.want, 0.001) {
			t.Errorf("the quantile %g for %g degrees of freedom is %g, want %g", tt.share, tt.df, got, tt.want)
		}
	}
}

func near(got, want, within float64) bool { return math.Abs(got-want) <= within }

// Real runs of the bundled server on a busy machine, each with its p95 in milliseconds, compared by the formulas in
// docs/compare.md, calculated in another program.
func TestRealPairs(t *testing.T) {
	base := []float64{20.5128, 35.4222, 31.8013, 43.4504, 40.4029}
	same := []float64{33.194, 35.6844, 27.7873, 30.6545, 51.9373}
	for name, tt := range map[string]struct {
		design                      func(base, changed []float64) estimate
		changed                     []float64
		ratio, low, high, p, df, at float64 // at: from which change on it would have been seen
	}{
		"same":        {welch, same, 1.0525, 0.7090, 1.5626, 0.7713, 7.675, 0.7275},
		"same, pairs": {paired, same, 1.0525, 0.7034, 1.5751, 0.7421, 4, 0.7155},
		"inline audio": {
			welch, []float64{46.6944, 53.248, 41.6809, 41.1238, 36.8312}, 1.3108, 0.9126, 1.8827, 0.1160, 5.715, 0.6405,
		},
		"one worker": {
			welch,
			[]float64{29.5731, 25.5754, 56.0333, 187.9572, 99.6147},
			1.8125, 0.6537, 5.0257, 0.1940, 4.984, 2.9926,
		},
		"slow": {
			welch,
			[]float64{3231.7112, 4068.4749, 3615.49, 3938.4515, 2112.8806},
			99.498, 65.996, 150.008, 0, 7.913, 0.7658,
		},
	} {
		e := tt.design(logs(base), logs(tt.changed))
		c := e.interval()
		for i, got := range []float64{c.Ratio, c.Low, c.High, e.p(), e.df, e.visible()} {
			want := []float64{tt.ratio, tt.low, tt.high, tt.p, tt.df, tt.at}[i]
			if !near(got, want, 1e-4*max(want, 1)) {
				t.Errorf("%s: %d is %g, want %g", name, i, got, want)
			}
		}
	}
}

// Runs that are all alike to the last digit show no change below the histograms' resolution.
func TestResolution(t *testing.T) {
	alike := func(v float64) []float64 { return []float64{v, v, v, v} }
	for diff, want := range map[float64]string{0: NoDifference, 0.001: NoDifference, 0.01: Worse} {
		for _, e := range []estimate{welch(alike(1), alike(1+diff)), paired(alike(1), alike(1+diff))} {
			if got := resultOf(&e, e.p(), false); got != want {
				t.Errorf("a difference of %g is %q, want %q", diff, got, want)
			}
		}
	}
}

func TestHolm(t *testing.T) {
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} { // Holm's own steps: 4, 3, 2 and 1 times
		if got := holm([]float64{0.01, 0.04, 0.03, 0.005})[i]; !near(got, want, 1e-12) {
			t.Errorf("%d becomes %g, want %g", i, got, want)
		}
	}
	if got := holm(nil); len(got) != 0 {
		t.Errorf("%v of nothing", got)
	}
}

func TestRankTest(t *testing.T) {
	p, ok := rankTest([]float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10})
	if !ok || !near(p, 2.0/252, 1e-9) { // two of the 252 ways to choose 5 of 10
		t.Errorf("p = %g, %v", p, ok)
	}
	if _, ok := rankTest([]float64{1, 1}, []float64{1, 1}); ok {
		t.Error("values that are all equal have ranks")
	}
}

// series is autoregressive: its autocorrelation time is (1+r)/(1-r).
func series(rng *rand.Rand, n int, r float64) []float64 {
	list, v := make([]float64, n), rng.NormFloat64()
	for i := range list {
		list[i] = v
		v = r*v + math.Sqrt(1-r*r)*rng.NormFloat64()
	}
	return list
}

func TestAutocorrelationTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for r, want := range map[float64]float64{0: 1, 0.5: 3, 0.9: 19} {
		if got := autocorrelationTime(series(rng, 20_000, r)); !near(got, want, 0.25*want) {
			t.Errorf("of %g it is %g, want %g", r, got, want)
		}
	}
	if got := autocorrelationTime([]float64{2, 2, 2}); got != 1 {
		t.Errorf("of a constant it is %g", got)
	}
}

// Within runs of 20 min, batches raise few alarms although seconds depend on each other; single seconds would raise
// many.
func TestAlarmsWithinRuns(t *testing.T) {
	const comparisons, seconds = 300, 1200
	rng := rand.New(rand.NewPCG(22, 1))
	run := func(r float64) (parts []part) {
		for _, v := range series(rng, seconds, r) {
			parts = append(parts, part{widthS: 1, sum: 100 * math.Exp(0.1*v), weight: 100})
		}
		return parts
	}
	for _, r := range []float64{0, 0.5, 0.9} {
		alarms, naive, silent := 0, 0, 0
		for range comparisons {
			a, b := run(r), run(r)
			e := welch(batchValues(a, 1), batchValues(b, 1))
			if c := e.interval(); c.Low > 1 || c.High < 1 {
				naive++
			}
			w := compareBatches([][]part{a}, [][]part{b})
			if w.Change == nil {
				silent++
			} else if w.Change.Low > 1 || w.Change.High < 1 {
				alarms++
			}
		}
		t.Logf("autocorrelation %g: %d alarms, %d by single seconds, %d too short", r, alarms, naive, silent)
		if alarms > comparisons/10 {
			t.Errorf("autocorrelation %g: %d alarms of %d", r, alarms, comparisons)
		}
		if r == 0.9 && naive < comparisons/2 {
			t.Errorf("by single seconds there are only %d alarms: the series do not depend on themselves", naive)
		}
		if silent > comparisons/4 {
			t.Errorf("autocorrelation %g: %d of %d are too short", r, silent, comparisons)
		}
	}
}
