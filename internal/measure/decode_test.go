package measure

import (
	"testing"
	"time"
)

func TestDecodeHistogram(t *testing.T) {
	h := NewHistogram()
	for i := range 1000 {
		h.Record(time.Duration(i+1) * time.Millisecond)
	}
	d := h.Distribution("")
	got, err := DecodeHistogram(d.Histogram)
	if err != nil {
		t.Fatal(err)
	}
	if got.Count() != 1000 || got.Quantile(0.95) != h.Quantile(0.95) || got.Max() < h.Max() {
		t.Errorf("%d samples, p95 %v, max %v", got.Count(), got.Quantile(0.95), got.Max())
	}
	for _, damaged := range []string{"", "?", d.Histogram[:len(d.Histogram)/2]} {
		if _, err := DecodeHistogram(damaged); err == nil {
			t.Errorf("%.20q was read", damaged)
		}
	}
}
