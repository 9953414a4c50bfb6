package report

import (
	"fmt"
	"slices"
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
			"nothing forwarded", unforwarded(), ExitNoSample,
			"could not verify delivery: nothing at all was forwarded to 127.0.0.1:9000: look whether the server has it as a downstream, with all systems",
		},
		{"explained", explained(), ExitDataLoss, "7 missing; the server's log says for all 7: no matching system/talkgroup"},
		{"stale", stale(), ExitMissed, "! what is stored was last read 2 min 5 s before the end (database is locked (5) (SQLITE_BUSY))"},
		{
			"wait stopped", unwaited(), ExitMissed, "not stored in time: acknowledged 12,345, stored 4,105 when the run ended; 8,240 were only in memory; " +
				"8,240 calls are still pending, as the wait for them was stopped; at 185.2 calls/s they need 44.5 s more",
		},
		{
			"not looked at", passing(), ExitOK, "! storage was not checked: accepted is the server's word; check it with --verify sqlite:FILE, " +
				"postgres://…, mysql://… or sink=ADDRESS",
		},
		{
			"not looked at, and why", unlooked(), ExitOK, "! storage was not checked (the server does not list its calls): accepted is the " +
				"server's word; check it with --verify sqlite:FILE, postgres://…, mysql://… or sink=ADDRESS",
		},
		{
			"not looked at, a server that queues", unlooked(), ExitOK, "! the server is rdio-scanner 7, which answers 200 before it stores a call: " +
				"a 200 from it does not mean stored",
		},
		{"required", required(unlooked()), ExitNoSample, "it is not known if acknowledged calls were stored, and --require-storage asks for that"},
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

// unwaited is a run whose user did not wait for storage.
func unwaited() measure.Result {
	res := pending()
	res.Delivery.WaitEnd = measure.WaitStopped
	return res
}

func required(res measure.Result) measure.Result {
	res.Scenario.MustVerify = true
	return res
}

// The verdict says in a word what became of the calls, whatever else it says.
func TestVerdictOnStorage(t *testing.T) {
	altered := passing()
	altered.Delivery = deliveryOf(12_344, 1, 0, 0, 0)
	slightly, limitedBehind := passing(), limited()
	slightly.Delivery = deliveryOf(12_000, 0, 0, 0, 345)
	*slightly.Delivery.BacklogEnd = 345
	limitedBehind.Delivery = deliveryOf(12_000, 0, 0, 0, 345)
	lostAndPending := passing()
	lostAndPending.Delivery = deliveryOf(12_000, 0, 0, 1, 344)
	cut := interrupted()
	cut.Delivery = pending().Delivery
	for name, tt := range map[string]struct {
		res   measure.Result
		want  Storage
		grade Grade
		exit  int
	}{
		"stored":                        {behind(), StorageVerified, Pass, ExitOK},
		"stored, and required":          {required(behind()), StorageVerified, Pass, ExitOK},
		"missing":                       {lossy(), StorageLost, Fail, ExitDataLoss},
		"altered":                       {altered, StorageLost, Fail, ExitDataLoss},
		"some lost, some pending":       {lostAndPending, StorageLost, Fail, ExitDataLoss},
		"far behind":                    {pending(), StoragePending, Fail, ExitMissed},
		"a little behind":               {slightly, StoragePending, Monitor, ExitMissed},
		"behind, the generator limited": {limitedBehind, StoragePending, Fail, ExitMissed},
		"behind, interrupted":           {cut, StoragePending, Fail, ExitInterrupted},
		"not looked at":                 {passing(), StorageUnknown, Pass, ExitOK},
		"not looked at, but required":   {required(passing()), StorageUnknown, Pass, ExitNoSample},
		"failed to look":                {unreadable(), StorageUnknown, Pass, ExitNoSample},
		"failed to look, and required":  {required(unreadable()), StorageUnknown, Pass, ExitNoSample},
		"nothing forwarded":             {unforwarded(), StorageUnknown, Pass, ExitNoSample},
		"no sample":                     {noSampleResult(), StorageUnknown, Fail, ExitNoSample},
	} {
		_, v := Score(tt.res)
		if v.Storage != tt.want || v.Grade != tt.grade || v.ExitCode != tt.exit {
			t.Errorf("%s: %s, %s, exit code %d, want %s, %s, %d", name, v.Storage, v.Grade, v.ExitCode, tt.want, tt.grade, tt.exit)
		}
		warned := slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.HasPrefix(w, "storage ") })
		if unknown := tt.want == StorageUnknown && tt.grade != Fail; warned != unknown {
			t.Errorf("%s: warnings %q", name, v.Warnings)
		}
	}
}

// A report from before the verdict said so can still be read, and says it then.
func TestReadWithoutStorage(t *testing.T) {
	for want, res := range map[Storage]measure.Result{
		StorageVerified: behind(), StorageLost: lossy(), StoragePending: pending(), StorageUnknown: passing(),
	} {
		text := string(written(t, New(res, "1.2.3")))
		old := strings.Replace(text, fmt.Sprintf("    %q: %q,\n", "storage", want), "", 1)
		if old == text {
			t.Fatalf("the report does not say %q", want)
		}
		rep, err := Read(strings.NewReader(old))
		if err != nil || rep.Verdict.Storage != want {
			t.Errorf("%q, want %q: %v", rep.Verdict.Storage, want, err)
		}
		if _, err := Read(strings.NewReader(strings.Replace(text, fmt.Sprintf("%q: %q", "storage", want), `"storage": "hoped"`, 1))); err == nil {
			t.Error("an unknown word is taken")
		}
	}
}

// What the server said is told of missing calls alone, and not too much of it.
func TestGivenReasons(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	reason := func(text string, count uint64) measure.Reason {
		return measure.Reason{Reason: text, Fate: measure.FateMissing, Count: count}
	}
	dropped := measure.Reason{Reason: "duplicate call rejected", Fate: measure.FateDropped, Count: 3}
	for _, tt := range []struct {
		missing uint64
		reasons []measure.Reason
		want    string
	}{
		{7, []measure.Reason{reason("blacklisted", 7), dropped}, "7 missing; the server's log says for all 7: blacklisted"},
		{1, []measure.Reason{reason("blacklisted", 1)}, "1 missing; the server's log says for it: blacklisted"},
		{9, []measure.Reason{reason("blacklisted", 5)}, "9 missing; the server's log says for 5: blacklisted; and other things or nothing for 4"},
		{
			1000,
			[]measure.Reason{reason("a", 500), reason("b", 300), reason("c", 150), reason("d", 50)},
			"1,000 missing; the server's log says for 500: a; for 300: b; for 150: c; and other things or nothing for 50",
		},
		{7, []measure.Reason{dropped}, ""},
		{7, nil, ""},
	} {
		if diff := cmp.Diff(tt.want, givenReasons(measure.Delivery{Missing: n(tt.missing), Reasons: tt.reasons})); diff != "" {
			t.Error(diff)
		}
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
