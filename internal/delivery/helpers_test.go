package delivery

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// record takes the receipt of a call that was uploaded in an instant.
func record(l *Ledger, n uint64, c rdio.Call, class measure.Class) {
	done := time.Second + time.Duration(n)*time.Millisecond
	l.Record(
		n, &c,
		&measure.Outcome{Due: done - 3*time.Millisecond, Sent: done - 2*time.Millisecond, Done: done, Class: class},
	)
}

// capturedRun returns the ledger of the run that filled the captured databases: twelve calls; three that were
// acknowledged but dropped as duplicates; one with a wrong key. first is the date of the first call.
func capturedRun(first time.Time) *Ledger {
	l := NewLedger("run-7f3a-", first.Add(time.Hour))
	call := func(i int) rdio.Call {
		return rdio.Call{
			System:    int64(11 + i%2),
			Talkgroup: int64(1001 + i%3),
			Time:      first.Add(time.Duration(i) * 5 * time.Second),
		}
	}
	for i := range 12 {
		record(l, uint64(i), call(i), measure.Accepted)
	}
	for i := range 3 {
		record(l, uint64(100+i), call(i), measure.Accepted)
	}
	record(l, 200, call(0), measure.Unauthorised)
	return l
}

// tallyOf returns an account's counts in one line.
func tallyOf(a *account) string {
	return fmt.Sprintf(
		"%d = %d stored + %d altered + %d dropped + %d missing + %d pending; twice %d; system %d, talkgroup %d, "+
			"time %d, audio %d; "+
			"compared %d, reencoded %d; refused %d, unanswered %d",
		a.acknowledged,
		a.stored,
		a.altered,
		a.dropped,
		a.missing,
		a.pending,
		a.twice,
		a.by.System,
		a.by.Talkgroup,
		a.by.Time,
		a.by.Audio,
		a.compared,
		a.reencoded,
		a.rejectedStored,
		a.unansweredStored,
	)
}

// converted returns a sample of converted audio of 0.9 s.
func converted(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "audio", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// sending returns options for a run that sends the same audio with every call, and can build it again.
func sending(ext string, file []byte) *AudioOptions {
	sent := Sent{Ext: ext, Size: int64(len(file)), Sum: sha256.Sum256(file), Audio: func() []byte { return file }}
	return &AudioOptions{Sent: func(uint64) (Sent, bool) { return sent, true }}
}

// manyCalls returns the ledger of such a run, with all calls acknowledged.
func manyCalls(calls int) *Ledger {
	l := NewLedger("run-7f3a-", capturetest.FirstOfSix.Add(time.Hour))
	for i := range calls {
		record(l, uint64(i), capturetest.CallOf(i), measure.Accepted)
	}
	return l
}
