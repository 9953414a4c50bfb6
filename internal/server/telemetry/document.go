package telemetry

import (
	"fmt"
	"math"

	dto "github.com/prometheus/client_model/go"
)

// metricJSON is one metric of a family: a value, or a histogram.
type metricJSON struct {
	Labels  map[string]string `json:"labels,omitempty"`
	Value   *float64          `json:"value,omitempty"`
	Count   *uint64           `json:"count,omitempty"`
	Sum     *float64          `json:"sum,omitempty"`
	Buckets []bucketJSON      `json:"buckets,omitempty"` // each includes the counts of the smaller ones
}

type bucketJSON struct {
	LE    float64 `json:"le"` // upper bound, inclusive
	Count uint64  `json:"count"`
}

// Document returns everything as a value that marshals to JSON: the guide's values by name, the reasons for absent
// ones, and all metrics.
func (t *Telemetry) Document() (map[string]any, error) {
	families, err := t.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gathering metrics: %w", err)
	}
	document := make(map[string]any)
	absent := make(map[string]string)
	values := t.Values()
	for _, name := range KPIs() {
		if v := values[name]; v.Absent != "" {
			absent[name] = v.Absent
		} else {
			document[name] = v.Number
		}
	}
	all := make(map[string][]metricJSON)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			all[f.GetName()] = append(all[f.GetName()], jsonOf(m))
		}
	}
	document["absent"], document["metrics"] = absent, all
	if st := t.o.State().Transcription; st != nil {
		document["transcription"] = transcriptionOf(st, values)
	}
	return document, nil
}

// jsonOf returns a metric in JSON. The only summaries are the runtime's, of garbage collector pauses.
func jsonOf(m *dto.Metric) metricJSON {
	var j metricJSON
	for _, l := range m.GetLabel() {
		if j.Labels == nil {
			j.Labels = make(map[string]string)
		}
		j.Labels[l.GetName()] = l.GetValue()
	}
	switch {
	case m.Histogram != nil:
		count, sum := m.GetHistogram().GetSampleCount(), m.GetHistogram().GetSampleSum()
		j.Count, j.Sum = &count, &sum
		for _, b := range m.GetHistogram().GetBucket() {
			if !math.IsInf(b.GetUpperBound(), 0) { // the infinite bucket equals the count
				j.Buckets = append(j.Buckets, bucketJSON{b.GetUpperBound(), b.GetCumulativeCount()})
			}
		}
	case m.Summary != nil:
		count, sum := m.GetSummary().GetSampleCount(), m.GetSummary().GetSampleSum()
		j.Count, j.Sum = &count, &sum
	default:
		v := m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue() // only one of them is set
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			j.Value = &v
		}
	}
	return j
}
