package mask

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/folder"
)

func parse(t testing.TB, mask string) *Format {
	t.Helper()
	f, err := Parse(mask)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRead(t *testing.T) {
	at := time.Date(2026, 11, 21, 15, 31, 20, 0, time.Local)
	for _, tt := range []struct {
		mask, stem string
		at         time.Time
		want       rdio.Call
	}{
		{"#DATE_#TIME_#SYS_#TG", "20261121_153120_11_1001", at, rdio.Call{System: 11, Talkgroup: 1001}},
		{"#DATE#TIME_#TG", "20261121153120_1001", at, rdio.Call{Talkgroup: 1001}},
		{"#TG-#DATE-#TIME", "rec 1001-2026-11-21-15-31-20 end", at, rdio.Call{Talkgroup: 1001}},
		{"#DATE_#TIME_#TG", "2026_11_21_15:31:20_1001", at, rdio.Call{Talkgroup: 1001}},
		{
			"#DATE_#ZTIME_#TG", "20261121_153120_1001", time.Date(2026, 11, 21, 15, 31, 20, 0, time.UTC),
			rdio.Call{Talkgroup: 1001},
		},
		{
			"#DATE_#TIME_#SYSLBL_#GROUP_#TGLBL_#TAG_#TG", "2026-11-21_15-31-20_St. Johns_Fire_A1 Primär_-_10000", at,
			rdio.Call{
				SystemLabel: "St. Johns", TalkgroupGroups: []string{"Fire"}, TalkgroupLabel: "A1 Primär",
				Talkgroup: 10000,
			},
		},
		{
			"#DATE_#TIME_#SYS_#SITE_#SITELBL_#TG_#UNIT_#UNITLBL_#HZ",
			"20261121_153120_11_3_North_1001_52_Truck 5_851012500",
			at,
			rdio.Call{
				System: 11, Site: 3, Talkgroup: 1001, Source: 52, Units: []rdio.Unit{{ID: 52, Label: "Truck 5"}},
				Frequency: 851012500,
			},
		},
		{"#DATE_#TIME_#TGAFS", "20261121_153120_11-061", at, rdio.Call{Talkgroup: 11<<7 | 6<<3 | 1}},
		{"#DATE_#TIME_#TGMHZ", "20261121_153120_154.13", at, rdio.Call{Talkgroup: 154130, Frequency: 154130000}},
		{"#DATE_#TIME_#TGKHZ", "20261121_153120_154130.5", at, rdio.Call{Talkgroup: 154130, Frequency: 154130500}},
		{"#DATE_#TIME_#TGHZ", "20261121_153120_154130500", at, rdio.Call{Talkgroup: 154130, Frequency: 154130500}},
		{"#DATE_#TIME_#TG_#KHZ", "20261121_153120_7_851012.5", at, rdio.Call{Talkgroup: 7, Frequency: 851012500}},
		{"#DATE_#TIME_#TG_#MHZ", "20261121_153120_7_851.0125", at, rdio.Call{Talkgroup: 7, Frequency: 851012500}},
		{`TG(?:ID)? #TG \[#UNIT\] #DATE #TIME`, "TGID 7 [12] 20261121 153120", at, rdio.Call{
			Talkgroup: 7, Source: 12, Units: []rdio.Unit{{ID: 12}},
		}},
		{"#SYSLBL/#DATE/#TIME_#TG", "153120_7", at, rdio.Call{SystemLabel: "Elm County", Talkgroup: 7}},
	} {
		f := parse(t, tt.mask)
		r := &folder.Recording{Folder: filepath.Join("calls", "Elm County", "20261121"), Stem: tt.stem, Ext: ".mp3"}
		when, ok, err := f.Recognize(r)
		if err != nil || !ok || !when.Earliest.Equal(tt.at) || !when.Latest.Equal(tt.at) {
			t.Errorf("%s: %s is of %v, %t, %v", tt.mask, tt.stem, when, ok, err)
		}
		var c rdio.Call
		if err := f.Read(r, nil, &c); err != nil {
			t.Errorf("%s: %s: %v", tt.mask, tt.stem, err)
		}
		if diff := cmp.Diff(tt.want, c); diff != "" {
			t.Errorf("%s: %s differs (-want +got):\n%s", tt.mask, tt.stem, diff)
		}
	}
}

func TestNotRead(t *testing.T) {
	f := parse(t, "#DATE_#TIME_#TG")
	for stem, want := range map[string]replay.Reason{
		"20261321_153120_7":           replay.NoTime,
		"19701121_153120_7":           replay.NoTime,
		"20261121_153120_99999999999": replay.NoTalkgroup,
		"20261121_153120_0":           replay.NoTalkgroup,
		"other":                       "",
	} {
		r := &folder.Recording{Folder: ".", Stem: stem, Ext: ".mp3"}
		_, ok, err := f.Recognize(r)
		if want == "" && (ok || err != nil) {
			t.Errorf("%s: %t, %v", stem, ok, err)
		}
		if err == nil {
			err = f.Read(r, nil, &rdio.Call{})
		}
		if want != "" && replay.ReasonOf(err) != want {
			t.Errorf("%s: %v, want %s", stem, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for mask, want := range map[string]string{
		"":                        "does not say when",
		"#DATE_#TG":               "does not say when",
		"#TIME_#TG":               "does not say when",
		"#DATE_#TIME":             "has no talkgroup",
		"#DATE_#TIME_#TG_#CITY":   "#CITY is no tag; there are #DATE #TIME #ZTIME",
		"#DATE_#TIME_#TG_#":       "# is no tag",
		"#DATE_#TIME_#TG_#TG":     "#TG twice",
		"#DATE_#TIME_#TG_(":       "missing closing )",
		"#DATE_#TIME_#TG [#UNIT]": `write \[`,
	} {
		if _, err := Parse(mask); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want %q", mask, err, want)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("#DATE_#TIME_#SYS_#TG", "20261121_153120_11_1001")
	f.Add("#SYSLBL/#DATE#ZTIME_#TGAFS", "20261121153120_11-061")
	f.Add(`#TGMHZ \[#UNIT\] #DATE #TIME(x|#UNITLBL)*`, "154.13 [3] 20261121 153120x")
	f.Fuzz(func(t *testing.T, mask, stem string) {
		format, err := Parse(mask)
		if err != nil {
			return
		}
		r := &folder.Recording{Folder: "Elm/20261121", Stem: stem, Ext: ".wav"}
		if _, ok, _ := format.Recognize(r); !ok {
			return
		}
		var c rdio.Call
		if err := format.Read(r, nil, &c); err != nil {
			return
		}
		if !replay.IsID(c.Talkgroup) || c.System < 0 || c.Frequency < 0 ||
			c.TalkgroupLabel != replay.Label(c.TalkgroupLabel) {
			t.Errorf("%q: %q is %+v", mask, stem, c)
		}
	})
}
