package glyph

import (
	"math"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestASCII(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                          "plain",
		"due → reply  ·  1–2 µs × 3 …":   "due -> reply  -  1-2 us x 3 ...",
		"╭─╮\n│•│\n╰─╯":                  "+-+\n|*|\n+-+",
		"Zürich Zu\u0308rich 中文":         "Z?rich Zurich ??",
		"±500 ms ≥ 1 ≤ 2\u00a0“a” ‘b’ ←": `+/-500 ms >= 1 <= 2 "a" 'b' <-`,
		"\x1b[1;31mred\x1b[0m ●":         "\x1b[1;31mred\x1b[0m *",
	} {
		if got := ASCII(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if got := ASCII(string(r)); !isASCII(got) {
			t.Fatalf("%q becomes %q", r, got)
		}
	}
}

func TestSparkline(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		values      []float64
		want, typed string
	}{
		{nil, "", ""},
		{[]float64{0, 0}, "▁▁", "__"},
		{[]float64{5, 5, 5}, "███", "###"},
		{[]float64{0, 1, 2, 3, 4, 5, 6, 7}, "▁▂▃▄▅▆▇█", "_.:-=+*#"},
		{[]float64{0.001, nan, 1000}, "▂ █", ". #"},
		{[]float64{-3, 7}, "▁█", "_#"},
		{[]float64{nan, nan}, "  ", "  "},
		{[]float64{1, math.Inf(1)}, "██", "##"},
		{[]float64{math.Inf(1), math.Inf(-1)}, "█▁", "#_"},
		{[]float64{math.MaxFloat64, math.SmallestNonzeroFloat64}, "█▁", "#_"},
	} {
		if got := Sparkline(tt.values, false); got != tt.want || utf8.RuneCountInString(got) != len(tt.values) {
			t.Errorf("%v is drawn as %q, want %q", tt.values, got, tt.want)
		}
		if got := Sparkline(tt.values, true); got != tt.typed {
			t.Errorf("%v is drawn as %q, want %q", tt.values, got, tt.typed)
		}
	}
}
