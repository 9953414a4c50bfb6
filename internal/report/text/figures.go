package text

import (
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// none stands where there is no figure.
const none = "–"

// percentileCell writes one percentile of a distribution, or none where it is absent or has too few samples.
func percentileCell(s *float64, name string, few []string) string {
	if s == nil || slices.Contains(few, name) {
		return none
	}
	return units.Seconds(*s)
}

// distributionCells writes some figures of a distribution, by their names in JSON. Percentiles with less than one
// sample beyond them are left out: each would be the maximum by another name.
func distributionCells(d *measure.Distribution, names ...string) []string {
	cells := make([]string, len(names))
	for i, name := range names {
		cells[i] = none
		if f := d.Figures; f != nil && !slices.Contains(measure.FewSamples(d.Count), name) {
			cells[i] = units.Seconds(map[string]float64{
				"mean_s": f.MeanS, "max_s": f.MaxS,
				"p50_s": f.P50S, "p90_s": f.P90S, "p95_s": f.P95S, "p99_s": f.P99S, "p999_s": f.P999S,
			}[name])
		}
	}
	return cells
}
