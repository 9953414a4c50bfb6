package server

import (
	"fmt"
	"math"
	"net/http"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// metricJSON is one metric of a family: a value, or a histogram.
type metricJSON struct {
	Labels  map[string]string `json:"labels,omitempty"`
	Value   *float64          `json:"value,omitempty"`
	Count   *uint64           `json:"count,omitempty"`
	Sum     *float64          `json:"sum,omitempty"`
	Buckets []bucketJSON      `json:"buckets,omitempty"` // each counts those of the smaller ones too
}

type bucketJSON struct {
	LE    float64 `json:"le"` // upper bound, inclusive
	Count uint64  `json:"count"`
}

// metricsJSON answers with the guide's figures at the top, why which of them is absent, and all metrics by their name.
func (s *Server) metricsJSON(w http.ResponseWriter, r *http.Request) {
	families, err := s.registry.Gather()
	if err != nil {
		s.fail(w, r, fmt.Errorf("gathering metrics: %w", err))
		return
	}
	reply := make(map[string]any)
	absent := make(map[string]string)
	figures := s.figures()
	for _, name := range kpis() {
		if f := figures[name]; f.absent != "" {
			absent[name] = f.absent
		} else {
			reply[name] = f.value
		}
	}
	all := make(map[string][]metricJSON)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			all[f.GetName()] = append(all[f.GetName()], jsonOf(m))
		}
	}
	reply["absent"], reply["metrics"] = absent, all
	writeJSON(w, http.StatusOK, reply)
}

// jsonOf is a metric in JSON. Summaries are only the runtime's, of its collector's pauses.
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
			if !math.IsInf(b.GetUpperBound(), 0) { // that one is the count
				j.Buckets = append(j.Buckets, bucketJSON{b.GetUpperBound(), b.GetCumulativeCount()})
			}
		}
	case m.Summary != nil:
		count, sum := m.GetSummary().GetSampleCount(), m.GetSummary().GetSampleSum()
		j.Count, j.Sum = &count, &sum
	default:
		v := m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue() // one of them is there
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			j.Value = &v
		}
	}
	return j
}

// wantsJSONFirst tells whether JSON is named before any text: those who take both, as scrapers do, get the text.
func wantsJSONFirst(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header["Accept"], ","))
	json, text := strings.Index(accept, "application/json"), strings.Index(accept, "text/")
	return json >= 0 && (text < 0 || json < text) && !strings.Contains(accept, "openmetrics")
}
