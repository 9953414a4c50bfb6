package text

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

// What is so or not is no share; a count has no mean, and one that began anew says so.
func TestWatchedRows(t *testing.T) {
	res := results.Soak()
	for i := range res.Series {
		res.Series[i].Server.Set(measure.BreakerOpen, 0)
	}
	rows := func() string {
		var b strings.Builder
		if err := WriteReport(&b, report.New(res, "1.2.3", nil), Options{Width: 100}); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	for _, want := range []string{"circuit breaker open never no no", "calls stored – – 22,580 "} {
		if text := rows(); !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	half := len(res.Series) / 2
	for i := range res.Series {
		res.Series[i].Server.Set(measure.BreakerOpen, float64(i/half%2))
		if i >= half {
			res.Series[i].Server.Set(measure.StoredCalls, 2*float64(i-half))
		}
	}
	for _, want := range []string{
		"circuit breaker open 50.00 % of the time yes yes",
		"calls stored since a restart – – 1,078 ",
	} {
		if text := rows(); !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// What kind of memory was read is said with it.
func TestMemoryIsCalledByItsKind(t *testing.T) {
	for kind, want := range map[string]string{
		"": "memory", measure.MemoryRSS: "memory (RSS)", measure.MemoryPSS: "memory (Pss)",
		measure.MemorySummed:   "memory (RSS, summed)",
		measure.MemoryReported: "memory",
	} {
		w := measure.Watch{MemoryKind: kind}
		if got := memoryName(w); got != want {
			t.Errorf("%q is called %q, want %q", kind, got, want)
		}
		if words := memoryText(w); (words != "") != (kind == measure.MemoryPSS || kind == measure.MemorySummed) {
			t.Errorf("%q: %q", kind, words)
		}
	}
}
