package text

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// shown is the report as a person sees it, each run of blanks as one.
func shown(t *testing.T, res measure.Result) string {
	t.Helper()
	var text strings.Builder
	if err := WriteReport(&text, report.New(res, "1.2.3", nil), Options{Width: 120}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

// Tables show no percentile that is hardly more than the maximum, and say what the score went by.
func TestTablesHidePercentilesOfFewSamples(t *testing.T) {
	res := results.OneSlowOfEleven()
	warm := measure.Phase{Name: "warm-up", Load: "50 uploaders", Totals: res.Totals, Latency: res.Latency}
	res.Phases = append([]measure.Phase{warm}, res.Phases...)
	lag := 0.004
	res.Generator.LagP50S, res.Generator.LagP99S, res.Generator.LagMaxS = &lag, &lag, &lag
	res.Generator.FewSamples = []string{"lag_p99_s"}
	few := measure.NewHistogram()
	few.Record(time.Second)
	ack := few.Distribution("")
	res.Delivery = results.Lossy().Delivery
	res.Delivery.AckToStored = &ack
	text := shown(t, res)
	for _, want := range []string{
		"due → reply 332 ms 45.0 ms 45.0 ms – – – 3.20 s",
		"(warm-up) 50 – 11 100.00 % 45.0 ms – 3.20 s",
		"wait for a reply 11",
		"Acknowledged → stored: p50 –, p95 –, max 1.00 s",
		"calls late by 4.00 ms p50, – p99, 4.00 ms max",
		"95th percentile – under 3 s MISSED slowest of 11: 3.20 s",
		"rests on few uploads (11)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}

// From 20 uploads on there is a 95th percentile, from 100 on a 99th and from 1,000 on a 99.9th.
func TestTablesShowPercentilesOfEnoughSamples(t *testing.T) {
	for _, tt := range []struct {
		n    uint64
		want string
	}{
		{1, "due → reply 60.0 ms – – – – – 60.0 ms"},
		{2, "due → reply 60.0 ms 60.0 ms – – – – 60.0 ms"},
		{9, "due → reply 60.0 ms 60.0 ms – – – – 60.0 ms"},
		{10, "due → reply 60.0 ms 60.0 ms 60.0 ms – – – 60.0 ms"},
		{19, "due → reply 60.0 ms 60.0 ms 60.0 ms – – – 60.0 ms"},
		{20, "due → reply 60.0 ms 60.0 ms 60.0 ms 60.0 ms – – 60.0 ms"},
		{99, "due → reply 60.0 ms 60.0 ms 60.0 ms 60.0 ms – – 60.0 ms"},
		{100, "due → reply 60.0 ms 60.0 ms 60.0 ms 60.0 ms 60.0 ms – 60.0 ms"},
		{999, "due → reply 60.0 ms 60.0 ms 60.0 ms 60.0 ms 60.0 ms – 60.0 ms"},
		{1000, "due → reply 60.0 ms 60.0 ms 60.0 ms 60.0 ms 60.0 ms 60.0 ms 60.0 ms"},
	} {
		if text := shown(t, results.Of(tt.n, 0, 60*time.Millisecond, 60*time.Millisecond)); !strings.Contains(text,
			tt.want) {
			t.Errorf("%d uploads: %q is not in:\n%s", tt.n, tt.want, text)
		}
	}
}

func TestCapacityTableHidesPercentilesOfFewSamples(t *testing.T) {
	rep := reporttest.Searched()
	rep.Steps = rep.Steps[:1]
	for _, few := range [][]string{nil, {"p95_s", "p99_s"}} {
		rep.Steps[0].FewSamples = few
		var text strings.Builder
		if err := WriteCapacity(&text, rep, Options{}); err != nil {
			t.Fatal(err)
		}
		want := "10.5 ms 21.0 ms 100.00 %"
		if few != nil {
			want = "10.5 ms – 100.00 %"
		}
		if got := strings.Join(strings.Fields(text.String()), " "); !strings.Contains(got, want) {
			t.Errorf("few samples for %v: %q is not in %s", few, want, got)
		}
	}
}

// Stretches of a slow run have a 95th percentile only where there were uploads enough.
func TestTrendHidesPercentilesOfFewSamples(t *testing.T) {
	p95, rss := 0.25, 120e6
	h := judge.TrendSpan{FromS: 0, ToS: 3600, AcceptedPerS: 1, P95S: &p95, RSSBytes: &rss}
	if words := h.String(); !strings.Contains(words, "p95 250 ms") {
		t.Errorf("%q", words)
	}
	h.FewSamples = measure.FewSamples(19, "p95_s")
	if words := h.String(); strings.Contains(words, "p95") {
		t.Errorf("of 19 uploads: %q", words)
	}
	rep := report.New(results.Soak(), "1.2.3", nil)
	rep.TrendSpans = []judge.TrendSpan{h, h}
	if text := changeText(&rep); strings.Contains(text, "p95") || !strings.Contains(text, "memory") {
		t.Errorf("of 19 uploads: %q", text)
	}
	rep = report.New(results.Soak(), "1.2.3", nil)
	rep.TrendSpans[3].FewSamples = h.FewSamples
	read, err := report.Read(bytes.NewReader(reporttest.JSON(t, rep)))
	if err != nil {
		t.Fatal(err)
	}
	if again := judge.Trend(read.Result); len(again[3].FewSamples) != 1 || again[2].FewSamples != nil {
		t.Errorf("judged again, the few samples are %v and %v", again[3].FewSamples, again[2].FewSamples)
	}
}
