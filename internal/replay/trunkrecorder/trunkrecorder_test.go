package trunkrecorder

import (
	"strings"
	"testing"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

func TestParseRecorderName(t *testing.T) {
	for stem, want := range map[string]int64{
		"1001-1772384400_851012500.0-call_12": 1_772_384_400_000, "1001-1772384400_851012500": 1_772_384_400_000,
		"1001-1772384400.5_851012500.1": 1_772_384_400_500,
	} {
		if at, ok := parseName(stem); !ok || at.UnixMilli() != want {
			t.Errorf("%s: %v, %v", stem, at, ok)
		}
	}
	for _, stem := range []string{
		"", "fire", "1001-x_1", "1001-5_1", "x-1772384400_1", "1001-1772384400", "1-NaN_1",
		"1-Inf_1",
	} {
		if at, ok := parseName(stem); ok {
			t.Errorf("%q is taken for %v", stem, at)
		}
	}
}

// sound fails unless a call can be sent: what is read from files may be anything.
func sound(t *testing.T, c *rdio.Call) {
	t.Helper()
	if c.Talkgroup < 1 || c.Talkgroup > rdio.MaxID || c.Source < 0 || c.Frequency < 0 || c.Time.Year() < 1999 ||
		c.Time.Year() > 2200 {
		t.Fatalf("made of it: %+v", c)
	}
	for _, s := range []string{c.SystemLabel, c.TalkgroupLabel, c.TalkgroupName, c.TalkgroupTag, c.TalkerAlias} {
		if len(s) > 200 || strings.ContainsAny(s, "\r\n\x00") {
			t.Fatalf("label %q", s)
		}
	}
	for _, u := range c.Units {
		if u.ID < 1 || u.ID > rdio.MaxID || !(u.OffsetS >= 0 && u.OffsetS < 1e6) {
			t.Fatalf("unit %+v", u)
		}
	}
	for _, f := range c.Frequencies {
		if f.Hz < 0 || !(f.OffsetS >= 0 && f.OffsetS < 1e6) || !(f.LengthS >= 0 && f.LengthS < 1e6) {
			t.Fatalf("frequency %+v", f)
		}
	}
}

func FuzzSidecar(f *testing.F) {
	f.Add(
		[]byte(
			`{"talkgroup":1001,"start_time":1772384400,"srcList":[{"src":5,"pos":1.5,"tag":"E1"}],` +
				`"freqList":[{"freq":"851012500"}]}`,
		),
	)
	f.Add([]byte(`{"talkgroup":"1e9","start_time_ms":1e300,"encrypted":true,"patched_talkgroups":[1,-1,null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSidecar(text)
		if err != nil {
			return
		}
		var c rdio.Call
		s.call(&c)
		sound(t, &c)
	})
}

func FuzzRecorderName(f *testing.F) {
	f.Add("1001-1772384400_851012500.0-call_12")
	f.Fuzz(func(t *testing.T, stem string) {
		if at, ok := parseName(stem); ok && (!replay.IsTime(at)) {
			t.Fatalf("%q is at %v", stem, at)
		}
	})
}
