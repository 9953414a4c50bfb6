package capacity

import (
	"math"
	"testing"
)

func TestMonitor(t *testing.T) {
	fill := func(n int, slow func(at float64) float64, backlog func(at float64) float64) Stage {
		m := Monitor{RatePerS: 100}
		sum := 0.0
		for i := range n {
			at := float64(i + 1)
			sum += 100 * slow(at)
			m.Add(Second{
				AtS: at, Accepted: uint64(100 * (i + 1)), ResponseSumS: sum, InFlight: int(100 * slow(at)),
				Backlog: backlog(at),
			})
		}
		return m.Stage()
	}
	steady := func(float64) float64 { return 0.05 }
	unseen := func(float64) float64 { return math.NaN() }
	for name, c := range map[string]struct {
		n       int
		slow    func(float64) float64
		backlog func(float64) float64
		want    Stage
	}{
		"too early":            {4, steady, unseen, Settling},
		"steady":               {8, steady, unseen, Steady},
		"cold start":           {8, func(at float64) float64 { return 0.05 + 2*math.Exp(-3*at) }, unseen, Steady},
		"response times grow":  {8, func(at float64) float64 { return 0.05 * at }, unseen, Growing},
		"storage keeps up":     {8, steady, func(at float64) float64 { return 20 + 5*math.Sin(at) }, Steady},
		"storage falls behind": {8, steady, func(at float64) float64 { return 3 * at }, Behind},
		"one slow second": {
			12, func(at float64) float64 { return 0.05 + map[bool]float64{at == 7: 0.5}[true] },
			unseen, Steady,
		},
		"storage a little behind": {8, steady, func(at float64) float64 { return at }, Steady},
	} {
		if got := fill(c.n, c.slow, c.backlog); got != c.want {
			t.Errorf("%s: stage %d, want %d", name, got, c.want)
		}
	}
}

// At low rates, whole calls and the times of the polls make a backlog that seems to grow by less than one call.
func TestMonitorAtLowRates(t *testing.T) {
	for name, c := range map[string]struct {
		backlog []float64 // in each second
		want    Stage
	}{
		"a call more":       {[]float64{1, 1, 1, 1, 1, 1, 2, 2, 2}, Steady},
		"two calls more":    {[]float64{0, 1, 1, 1, 2, 2, 2, 2, 2}, Steady},
		"nothing stored":    {[]float64{2, 4, 6, 8, 10, 12, 14, 16, 18}, Behind},
		"half of it stored": {[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, Behind},
	} {
		m := Monitor{RatePerS: 2}
		for i, backlog := range c.backlog {
			m.Add(Second{
				AtS: float64(i + 1), Accepted: uint64(2 * (i + 1)), ResponseSumS: 0.002 * float64(i+1),
				Backlog: backlog,
			})
		}
		if got := m.Stage(); got != c.want {
			t.Errorf("%s: stage %d, want %d", name, got, c.want)
		}
	}
}
