package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
)

func TestDeliveryVerdict(t *testing.T) {
	altered := passing()
	altered.Delivery = deliveryOf(12_344, 1, 0, 0, 0)
	altered.Delivery.Altered = &measure.Altered{Talkgroup: 1}
	*altered.Delivery.BacklogEnd, *altered.Delivery.Duplicated = 0, 0
	dropped := passing()
	dropped.Delivery = deliveryOf(12_344, 0, 1, 0, 0)
	tests := []struct {
		name string
		res  measure.Result
		exit int
		want string // among the reasons, or after "! " the warnings
	}{
		{"missing", lossy(), ExitDataLoss, "data loss: of 12,345 acknowledged calls, 8,240 were not stored (3 dropped as duplicates although unique, 8,237 missing)"},
		{"dropped", dropped, ExitDataLoss, "data loss: of 12,345 acknowledged calls, 1 was not stored (1 dropped as a duplicate although unique, 0 missing)"},
		{"altered", altered, ExitDataLoss, "altered: 1 call is stored otherwise than sent: other talkgroup in 1"},
		{
			"pending", pending(), ExitMissed, "not stored in time: acknowledged 12,345, stored 4,105 when the run ended; 8,240 were only in memory; " +
				"8,240 calls are still pending, as the wait for them has ended; at 185.2 calls/s they need 44.5 s more",
		},
		{
			"behind", behind(), ExitOK, "! acknowledged 12,345, stored 4,105 when the run ended; 8,240 were only in memory, and a crash would have " +
				"lost them; storing them took 44.6 s more at 185.2 calls/s",
		},
		{"twice", behind(), ExitOK, "! 4 calls are stored more than once"},
		{"crash", crashed(), ExitDataLoss, "lost in the crash: 345 of the 6,100 calls acknowledged before the server was killed were not stored"},
		{"crash, told", crashed(), ExitDataLoss, "! the server was killed at 60 s and answered again after 2.3 s; uploads that failed meanwhile count as failed"},
		{
			"nothing forwarded", unforwarded(), ExitDataLoss,
			"! nothing at all was forwarded to the sink: look whether the server has it as a downstream, with all systems",
		},
		{"unreadable", unreadable(), ExitNoSample, "could not verify delivery: looking at rdio-scanner 7 on SQLite failed: database is locked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, v := Score(tt.res)
			lines := append([]string{}, v.Reasons...)
			for _, w := range v.Warnings {
				lines = append(lines, "! "+w)
			}
			if v.ExitCode != tt.exit || !strings.Contains("\n"+strings.Join(lines, "\n")+"\n", "\n"+tt.want+"\n") {
				t.Errorf("exit code %d, want %d; lines:\n%s\nwant among them:\n%s", v.ExitCode, tt.exit, strings.Join(lines, "\n"), tt.want)
			}
		})
	}
}

func TestDeliveryAddsUp(t *testing.T) {
	for name, spoil := range map[string]func(d *measure.Delivery){
		"a call in no place":   func(d *measure.Delivery) { *d.Acknowledged++ },
		"a call in two places": func(d *measure.Delivery) { *d.Pending++ },
		"lost is something":    func(d *measure.Delivery) { *d.Lost = 7 },
		"more twice than once": func(d *measure.Delivery) { *d.Duplicated = 1 << 40 },
		"an impossible number": func(d *measure.Delivery) { *d.Stored = 1 << 60 },
		"a duplicate in no place": func(d *measure.Delivery) {
			d.Duplicates = &measure.DuplicatesKept{Acknowledged: 3, Stored: 1, NotStored: 1}
		},
		"duplicates that overflow":    func(d *measure.Delivery) { d.Duplicates = &measure.DuplicatesKept{Stored: 1, NotStored: 1<<64 - 1} },
		"more checked than converted": func(d *measure.Delivery) { n := uint64(1); d.AudioConvertedChecked = &n },
		"more converted than stored":  func(d *measure.Delivery) { n := uint64(1 << 40); d.AudioConverted = &n },
		"one that overflows it":       func(d *measure.Delivery) { *d.Acknowledged = 1<<64 - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			d := lossy().Delivery
			if err := checkDelivery(d); err != nil {
				t.Fatal(err)
			}
			spoil(&d)
			if checkDelivery(d) == nil {
				t.Error("taken")
			}
		})
	}
}

func TestAudioWord(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	for _, tt := range []struct {
		d    measure.Delivery
		want string
	}{
		{measure.Delivery{AudioCompared: n(3), AudioReencoded: n(0), AudioConverted: n(0)}, "; audio compared in 3 calls"},
		{
			measure.Delivery{AudioCompared: n(1), AudioConverted: n(2), AudioConvertedChecked: n(2), AudioDecoded: n(2)},
			"; audio compared in 1 call; the server converted the audio of 2 calls, of which 2 were checked and 2 decoded",
		},
		{
			measure.Delivery{AudioConverted: n(5000), AudioConvertedChecked: n(500), AudioDecoded: n(20), AudioNotCompared: "many"},
			"; the server converted the audio of 5,000 calls, of which 500 were checked and 20 decoded; not compared: many",
		},
		{
			measure.Delivery{AudioConverted: n(1), AudioConvertedChecked: n(1), AudioDecoded: n(0), AudioNotDecoded: "no ffmpeg"},
			"; the server converted the audio of 1 call, of which 1 was checked and none decoded (no ffmpeg)",
		},
		{
			measure.Delivery{AudioConverted: n(7), AudioConvertedChecked: n(0), AudioNotCompared: "it cannot be read"},
			"; the server converted the audio of 7 calls, of which none was checked; not compared: it cannot be read",
		},
		{measure.Delivery{AudioCompared: n(0), AudioNotCompared: "a\x1b[31m file\n"}, "; audio not compared: a file"},
		{measure.Delivery{AudioReencoded: n(2)}, "; the server converted the audio of 2 calls, of which none was checked"},
		{measure.Delivery{}, "; audio not compared"},
	} {
		if diff := cmp.Diff(tt.want, audioWord(tt.d)); diff != "" {
			t.Error(diff)
		}
	}
}
