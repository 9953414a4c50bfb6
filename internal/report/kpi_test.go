package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
)

func TestKPIs(t *testing.T) {
	at := func(v float64) *float64 { return &v }
	res := measure.Result{
		Run:     measure.Run{SendingS: 3.2},
		Totals:  measure.Totals{Attempted: 320, Accepted: 300, Failed: 20, UploadsPerS: 100},
		Latency: measure.Distribution{Count: 300, Figures: &measure.Figures{MeanS: 0.5}},
		Series: []measure.Point{
			{TS: 0, WidthS: 1, Attempted: 90, Accepted: 90, MeanS: at(0.3)},
			{TS: 1, WidthS: 1, Attempted: 120, Accepted: 105, Failed: 15, MeanS: at(0.9)},
			{TS: 2, WidthS: 1, Attempted: 100, Accepted: 100, MeanS: at(0.4)},
			{TS: 3, WidthS: 0.2, Attempted: 10, Accepted: 5, Failed: 5, MeanS: at(0.7)}, // too short for a rate
			{TS: 3.2, WidthS: 1}, // only draining
		},
	}
	got := kpis(res)
	want := KPIs{
		UploadRate:              KPI{Unit: "uploads/s", Last: at(100), Mean: at(100), Max: at(120)},
		AvgResponseTime:         KPI{Unit: "s", Last: at(0.7), Mean: at(0.5), Max: at(0.9)},
		ErrorRate:               KPI{Unit: "ratio", Last: at(0.5), Mean: at(0.0625), Max: at(0.5)},
		DBConnectionPoolUsage:   KPI{Unit: "ratio", Absent: "the server was not watched"},
		MemoryUsage:             KPI{Unit: "bytes", Absent: "the server was not watched"},
		TranscriptionQueueDepth: KPI{Unit: "calls", Absent: "the server was not watched"},
		DiskUsage:               KPI{Unit: "bytes", Absent: "the server was not watched"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A warm-up and a pause before all that change nothing.
	res.Phases = []measure.Phase{{Name: "warm-up", DurationS: 2}, {Name: "sustained", Scored: true, StartS: 4, DurationS: 3.2}}
	res.Run.SendingS += 4
	for i := range res.Series {
		res.Series[i].TS += 4
	}
	warm := measure.Point{TS: 0, WidthS: 2, Attempted: 900, Failed: 900}
	res.Series = append([]measure.Point{warm, {TS: 2, WidthS: 2, Attempted: 1, Accepted: 1, MeanS: at(9)}}, res.Series...)
	if diff := cmp.Diff(want, kpis(res)); diff != "" {
		t.Errorf("after a warm-up (-want +got):\n%s", diff)
	}
	empty := kpis(measure.Result{})
	for _, k := range []KPI{empty.UploadRate, empty.AvgResponseTime, empty.ErrorRate} {
		if k.Absent == "" || k.Last != nil || k.Mean != nil || k.Max != nil {
			t.Errorf("without a sample: %+v", k)
		}
	}
}
