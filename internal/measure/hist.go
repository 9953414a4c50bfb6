package measure

import (
	"fmt"
	"iter"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// The range and precision of every histogram: from 1 µs, below any network time, to 10 min, longer than any client
// waits, to three significant digits. One histogram takes about 170 kB.
const (
	histLowest   = time.Microsecond
	histHighest  = 10 * time.Minute
	histDigits   = 3
	coarseDigits = 2 // for steps and intervals, which have many histograms, of 20 kB each
)

// Histogram is an HdrHistogram of durations that also keeps the exact sum and maximum of the same samples. It is not
// safe for concurrent use.
type Histogram struct {
	hdr     *hdr.Histogram
	sum     time.Duration // overflows after 292 years of latency
	max     time.Duration
	clamped uint64
}

// NewHistogram returns an empty histogram.
func NewHistogram() *Histogram { return newHistogram(histDigits) }

func newHistogram(digits int) *Histogram {
	return &Histogram{hdr: hdr.New(int64(histLowest), int64(histHighest), digits)}
}

// Record adds a sample. A sample above the range counts at its end, and as clamped too; sum and maximum take its exact
// value. A negative sample counts as 0.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.sum += d
	h.max = max(h.max, d)
	if d > histHighest {
		h.clamped++
		d = histHighest
	}
	// A duration within the range is always recorded: the error cannot happen.
	_ = h.hdr.RecordValue(int64(d))
}

// Merge adds all of o's samples. Both have the same range, so none is dropped.
func (h *Histogram) Merge(o *Histogram) {
	if o.Count() == 0 {
		return
	}
	h.hdr.Merge(o.hdr)
	h.sum += o.sum
	h.max = max(h.max, o.max)
	h.clamped += o.clamped
}

// Reset empties the histogram.
func (h *Histogram) Reset() {
	if h.Count() == 0 {
		return
	}
	h.hdr.Reset()
	h.sum, h.max, h.clamped = 0, 0, 0
}

// Count returns the number of samples.
func (h *Histogram) Count() uint64 { return uint64(h.hdr.TotalCount()) }

// Mean returns the exact mean; 0 without samples.
func (h *Histogram) Mean() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return h.sum / time.Duration(h.Count())
}

// Max returns the exact maximum; 0 without samples.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns the smallest recorded value that at least the share q (0 to 1) of the samples does not exceed, to
// three significant digits. It returns 0 without samples.
func (h *Histogram) Quantile(q float64) time.Duration { return h.Quantiles(q)[0] }

// Quantiles returns the quantiles for several shares in one pass over the histogram.
func (h *Histogram) Quantiles(shares ...float64) []time.Duration {
	values := make([]time.Duration, len(shares))
	n := h.Count()
	if n == 0 {
		return values
	}
	percentiles := make([]float64, len(shares))
	for i, q := range shares {
		// hdrhistogram-go rounds the rank to the nearest whole number: the percentage of a whole rank is rounded to
		// that rank.
		percentiles[i] = 100 * float64(Rank(q, n)) / float64(n)
	}
	for i, v := range h.hdr.ValueAtPercentilesSlice(percentiles) {
		// The histogram answers with the upper end of a bucket, which can lie above the largest sample.
		values[i] = min(time.Duration(v), h.max)
	}
	return values
}

// Buckets returns the buckets with samples in them, from the shortest on: the longest duration of each, and how many
// samples it has.
func (h *Histogram) Buckets() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		for _, bar := range h.hdr.Distribution() {
			if bar.Count > 0 && !yield(min(time.Duration(bar.To), h.max), uint64(bar.Count)) {
				return
			}
		}
	}
}

// Distribution summarises the histogram for a Result. absent says why there are no figures if there are no samples.
func (h *Histogram) Distribution(absent string) Distribution {
	if h.Count() == 0 {
		return Distribution{Absent: absent}
	}
	q := h.Quantiles(0.5, 0.9, 0.95, 0.99, 0.999)
	return Distribution{
		Count: h.Count(),
		Figures: &Figures{
			MeanS: h.Mean().Seconds(),
			P50S:  q[0].Seconds(),
			P90S:  q[1].Seconds(),
			P95S:  q[2].Seconds(),
			P99S:  q[3].Seconds(),
			P999S: q[4].Seconds(),
			MaxS:  h.Max().Seconds(),
		},
		FewSamples: FewSamples(h.Count()),
		Clamped:    h.clamped,
		Histogram:  encode(h.hdr),
	}
}

// Decode returns the histogram that the distribution summarises, with its exact mean and maximum. It returns an error
// if the histogram is damaged.
func (d *Distribution) Decode() (*Histogram, error) {
	h := NewHistogram()
	if d.Count == 0 {
		return h, nil
	}
	if err := h.decode(d.Histogram); err != nil {
		return nil, err
	}
	if h.Count() != d.Count {
		return nil, fmt.Errorf("histogram: holds %d samples, the count says %d", h.Count(), d.Count)
	}
	if d.Figures == nil {
		return nil, fmt.Errorf("histogram: %d samples but no figures", d.Count)
	}
	h.sum = time.Duration(d.MeanS * float64(d.Count) * float64(time.Second))
	h.max = time.Duration(d.MaxS * float64(time.Second))
	h.clamped = d.Clamped
	return h, nil
}
