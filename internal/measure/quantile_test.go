package measure

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// usualShares are the quantiles that reports show and rules use, in thousandths, and both ends.
var usualShares = []int{0, 250, 500, 750, 900, 950, 990, 999, 1000}

// wantRank is the definition in whole numbers: how many samples are at least the share.
func wantRank(thousandths, n int) int { return max((thousandths*n+999)/1000, 1) }

func TestRank(t *testing.T) {
	for n := 1; n <= 10_000; n++ {
		for _, q := range usualShares {
			if got, want := Rank(float64(q)/1000, uint64(n)), uint64(wantRank(q, n)); got != want {
				t.Fatalf("rank of %g among %d samples: %d, want %d", float64(q)/1000, n, got, want)
			}
		}
	}
	for _, tt := range []struct {
		q    float64
		n    uint64
		want uint64
	}{
		{0.95, 0, 0},
		{0.95, 20, 19}, // in floating point, 0.95 is a little less
		{0.07, 100, 7}, // in floating point, 0.07*100 is 7.000000000000001
		{0.55, 100, 55},
		{0.29, 100, 29},
		{-1, 5, 1},
		{2, 5, 5},
		{0.999, math.MaxUint64, 18_428_297_329_635_842_064},
	} {
		if got := Rank(tt.q, tt.n); got != tt.want {
			t.Errorf("rank of %g among %d samples: %d, want %d", tt.q, tt.n, got, tt.want)
		}
	}
}

// TestQuantileAgainstSortedList compares a histogram that grows by one sample at a time with a sorted list of the
// samples. These differ by more than a bucket's width, so that a rank that is off by one is found.
func TestQuantileAgainstSortedList(t *testing.T) {
	const most, ratio = 10_000, 1.00133
	samples := make([]time.Duration, most)
	for i := range samples {
		samples[i] = time.Duration(float64(time.Millisecond) * math.Pow(ratio, float64(i)))
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(most, func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
	shares := make([]float64, len(usualShares))
	for i, q := range usualShares {
		shares[i] = float64(q) / 1000
	}
	h := NewHistogram()
	var sorted []time.Duration
	for n, d := range samples {
		h.Record(d)
		at, _ := slices.BinarySearch(sorted, d)
		sorted = slices.Insert(sorted, at, d)
		n++
		got := h.Quantiles(shares...)
		for i, q := range usualShares {
			want := sorted[wantRank(q, n)-1]
			if got[i] < want || got[i] > want+want/1000 || got[i] > h.Max() {
				t.Fatalf("quantile %g of %d samples: %v, want %v", shares[i], n, got[i], want)
			}
		}
	}
}

// One call of eleven is the slowest twentieth.
func TestOneSlowCallOfEleven(t *testing.T) {
	h := NewHistogram()
	for range 10 {
		h.Record(49 * time.Millisecond)
	}
	h.Record(3200 * time.Millisecond)
	d := h.Distribution("")
	if d.P95S < 3.2 || d.P90S > 0.05 {
		t.Errorf("p90 %g s, p95 %g s of ten calls of 49 ms and one of 3.2 s", d.P90S, d.P95S)
	}
	if got := h.Quantile(0.95); got != 3200*time.Millisecond {
		t.Errorf("quantile 0.95: %v", got)
	}
}

func TestQuantileOfValues(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.2: 1, 0.21: 2, 0.5: 3, 0.75: 4, 0.8: 4, 0.95: 5, 1: 5} {
		if got := Quantile(values, q); got != want {
			t.Errorf("quantile %g: %g, want %g", q, got, want)
		}
	}
	if values[0] != 5 {
		t.Error("the values were sorted in place")
	}
	if !math.IsNaN(Quantile(nil, 0.5)) {
		t.Error("there is a quantile of nothing")
	}
}

func TestFewSamples(t *testing.T) {
	all := []string{"p50_s", "p90_s", "p95_s", "p99_s", "p999_s"}
	for _, tt := range []struct {
		n    uint64
		want []string
	}{
		{1, all},
		{2, all[1:]},
		{9, all[1:]},
		{10, all[2:]},
		{19, all[2:]},
		{20, all[3:]},
		{99, all[3:]},
		{100, all[4:]},
		{999, all[4:]},
		{1000, nil},
		{math.MaxUint64, nil},
	} {
		if diff := cmp.Diff(tt.want, FewSamples(tt.n)); diff != "" {
			t.Errorf("%d samples (-want +got):\n%s", tt.n, diff)
		}
		h := NewHistogram()
		for range min(tt.n, 1000) {
			h.Record(time.Second)
		}
		if d := h.Distribution(""); !slices.Equal(d.FewSamples, tt.want) {
			t.Errorf("distribution of %d samples lacks samples for %v, want %v", tt.n, d.FewSamples, tt.want)
		}
	}
	if d := NewHistogram().Distribution("nothing came"); d.FewSamples != nil {
		t.Errorf("without any sample there is no percentile, but %v", d.FewSamples)
	}
}
