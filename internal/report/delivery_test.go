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
		"duplicates that overflow": func(d *measure.Delivery) { d.Duplicates = &measure.DuplicatesKept{Stored: 1, NotStored: 1<<64 - 1} },
		"one that overflows it":    func(d *measure.Delivery) { *d.Acknowledged = 1<<64 - 1 },
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
		compared, reencoded *uint64
		want                string
	}{
		{n(3), n(0), "; audio compared in 3 calls"},
		{n(1), n(2), "; audio compared in 1 call, kept in another form in 2"},
		{n(0), n(2), "; audio not compared, the server keeps it in another form"},
		{nil, nil, "; audio not compared"},
	} {
		if diff := cmp.Diff(tt.want, audioWord(measure.Delivery{AudioCompared: tt.compared, AudioReencoded: tt.reencoded})); diff != "" {
			t.Error(diff)
		}
	}
}
