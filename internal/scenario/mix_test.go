package scenario

import (
	"testing"

	"rdiostress/internal/rdio"
)

func TestParseMix(t *testing.T) {
	for in, want := range map[string]string{
		"sdrtrunk": "sdrtrunk", "trunk-recorder-5.2": "trunk-recorder-5.2", "voxcall=3": "voxcall",
		"sdrtrunk=70,trunk-recorder=30": "sdrtrunk=70,trunk-recorder=30", " curl , rdio-scanner = 2 " +
			"": "curl=1,rdio-scanner=2",
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
	for _, in := range []string{
		"", ",", "sdrtrunk,", "sdrtrunk=0", "sdrtrunk=-1", "sdrtrunk=1.5", "sdrtrunk=9999999",
		"sdrtrunk,sdrtrunk", "SDRTrunk", "pager",
	} {
		if m, err := ParseMix(in); err == nil {
			t.Errorf("%q is taken as %v", in, m)
		}
	}
	if none := (Mix{}); none.String() != "sdrtrunk" || none.Pick(5) != rdio.SDRTrunk || len(none.Clients()) != 1 {
		t.Errorf("the mix of none is %v", none)
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
