package schedule

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"
)

func flat(rate float64, length time.Duration) Shape { return Shape{{length, rate, rate}} }

func TestPoissonGapsAreExponential(t *testing.T) {
	const rate, n = 500.0, 200_000
	a := NewPoisson(flat(rate, 10*time.Minute), 3)
	gaps := make([]float64, n)
	last := time.Duration(0)
	for i := range gaps {
		due := a.Due(uint64(i))
		if due < last {
			t.Fatalf("arrival %d is due before the one before it", i)
		}
		gaps[i] = (due - last).Seconds() * rate
		last = due
	}
	slices.Sort(gaps)
	// Kolmogorov and Smirnov: the largest distance between the distributions, whose 0.1 % point is 1.95/√n.
	worst := 0.0
	for i, g := range gaps {
		worst = max(worst, math.Abs(1-math.Exp(-g)-float64(i)/n))
	}
	if limit := 1.95 / math.Sqrt(n); worst > limit {
		t.Errorf("the gaps are %v from exponential, more than %v", worst, limit)
	}
}

// The number of arrivals in a part has the variance of its mean, for parts shorter and longer than a block.
func TestPoissonCountsAreDispersed(t *testing.T) {
	for _, perPart := range []float64{10, 5000} {
		const parts = 2000
		length := time.Duration(perPart * parts * float64(time.Millisecond))
		a := NewPoisson(flat(1000, length), 11)
		var sum, squares float64
		before := uint64(0)
		for i := range parts {
			now := a.Count(time.Duration(float64(i+1) * perPart * float64(time.Millisecond)))
			n := float64(now - before)
			before = now
			sum += n
			squares += n * n
		}
		mean := sum / parts
		dispersion := (squares/parts - mean*mean) / mean
		// 1 ± 4 standard errors, √(2/parts) each.
		if math.Abs(dispersion-1) > 4*math.Sqrt(2.0/parts) {
			t.Errorf("%v in a part: dispersion %v, want 1", perPart, dispersion)
		}
	}
}

func TestArrivalsFollowTheShape(t *testing.T) {
	shape, _, err := ParseShape("10s:100,10s:100,10s:0")
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*Arrivals{"even": NewConstant(shape), "random": NewPoisson(shape, 1)} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []int{5, 10, 15, 20, 25, 30} {
				end := time.Duration(s) * time.Second
				want := shape.Area(end)
				if got := float64(a.Count(end)); math.Abs(got-want) > 4*math.Sqrt(want) {
					t.Errorf("%v due before %v, want about %v", got, end, want)
				}
			}
			total := a.Count(shape.Length())
			if a.Due(total) < shape.Length() || a.Due(total+5000) < shape.Length() {
				t.Error("calls are due after the end")
			}
		})
	}
	if got := NewConstant(shape).Count(shape.Length()); got != 2000 {
		t.Errorf("%d even arrivals, want exactly 2000", got)
	}
}

func TestPoissonIsTheSameForAll(t *testing.T) {
	shape := flat(10_000, 10*time.Second)
	a, b := NewPoisson(shape, 5), NewPoisson(shape, 5)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := range uint64(60_000) {
				a.Due(n)
			}
		})
	}
	wg.Wait()
	for _, n := range []uint64{0, 59_999, 7, 1024, 1023, 30_000} {
		if a.Due(n) != b.Due(n) {
			t.Errorf("arrival %d is due at %v and at %v", n, a.Due(n), b.Due(n))
		}
	}
	if a.Due(10) == NewPoisson(shape, 6).Due(10) {
		t.Error("another seed makes the same arrivals")
	}
}

func BenchmarkDue(b *testing.B) {
	for name, a := range map[string]*Arrivals{
		"even": NewConstant(flat(5000, time.Hour)), "random": NewPoisson(flat(5000, time.Hour), 1),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := uint64(0); b.Loop(); n++ {
				a.Due(n % 18_000_000)
			}
		})
	}
}
