package deliverytest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/traffic"
)

// Record takes the receipt of a call that was uploaded in an instant.
func Record(l *delivery.Ledger, n uint64, c rdio.Call, class measure.Class) {
	done := time.Second + time.Duration(n)*time.Millisecond
	l.Record(
		n, &c,
		&measure.Outcome{Due: done - 3*time.Millisecond, Sent: done - 2*time.Millisecond, Done: done, Class: class},
	)
}

// CapturedRun returns the ledger of the run that filled the captured databases: twelve calls; three that were
// acknowledged but dropped as duplicates; one with a wrong key. first is the date of the first call.
func CapturedRun(first time.Time) *delivery.Ledger { return RunOf("run-7f3a-", first) }

// RunOf returns the ledger of the same calls in a run whose file names have another pattern.
func RunOf(pattern string, first time.Time) *delivery.Ledger {
	l := delivery.NewLedger(pattern, first.Add(time.Hour))
	call := func(i int) rdio.Call {
		return rdio.Call{
			System:    int64(11 + i%2),
			Talkgroup: int64(1001 + i%3),
			Time:      first.Add(time.Duration(i) * 5 * time.Second),
		}
	}
	for i := range 12 {
		Record(l, uint64(i), call(i), measure.Accepted)
	}
	for i := range 3 {
		Record(l, uint64(100+i), call(i), measure.Accepted)
	}
	Record(l, 200, call(0), measure.Unauthorised)
	return l
}

// Account makes an account of a ledger's calls with a prober.
func Account(t testing.TB, l *delivery.Ledger, p delivery.Prober, o *delivery.AudioOptions) *measure.Delivery {
	t.Helper()
	patient := *o
	patient.DecodeTime = time.Minute
	d, err := delivery.Account(t.Context(), l, p, patient)
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

// Tally returns a delivery's counts in one line.
func Tally(d *measure.Delivery) string {
	var by measure.Altered
	if d.Altered != nil {
		by = *d.Altered
	}
	return fmt.Sprintf(
		"%d = %d stored + %d altered + %d dropped + %d missing + %d pending; twice %d; system %d, talkgroup %d, "+
			"time %d, audio %d; "+
			"compared %d, reencoded %d; refused %d, unanswered %d",
		*d.Acknowledged,
		*d.Stored,
		*d.Corrupted,
		*d.Dropped,
		*d.Missing,
		*d.Pending,
		*d.Duplicated,
		by.System,
		by.Talkgroup,
		by.Time,
		by.Audio,
		*d.AudioCompared,
		*d.AudioReencoded,
		*d.RejectedStored,
		*d.UnansweredStored,
	)
}

// Converted returns a sample of converted audio of 0.9 s.
func Converted(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "..", "audio", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Sending returns options for a run that sends the same audio with every call, and can build it again.
func Sending(ext string, file []byte) *delivery.AudioOptions {
	sent := delivery.Sent{
		Ext:   ext,
		Size:  int64(len(file)),
		Sum:   sha256.Sum256(file),
		Audio: func() []byte { return file },
	}
	return &delivery.AudioOptions{Sent: func(uint64) (delivery.Sent, bool) { return sent, true }}
}

// ManyCalls returns the ledger of such a run, with all calls acknowledged.
func ManyCalls(calls int) *delivery.Ledger {
	l := delivery.NewLedger("run-7f3a-", capturetest.FirstOfSix.Add(time.Hour))
	for i := range calls {
		Record(l, uint64(i), capturetest.CallOf(i), measure.Accepted)
	}
	return l
}

// Words returns in one line how storing ended.
func Words(d measure.Delivery) string {
	if d.Failed {
		return "failed: " + d.Absent
	}
	return fmt.Sprintf(
		"stored %d, dropped %d, missing %d, pending %d; %s", *d.Stored, *d.Dropped, *d.Missing, *d.Pending, d.WaitEnd,
	)
}

// Labels are labels and the systems that they name.
func Labels() map[string]int64 {
	return map[string]int64{
		traffic.SystemLabel(11): 11, "rdiostress": -1, "": -1, "11": -1, "butco": delivery.OthersSystem,
		"11 North":          delivery.OthersSystem,
		"our rdiostress-11": delivery.OthersSystem, "rdiostress-11b": delivery.OthersSystem,
	}
}
