package text

import (
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// seriesOf has an interval of a second for each number of accepted uploads.
func seriesOf(accepted ...uint64) (series []measure.Point) {
	for i, n := range accepted {
		series = append(series, measure.Point{TS: float64(i), WidthS: 1, Accepted: n})
	}
	return series
}

func TestGrouped(t *testing.T) {
	sizes := func(groups [][]measure.Point) (list []int) {
		for _, group := range groups {
			list = append(list, len(group))
		}
		return list
	}
	short := seriesOf(1, 2, 3)
	short[2].WidthS = 0.1
	for _, tt := range []struct {
		name   string
		series []measure.Point
		most   int
		want   []int
	}{
		{"none", nil, 10, nil},
		{"as many as there is room", seriesOf(1, 2, 3), 3, []int{1, 1, 1}},
		{"a last one cut short", short, 3, []int{1, 2}},
		{"more than there is room", seriesOf(1, 2, 3, 4, 5, 6, 7), 4, []int{2, 2, 2, 1}},
		{"a small rest", seriesOf(1, 2, 3, 4, 5, 6, 7), 2, []int{4, 3}},
		{"a tiny rest", seriesOf(1, 2, 3, 4, 5, 6, 7), 3, []int{3, 4}},
	} {
		got := sizes(grouped(tt.series, tt.most))
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			continue
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
		}
	}
}

// A course is drawn if there is one, of what was seen.
func TestSparklines(t *testing.T) {
	drawn := func(series []measure.Point) string {
		p := newSummaryPage(Options{})
		p.sparklines(series)
		return p.text.String()
	}
	if got := drawn(seriesOf(1, 2, 3)); got != "" {
		t.Errorf("three intervals are drawn:\n%s", got)
	}
	got := drawn(seriesOf(0, 50, 100, 100))
	if want := "  accepted/s    ▁▁▁▁▅▅▅▅████████  at most 100\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	series := seriesOf(1, 1, 1, 1, 1, 1)
	slow, behind := 2.0, uint64(7)
	series[2].P95S, series[4].Backlog = &slow, &behind
	got = drawn(series)
	for _, want := range []string{
		"  p95                   ████              at most 2 s\n",
		"  backlog                       ████      at most 7\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}
