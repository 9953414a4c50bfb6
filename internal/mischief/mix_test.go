package mischief

import (
	"slices"
	"strings"
	"testing"
)

func TestParseMix(t *testing.T) {
	for text, want := range map[string]string{
		"truncated=1":                "truncated=1",
		"wrong-key=0.5, truncated=1": "truncated=1,wrong-key=0.5",
		"abort=2%":                   "abort=2",
		"future-time=1":              "future-time=1",
	} {
		mix, err := ParseMix(text)
		if err != nil || mix.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, mix, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                        "is no mischief",
		"truncated":               "is no mischief",
		"truncated=0":             "must be over 0 and at most 100",
		"truncated=101":           "must be over 0 and at most 100",
		"truncated=NaN":           "must be over 0 and at most 100",
		"truncated=x":             "must be over 0 and at most 100",
		"trucated=1":              `there is no mischief "trucated"; there are truncated, slow`,
		"truncated=1,truncated=2": "names truncated twice",
	} {
		if _, err := ParseMix(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A kind that may crash a server is in no wildcard: it has to be requested by name.
func TestAllHasNoHazard(t *testing.T) {
	mix, err := ParseMix("all=1,slow=3,future-time=2")
	if err != nil {
		t.Fatal(err)
	}
	harmless, hazards := Names()
	var got []string
	for _, s := range mix {
		got = append(got, s.Kind)
		if want := map[string]float64{"slow": 3, "future-time": 2}[s.Kind]; want != 0 && s.Percent != want ||
			want == 0 && s.Percent != 1 {
			t.Errorf("%s has %g %%", s.Kind, s.Percent)
		}
	}
	if want := append(harmless, "future-time"); !slices.Equal(got, want) {
		t.Errorf("all and future-time are %v, want %v", got, want)
	}
	if len(hazards) != 5 {
		t.Errorf("hazards are %v", hazards)
	}
}

func FuzzParseMix(f *testing.F) {
	for _, s := range []string{"truncated=1", "all=1,slow=2", "future-time=0.5%", "x=1", "abort=1e-300", "="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mix, err := ParseMix(text)
		if err != nil {
			return
		}
		again, err := ParseMix(mix.String())
		if err != nil || again.String() != mix.String() {
			t.Errorf("%q is %q, which is %q, %v", text, mix, again, err)
		}
	})
}
