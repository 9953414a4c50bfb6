package judge

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
)

func TestDeliveryVerdict(t *testing.T) {
	altered := results.Passing()
	altered.Delivery = results.DeliveryOf(12_344, 1, 0, 0, 0)
	altered.Delivery.Altered = &measure.Altered{Talkgroup: 1}
	*altered.Delivery.BacklogEnd, *altered.Delivery.Duplicated = 0, 0
	dropped := results.Passing()
	dropped.Delivery = results.DeliveryOf(12_344, 0, 1, 0, 0)
	tests := []struct {
		name string
		res  measure.Result
		exit int
		want string // among the reasons, or after "! " the warnings
	}{
		{
			"missing", results.Lossy(), exitcode.DataLoss,
			"data loss: of 12,345 acknowledged calls, 8,240 were not stored (3 dropped as duplicates although " +
				"unique, 8,237 missing)",
		},
		{
			"dropped", dropped, exitcode.DataLoss,
			"data loss: of 12,345 acknowledged calls, 1 was not stored (1 dropped as a duplicate although unique, 0 " +
				"missing)",
		},
		{
			"altered", altered, exitcode.DataLoss,
			"altered: 1 call is stored differently than sent: different talkgroup in 1",
		},
		{
			"pending", results.Pending(), exitcode.Missed, "not stored in time: acknowledged 12,345, stored 4,105 " +
				"when the run ended; 8,240 were only in memory; " +
				"8,240 calls are still pending, as the wait for them has ended; at 185.2 calls/s they need 44.5 s more",
		},
		{
			"behind", results.Behind(), exitcode.OK, "! acknowledged 12,345, stored 4,105 when the run ended; 8,240 " +
				"were only in memory, and a crash would have " +
				"lost them; storing them took 44.6 s more at 185.2 calls/s",
		},
		{"twice", results.Behind(), exitcode.OK, "! 4 calls are stored more than once"},
		{
			"crash", results.Crashed(), exitcode.DataLoss,
			"lost in the crash: 345 of the 6,100 calls acknowledged before the server was killed were not stored",
		},
		{
			"crash, told", results.Crashed(), exitcode.DataLoss,
			"! the server was killed at 60 s and answered again after 2.3 s; uploads that failed meanwhile count as " +
				"failed",
		},
		{
			"nothing forwarded", results.Unforwarded(), exitcode.NoRun,
			"could not verify delivery: nothing at all was forwarded to 127.0.0.1:9000: check whether the server has " +
				"it as a downstream, with all systems",
		},
		{
			"explained", results.Explained(), exitcode.DataLoss,
			"7 missing; the server's log says for all 7: no matching system/talkgroup",
		},
		{
			"stale", results.Stale(), exitcode.Missed,
			"! what is stored was last read 2 min 5 s before the end (database is locked (5) (SQLITE_BUSY))",
		},
		{
			"wait stopped", unwaited(), exitcode.Missed, "not stored in time: acknowledged 12,345, stored 4,105 when " +
				"the run ended; 8,240 were only in memory; " +
				"8,240 calls are still pending, as the wait for them was stopped; at 185.2 calls/s they need 44.5 s " +
				"more",
		},
		{
			"not looked at", results.Passing(), exitcode.OK, "! storage was not checked: accepted is the server's " +
				"word; check it with --verify sqlite:FILE, " +
				"postgres://…, mysql://… or sink=ADDRESS",
		},
		{
			"not looked at, and why", results.Unlooked(), exitcode.OK, "! storage was not checked (the server does " +
				"not list its calls): accepted is the " +
				"server's word; check it with --verify sqlite:FILE, postgres://…, mysql://… or sink=ADDRESS",
		},
		{
			"not looked at, a server that queues", results.Unlooked(), exitcode.OK, "! the server is rdio-scanner 7, " +
				"which answers 200 before it stores a call: " +
				"a 200 from it does not mean stored",
		},
		{
			"required", required(results.Unlooked()), exitcode.NoRun,
			"it is not known if acknowledged calls were stored, and --require-storage asks for that",
		},
		{
			"unreadable", results.Unreadable(), exitcode.NoRun,
			"could not verify delivery: looking at rdio-scanner 7 on SQLite failed: database is locked",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, v := Score(tt.res, flagged)
			lines := append([]string{}, v.Reasons...)
			for _, w := range v.Warnings {
				lines = append(lines, "! "+w)
			}
			if v.ExitCode != tt.exit || !strings.Contains("\n"+strings.Join(lines, "\n")+"\n", "\n"+tt.want+"\n") {
				t.Errorf("exit code %d, want %d; lines:\n%s\nwant among them:\n%s", v.ExitCode, tt.exit,
					strings.Join(lines, "\n"), tt.want)
			}
		})
	}
}

// unwaited returns a run whose user did not wait for storage.
func unwaited() measure.Result {
	res := results.Pending()
	res.Delivery.WaitEnd = measure.WaitStopped
	return res
}

func required(res measure.Result) measure.Result {
	res.Scenario.MustVerify = true
	return res
}

// The verdict says in one word what became of the calls, whatever else it says.
func TestVerdictOnStorage(t *testing.T) {
	altered := results.Passing()
	altered.Delivery = results.DeliveryOf(12_344, 1, 0, 0, 0)
	slightly, limitedBehind := results.Passing(), results.Limited()
	slightly.Delivery = results.DeliveryOf(12_000, 0, 0, 0, 345)
	*slightly.Delivery.BacklogEnd = 345
	limitedBehind.Delivery = results.DeliveryOf(12_000, 0, 0, 0, 345)
	lostAndPending := results.Passing()
	lostAndPending.Delivery = results.DeliveryOf(12_000, 0, 0, 1, 344)
	cut := results.Interrupted()
	cut.Delivery = results.Pending().Delivery
	for name, tt := range map[string]struct {
		res   measure.Result
		want  Storage
		grade Grade
		exit  int
	}{
		"stored":                        {results.Behind(), StorageVerified, Pass, exitcode.OK},
		"stored, and required":          {required(results.Behind()), StorageVerified, Pass, exitcode.OK},
		"missing":                       {results.Lossy(), StorageLost, Fail, exitcode.DataLoss},
		"altered":                       {altered, StorageLost, Fail, exitcode.DataLoss},
		"some lost, some pending":       {lostAndPending, StorageLost, Fail, exitcode.DataLoss},
		"far behind":                    {results.Pending(), StoragePending, Fail, exitcode.Missed},
		"a little behind":               {slightly, StoragePending, Monitor, exitcode.Missed},
		"behind, the generator limited": {limitedBehind, StoragePending, Fail, exitcode.Missed},
		"behind, interrupted":           {cut, StoragePending, Fail, exitcode.Interrupted},
		"not looked at":                 {results.Passing(), StorageUnknown, Pass, exitcode.OK},
		"not looked at, but required":   {required(results.Passing()), StorageUnknown, Pass, exitcode.NoRun},
		"failed to look":                {results.Unreadable(), StorageUnknown, Pass, exitcode.NoRun},
		"failed to look, and required":  {required(results.Unreadable()), StorageUnknown, Pass, exitcode.NoRun},
		"nothing forwarded":             {results.Unforwarded(), StorageUnknown, Pass, exitcode.NoRun},
		"no sample":                     {results.NoSampleResult(), StorageUnknown, Fail, exitcode.NoRun},
	} {
		_, v := Score(tt.res, flagged)
		if v.Storage != tt.want || v.Grade != tt.grade || v.ExitCode != tt.exit {
			t.Errorf("%s: %s, %s, exit code %d, want %s, %s, %d", name, v.Storage, v.Grade, v.ExitCode, tt.want,
				tt.grade, tt.exit)
		}
		warned := slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.HasPrefix(w, "storage ") })
		if unknown := tt.want == StorageUnknown && tt.grade != Fail; warned != unknown {
			t.Errorf("%s: warnings %q", name, v.Warnings)
		}
	}
}

// The server's reasons are shown only for missing calls, and only a few of them.
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
		{
			7,
			[]measure.Reason{reason("blacklisted", 7), dropped},
			"7 missing; the server's log says for all 7: blacklisted",
		},
		{1, []measure.Reason{reason("blacklisted", 1)}, "1 missing; the server's log says for it: blacklisted"},
		{
			9,
			[]measure.Reason{reason("blacklisted", 5)},
			"9 missing; the server's log says for 5: blacklisted; and other things or nothing for 4",
		},
		{
			1000,
			[]measure.Reason{reason("a", 500), reason("b", 300), reason("c", 150), reason("d", 50)},
			"1,000 missing; the server's log says for 500: a; for 300: b; for 150: c; and other things or nothing " +
				"for 50",
		},
		{7, []measure.Reason{dropped}, ""},
		{7, nil, ""},
	} {
		if diff := cmp.Diff(tt.want, givenReasons(&measure.Delivery{
			Missing: n(tt.missing),
			Reasons: tt.reasons,
		})); diff != "" {
			t.Error(diff)
		}
	}
}

// flagged names a field as the command line does.
func flagged(f field.Name) string { return "--" + strings.ReplaceAll(string(f), "_", "-") }
