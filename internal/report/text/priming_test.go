package text

import (
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
)

func TestPrimingWords(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	for _, tt := range []struct {
		name string
		m    *measure.Priming
		want string
	}{
		{"not looked at", nil, ""},
		{
			"all known", &measure.Priming{Talkgroups: 100, KnownBefore: n(100), NotKnown: n(0)},
			"not needed: the server knew all 100 talkgroups",
		},
		{
			"none added", &measure.Priming{Talkgroups: 9, KnownBefore: n(7), NotKnown: n(2)},
			"no calls; 7 of 9 talkgroups known before; 2 not known when the run began",
		},
		{
			"all learned", &measure.Priming{
				Talkgroups: 57, Calls: 62, Accepted: 62, Stored: n(62), NotKnown: n(0),
				DurationS: 3.2,
			},
			"62 calls before the run, 62 stored, in 3.2 s",
		},
		{
			"time up", results.Primed().Priming,
			"53 calls before the run, 52 stored, in 1 min (the limit); 40 of 100 talkgroups known before; " +
				"11 not known when the run began; 11 left out of it; a new talkgroup took 900 ms at first, 1.80 s at " +
				"last, a known one 5.00 ms",
		},
		{
			"not seen",
			&measure.Priming{
				Talkgroups: 100, Calls: 3, DurationS: 0.7, Unseen: "what is stored cannot be seen",
				Refused: "503 busy",
			},
			"3 calls before the run, 0 accepted, in 700 ms; what is stored cannot be seen; the server answered 503 " +
				"busy",
		},
	} {
		if got := primingText(tt.m); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}
