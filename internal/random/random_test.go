package random

import (
	"math"
	"slices"
	"testing"
)

const draws = 200_000

// distance is Kolmogorov's and Smirnov's: how far the samples' distribution is from the given one at most.
func distance(samples []float64, cdf func(float64) float64) float64 {
	slices.Sort(samples)
	n, most := float64(len(samples)), 0.0
	for i, x := range samples {
		p := cdf(x)
		most = max(most, p-float64(i)/n, float64(i+1)/n-p)
	}
	return most
}

// critical is the distance that one of a thousand right samples exceeds. Seeds are fixed, so a test that passes always
// does.
func critical(n int) float64 { return 1.95 / math.Sqrt(float64(n)) }

func TestDistributions(t *testing.T) {
	for name, tt := range map[string]struct {
		draw func(h uint64) float64
		cdf  func(x float64) float64
	}{
		"uniform":     {Uniform, func(x float64) float64 { return x }},
		"exponential": {Exponential, func(x float64) float64 { return 1 - math.Exp(-x) }},
		"normal":      {Normal, func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }},
		"gamma of two": {
			func(h uint64) float64 { return Gamma(h, 2) },
			func(x float64) float64 { return 1 - math.Exp(-x)*(1+x) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			samples := make([]float64, draws)
			for i := range samples {
				samples[i] = tt.draw(Hash(7, uint64(i)))
			}
			if d := distance(samples, tt.cdf); d > critical(draws) {
				t.Errorf("Kolmogorov-Smirnov distance %.5f, want at most %.5f", d, critical(draws))
			}
		})
	}
}

// The test itself can tell: an exponential of another mean is far off.
func TestDistanceTellsDistributionsApart(t *testing.T) {
	samples := make([]float64, draws)
	for i := range samples {
		samples[i] = 1.02 * Exponential(Hash(7, uint64(i)))
	}
	if d := distance(samples, func(x float64) float64 { return 1 - math.Exp(-x) }); d < critical(draws) {
		t.Errorf("a mean 2 %% too large passes, at %.5f", d)
	}
}

func TestBelowIsEven(t *testing.T) {
	var counts [7]int
	for i := range uint64(draws) {
		counts[Below(Hash(1, i), 7)]++
	}
	for i, n := range counts {
		if math.Abs(float64(n)*7/draws-1) > 0.03 {
			t.Errorf("%d came %d times of %d", i, n, draws)
		}
	}
}

func TestChoiceKeepsToItsWeights(t *testing.T) {
	for name, weights := range map[string][]float64{
		"one":    {3},
		"even":   {1, 1, 1},
		"uneven": {8, 0, 1, 0.5, 0.5},
		"zipf":   Zipf(1000, 1),
	} {
		t.Run(name, func(t *testing.T) {
			c, total := NewChoice(weights), 0.0
			for _, w := range weights {
				total += w
			}
			counts := make([]float64, len(weights))
			for i := range uint64(draws) {
				counts[c.Draw(Hash(3, i))]++
			}
			for i, w := range weights {
				want := w / total * draws
				if math.Abs(counts[i]-want) > 5*math.Sqrt(want)+1 {
					t.Errorf("%d came %.0f times, want %.0f", i, counts[i], want)
				}
			}
		})
	}
}

func TestChoiceAllocatesNothing(t *testing.T) {
	c, n := NewChoice(Zipf(1000, 1)), uint64(0)
	if allocs := testing.AllocsPerRun(1000, func() { c.Draw(Hash(1, n)); n++ }); allocs > 0 {
		t.Errorf("%v allocations a draw", allocs)
	}
}

func BenchmarkChoice(b *testing.B) {
	c := NewChoice(Zipf(1000, 1))
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		c.Draw(Hash(1, n))
	}
}
