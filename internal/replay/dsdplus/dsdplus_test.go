package dsdplus

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

func recording(dir, name string) *folder.Recording {
	ext := filepath.Ext(name)
	return &folder.Recording{Folder: dir, Stem: strings.TrimSuffix(name, ext), Ext: ext}
}

func TestRead(t *testing.T) {
	day := filepath.Join("1R-Record#6", "20261121")
	for name, want := range map[string]rdio.Call{
		"153120_001_DMR(BS)_1-899_DCC2_Slot1_GC_750[Pub_Works]_52[__-_____].mp3": {
			System: 1, Talkgroup: 750, TalkgroupLabel: "Pub_Works", Source: 52, Units: []rdio.Unit{{ID: 52}},
		},
		"153121_002_DMR(BS)_1-899_DCC2_Slot1_GC_750_1.wav": {
			System: 1, Talkgroup: 750, Source: 1, Units: []rdio.Unit{{ID: 1}},
		},
		"153122_003_ConP(BS)_3-12_GC_17[Bus 4]_0.mp3": {System: 3, Talkgroup: 17, TalkgroupLabel: "Bus 4"},
		"153123_004_P25(BS)_BEE00.2D1-1.4_GC_1285[Fire North]_3150006[Engine 5].mp3": {
			System: 0x2d1, Talkgroup: 1285, TalkgroupLabel: "Fire North", Source: 3150006,
			Units: []rdio.Unit{{ID: 3150006, Label: "Engine 5"}},
		},
		"153124_005_P25(BS)_77-Site1_[54241][Fire Dispatch]_[4424001].mp3": {
			System: 77, Talkgroup: 54241, TalkgroupLabel: "Fire Dispatch", Source: 4424001,
			Units: []rdio.Unit{{ID: 4424001}},
		},
		"153125_006_P25_BEE00.1A2-1.1_GC_9_8[8].mp3": {
			System: 0x1a2, Talkgroup: 9, Source: 8, Units: []rdio.Unit{{ID: 8}},
		},
		"153126_007_NEXEDGE96(CS)_C12-3_RAN1_GC_40_235.mp3": {
			System: 12, Talkgroup: 40, Source: 235, Units: []rdio.Unit{{ID: 235}},
		},
		"153127_008_NEXEDGE48(CB)__RAN5_GC_41_235[---].mp3": {
			System: 5, Talkgroup: 41, Source: 235, Units: []rdio.Unit{{ID: 235}},
		},
		"153128_009_DCDM(D2)__DCC9_Slot2_GC_292_5.mp3": {Talkgroup: 292, Source: 5, Units: []rdio.Unit{{ID: 5}}},
	} {
		r := recording(day, name)
		when, ok, err := Format{}.Recognize(r)
		second := time.Date(2026, 11, 21, 15, 31, 20+int(name[5]-'0'), 0, time.Local)
		if err != nil || !ok || !when.Earliest.Equal(second) || !when.Latest.Equal(second) {
			t.Errorf("%s: %v, %t, %v", name, when, ok, err)
		}
		var c rdio.Call
		if err := (Format{}).Read(r, nil, &c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, diff)
		}
	}
}

// What is named otherwise is left to other formats, and a call of no group is named.
func TestNotRead(t *testing.T) {
	for _, name := range []string{
		"153120.mp3", "153120_001_DMR(BS)_750_52.mp3", "20261121_153120_Net_Site_Ch__TO_1_FROM_2.mp3",
		"253120_001_DMR(BS)_1-899_GC_750_52.mp3", "1531201_001_DMR(BS)_1-899_GC_750_52.mp3", "notes.mp3",
	} {
		if _, ok, err := (Format{}).Recognize(recording("20261121", name)); ok || err != nil {
			t.Errorf("%s: %t, %v", name, ok, err)
		}
	}
	for _, dir := range []string{"1R-Record#6", "2026112", "120261121", "20261321", "10261121"} {
		_, ok, err := Format{}.Recognize(recording(dir, "153120_001_DMR(BS)_1-899_DCC2_GC_750_52.mp3"))
		if ok || replay.ReasonOf(err) != replay.NoTime {
			t.Errorf("in %s: %t, %v", dir, ok, err)
		}
	}
	for name, want := range map[string]replay.Reason{
		"153127_008_NEXEDGE48(CB)__RAN5_GC_0_235.mp3": replay.NoTalkgroup,
		"153127_008_DMR(BS).mp3":                      replay.NotACall,
	} {
		if err := (Format{}).Read(recording("20261121", name), nil, &rdio.Call{}); replay.ReasonOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("20261121", "153120_001_DMR(BS)_1-899_DCC2_Slot1_GC_750[Pub_Works]_52[__-_____]")
	f.Add("rec-20261121", "152142_001_NEXEDGE48(CB)__RAN5_GC_0_235")
	f.Add("20261121", "152124_000_P25(BS)_BEE00.2D1-1.5_GC_1285[[Reh]_5016]_3150006")
	f.Fuzz(func(t *testing.T, dir, stem string) {
		r := &folder.Recording{Folder: dir, Stem: stem, Ext: ".mp3"}
		when, ok, err := Format{}.Recognize(r)
		if !ok {
			return
		}
		if err != nil || when.Earliest != when.Latest {
			t.Errorf("recognized with %v, %v", when, err)
		}
		var c rdio.Call
		if err := (Format{}).Read(r, nil, &c); err != nil {
			return
		}
		if !replay.IsID(c.Talkgroup) || c.System < 0 || c.System > rdio.MaxID || c.Source < 0 ||
			c.TalkgroupLabel != replay.Label(c.TalkgroupLabel) {
			t.Errorf("read %+v", c)
		}
	})
}
