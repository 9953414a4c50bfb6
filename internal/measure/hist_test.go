package measure

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestHistogramFigures(t *testing.T) {
	h := NewHistogram()
	for ms := 1; ms <= 1000; ms++ {
		h.Record(time.Duration(ms) * time.Millisecond)
	}
	d := h.Distribution("")
	if d.Count != 1000 || d.Absent != "" || d.Figures == nil {
		t.Fatalf("distribution of 1000 samples: %+v", d)
	}
	if got, want := d.MeanS, 0.5005; got != want {
		t.Errorf("mean %v, want exactly %v", got, want)
	}
	if got, want := d.MaxS, 1.0; got != want {
		t.Errorf("max %v, want exactly %v", got, want)
	}
	for _, q := range []struct {
		name      string
		got, want float64
	}{
		{"p50", d.P50S, 0.500}, {"p90", d.P90S, 0.900}, {"p95", d.P95S, 0.950}, {"p99", d.P99S, 0.990}, {
			"p999",
			d.P999S, 0.999,
		},
	} {
		if math.Abs(q.got-q.want) > q.want/1000 {
			t.Errorf("%s = %v, want %v within three digits", q.name, q.got, q.want)
		}
	}
}

func TestHistogramWithoutSamples(t *testing.T) {
	h := NewHistogram()
	d := h.Distribution("nothing came")
	if d.Figures != nil || d.Absent != "nothing came" || d.Histogram != "" {
		t.Errorf("distribution without samples: %+v", d)
	}
	if h.Mean() != 0 || h.Quantile(0.5) != 0 {
		t.Errorf("mean %v, median %v of nothing", h.Mean(), h.Quantile(0.5))
	}
	back, err := d.Decode()
	if err != nil || back.Count() != 0 {
		t.Errorf("decoded: %v, %v", back, err)
	}
}

func TestHistogramClampsAndKeepsTheTruth(t *testing.T) {
	h := NewHistogram()
	h.Record(-time.Second) // clocks may disagree by a little; a sample must not be lost for it
	h.Record(time.Hour)
	d := h.Distribution("")
	if d.Count != 2 || d.Clamped != 1 {
		t.Errorf("count %d, clamped %d, want 2 and 1", d.Count, d.Clamped)
	}
	if d.MaxS != 3600 {
		t.Errorf("max %v s, want the 3600 s that were measured", d.MaxS)
	}
}

func TestHistogramSurvivesSaving(t *testing.T) {
	h := NewHistogram()
	for i := range 10_000 {
		h.Record(time.Duration(i*i) * time.Microsecond)
	}
	d := h.Distribution("")
	back, err := d.Decode()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999, 1} {
		if got, want := back.Quantile(q), h.Quantile(q); got != want {
			t.Errorf("quantile %v: %v after saving, %v before", q, got, want)
		}
	}
	if diff := back.Mean() - h.Mean(); diff.Abs() > time.Microsecond {
		t.Errorf("mean %v after saving, %v before", back.Mean(), h.Mean())
	}
	if back.Max() != h.Max() {
		t.Errorf("max %v after saving, %v before", back.Max(), h.Max())
	}
}

func TestDecodeRefusesDamage(t *testing.T) {
	h := NewHistogram()
	h.Record(time.Second)
	good := h.Distribution("")
	for _, tt := range []struct {
		name   string
		damage func(*Distribution)
		want   string
	}{
		{"not base64", func(d *Distribution) { d.Histogram = "###" }, "illegal base64"},
		{"cut short", func(d *Distribution) { d.Histogram = d.Histogram[:8] }, "histogram:"},
		{"other count", func(d *Distribution) { d.Count = 7 }, "holds 1 samples, the count says 7"},
		{"no figures", func(d *Distribution) { d.Figures = nil }, "no figures"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := good
			tt.damage(&d)
			if _, err := d.Decode(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
