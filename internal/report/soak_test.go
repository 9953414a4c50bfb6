package report_test

import (
	"strings"
	"testing"

	"rdiostress/internal/judge"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

func TestSoakReport(t *testing.T) {
	rep := report.New(results.Soak(), "1.2.3", nil)
	if rep.Memory.Stabilises != judge.No || *rep.Memory.GrowthBytesPerH < 28e6 || *rep.Memory.GrowthBytesPerH > 32e6 {
		t.Errorf("memory: %+v", rep.Memory)
	}
	var kinds []string
	for _, a := range rep.Alerts {
		kinds = append(kinds, a.Severity+" "+a.KPI)
	}
	if got := strings.Join(kinds, ", "); got != "high memory_growth, critical error_rate, high error_rate" {
		t.Errorf("alerts: %s", got)
	}
	if len(rep.TrendSpans) != 18 || *rep.TrendSpans[0].StoredPerS != 2 ||
		*rep.TrendSpans[17].P95S < *rep.TrendSpans[0].P95S {
		t.Errorf("trend: %d stretches, %+v", len(rep.TrendSpans), rep.TrendSpans[0])
	}
	if k := rep.KPIs.TranscriptionQueueDepth; k.Mean != nil || !strings.Contains(k.Absent, "does not show it") {
		t.Errorf("a figure that nobody showed: %+v", k)
	}
	if k := rep.KPIs.DBConnectionPoolUsage; k.Mean == nil || *k.Max != 0.35 {
		t.Errorf("pool: %+v", k)
	}
	for _, h := range rep.TrendSpans {
		if h.ToS-h.FromS != 600 {
			t.Errorf("stretch %+v", h)
		}
	}
	// What was verified counts before the server's own word.
	res := results.Soak()
	for i := range res.Series {
		n := uint64(i) * 10
		res.Series[i].Stored = &n
	}
	if perS := judge.Trend(res)[0].StoredPerS; perS == nil || *perS != 1 {
		t.Errorf("verified storage rate %v", perS)
	}
	if line := rep.TrendSpans[3].String(); !strings.Contains(line, "2.00 accepted/s, 0.00 % failed, p95 ") ||
		!strings.Contains(line, "2.00 stored/s, server's memory ") {
		t.Errorf("line %q", line)
	}
}
