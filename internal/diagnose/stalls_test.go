package diagnose

import (
	"math"
	"math/rand/v2"
	"testing"

	"rdiostress/internal/measure"
)

// run makes a result of seconds with the given longest response times, all in one scored phase.
func run(worst []float64) measure.Result {
	res := measure.Result{Run: measure.Run{SendingS: float64(len(worst)), DurationS: float64(len(worst))}}
	res.Phases = []measure.Phase{{Name: "sustained", Scored: true, DurationS: float64(len(worst))}}
	for i, w := range worst {
		p50 := 0.01
		p := measure.Point{TS: float64(i), WidthS: 1, Attempted: 100, Accepted: 100, InFlight: 1}
		if w > 0 {
			p.MaxS, p.P50S = &w, &p50
		}
		res.Series = append(res.Series, p)
		res.Totals.Attempted += 100
		res.Totals.Accepted += 100
	}
	return res
}

func TestStallPeriod(t *testing.T) {
	calm := func(n int) []float64 {
		rng := rand.New(rand.NewPCG(1, 1))
		w := make([]float64, n)
		for i := range w {
			w[i] = 0.02 + 0.03*rng.Float64()
		}
		return w
	}
	with := func(n int, at ...int) []float64 {
		w := calm(n)
		for _, i := range at {
			w[i] = 1.2
		}
		return w
	}
	hiccup := func(w []float64, at int) []float64 {
		w[at] = 0.5
		return w
	}
	for _, tt := range []struct {
		name   string
		worst  []float64
		period float64 // 0 for none
	}{
		{"calm", calm(60), 0},
		{"every 6 s", with(60, 5, 11, 17, 23, 29, 35, 41, 47, 53, 59), 6},
		{"every 6 s, seen a second early or late", with(60, 5, 12, 17, 24, 29, 36, 41), 6},
		{"every 6 s, each over two intervals", with(40, 5, 6, 11, 12, 17, 18, 23, 24, 29, 30), 6},
		{"every 6 s, with a hiccup between", hiccup(with(40, 5, 11, 17, 23, 29, 35), 20), 6},
		{"twice", with(60, 10, 30), 0},
		{"at no regular times", with(60, 3, 5, 20, 22, 41, 58), 0},
		{"one left out", with(60, 5, 11, 17, 29, 35), 0},
		{"nothing ended meanwhile", []float64{
			.02, .03, 0, 1.2, .02, .03, .02, 0, 1.1, .02, .03, .02, 0, 1.3, .02, .02,
			.03, 0, 1.2, .02, .03, .02, 0, 1.1, .02, .03, .02, 0, 1.1,
		}, 5},
		{"too few to tell from chance", with(60, 10, 22, 34, 46), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := make(Signals)
			res := run(tt.worst)
			s.stalls(&res)
			got := s["stall_period"].Value
			if math.Abs(got-tt.period) > 0.25 {
				t.Errorf("period %g s, want %g", got, tt.period)
			}
		})
	}
}

// Hiccups at random are not called regular.
func TestNoPeriodInChance(t *testing.T) {
	for _, length := range []int{30, 60, 120} {
		for _, p := range []float64{0.03, 0.08, 0.15, 0.25, 0.35} {
			const seeds = 2000
			found := 0
			for seed := range uint64(seeds) {
				rng := rand.New(rand.NewPCG(seed, 7))
				worst := make([]float64, length)
				for i := range worst {
					if worst[i] = 0.03; rng.Float64() < p {
						worst[i] = 1
					}
				}
				s := make(Signals)
				res := run(worst)
				s.stalls(&res)
				if _, ok := s["stall_period"]; ok {
					found++
				}
			}
			if share := float64(found) / seeds; share > 0.01 {
				t.Errorf("%d s with a hiccup in %.0f %% of the seconds: a period in %.1f %%", length, 100*p, 100*share)
			}
		}
	}
}

// Seconds in which single calls were slow, and all others were answered meanwhile, are no stalls.
func TestSlowCallsAreNoStalls(t *testing.T) {
	worst := make([]float64, 60)
	for i := range worst {
		if worst[i] = 0.03; i%6 == 5 {
			worst[i] = 1.2
		}
	}
	res := run(worst)
	stalls := func() float64 {
		s := make(Signals)
		s.stalls(&res)
		return s["stalls"].Value
	}
	usual := 0.04
	for i := range res.Series {
		res.Series[i].P95S = &usual
	}
	if n := stalls(); n != 0 {
		t.Errorf("%g stalls in seconds with single slow calls", n)
	}
	for i := 4; i < 60; i += 6 {
		res.Series[i].Attempted = 20 // a closed loop, which waits
	}
	if n := stalls(); n != 10 {
		t.Errorf("%g stalls in seconds before which next to nothing was answered, want 10", n)
	}
}

// A server that takes less than it is asked does not get slower, however long calls wait for it; nor one that is asked
// more and more.
func TestGrowthIsTheServers(t *testing.T) {
	const n = 40
	overload := run(make([]float64, n)) // 150 calls/s at a server that takes 100
	rising := run(make([]float64, n))   // at twice the rate in the end
	for i := range n {
		waited, slower := 0.05+0.5*float64(i), 0.02*float64(i+1)
		overload.Series[i].P50S, overload.Series[i].InFlight = &waited, 50*(i+1)
		rising.Series[i].P50S, rising.Series[i].Attempted = &slower, uint64(100*(1+float64(i)/n))
	}
	s := make(Signals)
	s.growth(&overload)
	if g := s["service_growth"].Value; g != 1 || s["pileup_share"].Value < 0.4 {
		t.Errorf("signals of an overload: %v", s)
	}
	s = make(Signals)
	if s.growth(&rising); len(s) > 0 {
		t.Errorf("signals of a load that rises: %v", s)
	}
	// The same overload at a server that does get slower.
	for i := range n {
		overload.Series[i].Attempted = uint64(100 / (1 + float64(i)/8))
	}
	s = make(Signals)
	if s.growth(&overload); s["service_growth"].Value < 2.5 || s["service_growth_correlation"].Value < 0.9 {
		t.Errorf("signals of a server that gets slower under an overload: %v", s)
	}
}

func TestGrowth(t *testing.T) {
	const n = 40
	at := func(f func(i int) float64) measure.Result {
		res := run(make([]float64, n))
		for i := range res.Series {
			v := f(i)
			res.Series[i].P50S = &v
		}
		return res
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name         string
		res          measure.Result
		growth, corr float64 // at least, or at most where negative
	}{
		{"steady", at(func(i int) float64 { return 0.01 + 0.01*float64(i) }), 3, 0.99},
		{"flat with noise", at(func(int) float64 { return 0.01 + 0.002*rng.Float64() }), -1.2, -0.5},
		{"falling", at(func(i int) float64 { return 0.5 - 0.01*float64(i) }), -1, 0 - 0.9},
	} {
		s := make(Signals)
		s.growth(&tt.res)
		for name, want := range map[string]float64{"service_growth": tt.growth, "service_growth_correlation": tt.corr} {
			got := s[name].Value
			if want > 0 && got < want || want < 0 && got > -want {
				t.Errorf("%s: %s is %.2f, want %+.2f or beyond", tt.name, name, got, want)
			}
		}
	}
	short := run(make([]float64, 5))
	s := make(Signals)
	s.growth(&short)
	if len(s) > 0 {
		t.Errorf("growth of a run too short to tell: %v", s)
	}
}
