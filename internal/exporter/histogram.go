package exporter

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"rdiostress/internal/measure"
)

// schema is the resolution of native histograms: 16 buckets for each doubling, so that the bounds of a bucket are 4.4 %
// apart. The times of a run then have some 100 buckets.
const schema = 4

// zeroThreshold is the end of the bucket of durations that are taken for zero: below the resolution of the recorder.
const zeroThreshold = 1e-9

// timeEdges are the upper bounds of the classic buckets in seconds. The limits of the guide, 1, 2, 3 and 5 s, are among
// them: a share of calls within a limit needs no interpolation.
func timeEdges() []float64 {
	return []float64{
		0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 3, 5, 10, 30, 60,
	}
}

// lagEdges are those of the generator's lag.
func lagEdges() []float64 {
	return []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5}
}

// histogram is a metric with classic and native buckets. Which of them a scraper gets depends on the format that it
// asks for: texts have the classic ones.
type histogram struct {
	prometheus.Metric // native
	classic           []*dto.Bucket
}

// newHistogram returns the metric of a distribution.
func newHistogram(desc *prometheus.Desc, t *measure.Times, edges []float64, began time.Time) (*histogram, error) {
	native, err := prometheus.NewConstNativeHistogram(desc, t.Count, t.Sum.Seconds(), nativeBuckets(t), nil, 0, schema,
		zeroThreshold, began)
	return &histogram{native, classicBuckets(t, edges)}, err
}

// Write implements prometheus.Metric.
func (h *histogram) Write(out *dto.Metric) error {
	if err := h.Metric.Write(out); err != nil {
		return err
	}
	out.Histogram.Bucket = h.classic
	return nil
}

// classicBuckets counts the durations up to each edge.
func classicBuckets(t *measure.Times, edges []float64) []*dto.Bucket {
	buckets := make([]*dto.Bucket, len(edges))
	counts := make([]uint64, len(edges))
	for i, edge := range edges {
		buckets[i] = &dto.Bucket{UpperBound: &edge, CumulativeCount: &counts[i]}
	}
	for d, n := range t.Buckets() {
		for i, edge := range edges {
			if d.Seconds() <= edge {
				counts[i] += n
			}
		}
	}
	return buckets
}

// nativeBuckets counts the durations in exponential buckets.
func nativeBuckets(t *measure.Times) map[int]int64 {
	buckets := map[int]int64{}
	for d, n := range t.Buckets() {
		buckets[nativeIndex(d.Seconds())] += int64(n)
	}
	return buckets
}

// nativeIndex returns the bucket of a number of seconds above the zero threshold: bucket i ends at 2^(i/16).
func nativeIndex(s float64) int {
	const perDoubling = 1 << schema
	return int(math.Ceil(math.Log2(max(s, zeroThreshold)) * perDoubling))
}
