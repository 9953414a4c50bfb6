package load

import (
	"math"
	"testing"

	"rdiostress/internal/rdio"
)

func TestParseMix(t *testing.T) {
	for in, want := range map[string]string{
		"sdrtrunk": "sdrtrunk", "trunk-recorder-5.2": "trunk-recorder-5.2", "voxcall=3": "voxcall",
		"sdrtrunk=70,trunk-recorder=30": "sdrtrunk=70,trunk-recorder=30", " curl , rdio-scanner = 2 ": "curl=1,rdio-scanner=2",
	} {
		m, err := ParseMix(in)
		if err != nil || m.String() != want {
			t.Errorf("%q: %v, %v, want %q", in, m, err, want)
			continue
		}
		if back, err := ParseMix(m.String()); err != nil || back.String() != want {
			t.Errorf("%q reads back as %v, %v", want, back, err)
		}
	}
	for _, in := range []string{"", ",", "sdrtrunk,", "sdrtrunk=0", "sdrtrunk=-1", "sdrtrunk=1.5", "sdrtrunk=9999999", "sdrtrunk,sdrtrunk", "SDRTrunk", "pager"} {
		if m, err := ParseMix(in); err == nil {
			t.Errorf("%q is taken as %v", in, m)
		}
	}
	if none := (Mix{}); none.String() != "sdrtrunk" || none.Pick(5) != rdio.SDRTrunk || len(none.Clients()) != 1 {
		t.Errorf("the mix of none is %v", none)
	}
}

// The calls of a run are shared out as asked for, and each goes to the same client in every run.
func TestMixShares(t *testing.T) {
	s := testScenario()
	s.Talkgroups, _ = ParseIDs("1-10000")
	s.Clients, _ = ParseMix("sdrtrunk=70,trunk-recorder=20,curl=10")
	const n = 20_000
	counts := make(map[rdio.Client]float64)
	one, other := NewTraffic(s, TrafficOptions{RunID: "abc", Start: start, Clips: silence{}}), NewTraffic(s, TrafficOptions{RunID: "xyz", Start: start, Clips: silence{}})
	var a, b Slip
	for i := range uint64(n) {
		if !one.Next(i, 0, &a) || !other.Next(i, 0, &b) {
			t.Fatal("no call")
		}
		counts[a.Client]++
		if a.Client != b.Client || a.Random != b.Random {
			t.Fatalf("call %d is of %v, and of %v in another run", i, a.Client, b.Client)
		}
	}
	for c, want := range map[rdio.Client]float64{rdio.SDRTrunk: 0.7, rdio.TrunkRecorder: 0.2, rdio.Curl: 0.1} {
		if got := counts[c] / n; math.Abs(got-want) > 0.02 {
			t.Errorf("%v has a share of %.3f, want %v", c, got, want)
		}
	}
}

func FuzzParseMix(f *testing.F) {
	f.Add("sdrtrunk=70,trunk-recorder=30")
	f.Add("curl")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMix(s)
		if err != nil {
			return
		}
		if back, err := ParseMix(m.String()); err != nil || back.String() != m.String() {
			t.Errorf("%q is written as %v, which reads as %v, %v", s, m, back, err)
		}
		for i := range uint64(100) {
			m.Pick(i * 0x9e3779b97f4a7c15)
		}
	})
}
