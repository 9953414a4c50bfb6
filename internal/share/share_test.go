package share_test

import (
	"testing"

	"rdiostress/internal/share"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]share.Share{
		"1%": 0.01, "0.01": 0.01, "0": 0, "0%": 0, "100%": 1, "1": 1, " 2.5 % ": 0.025, "1e-3": 0.001,
	} {
		got, err := share.Parse(text)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", text, float64(got), err, float64(want))
		}
	}
	for _, text := range []string{"", "%", "-1%", "101%", "1.01", "NaN", "Inf", "1%%", "one", "-0.1"} {
		if got, err := share.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v", text, float64(got))
		}
	}
}

// What a share is written as is the same share again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"1%", "0.003", "0.07", "33.333%", "1e-300", "-0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := share.Parse(text)
		if err != nil {
			return
		}
		if s < 0 || s > 1 {
			t.Errorf("%q is %v", text, float64(s))
		}
		if again, err := share.Parse(s.String()); err != nil || again != s {
			t.Errorf("%q is written %q, which is %v, %v", text, s, float64(again), err)
		}
	})
}

// A share is met at each hundred, not only in the end, and no two of a small one follow each other.
func TestHas(t *testing.T) {
	for s, want := range map[share.Share]int{0: 0, 0.01: 10, 0.25: 250, 0.333: 333, 1: 1000} {
		n := 0
		for i := range uint64(1001) {
			if s.Has(i) {
				n++
			}
		}
		if n != want {
			t.Errorf("%v of 1000 are %d, want %d", s, n, want)
		}
	}
	if share.Share(0.5).Has(1) || !share.Share(0.5).Has(2) || share.Share(1).Has(0) {
		t.Error("half of a row are not every second")
	}
}
