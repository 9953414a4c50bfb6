package deliverytest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/traffic"
	clips "rdiostress/testdata/audio"
)

// Record takes the receipt of a call that was uploaded in a moment.
func Record(l *delivery.Ledger, n uint64, c rdio.Call, class measure.Class) {
	done := time.Second + time.Duration(n)*time.Millisecond
	l.Record(
		n, &c,
		&measure.Outcome{Due: done - 3*time.Millisecond, Sent: done - 2*time.Millisecond, Done: done, Class: class},
	)
}

// CapturedRun is the ledger of the run that filled the captured databases, whose first call is dated to a time: twelve
// calls; three that were acknowledged, but dropped as duplicates; one with a wrong key.
func CapturedRun(first time.Time) *delivery.Ledger { return RunOf("run-7f3a-", first) }

// RunOf is the ledger of the same calls, of a run whose file names have another pattern.
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

// Account accounts for a ledger's calls with a prober.
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

// Tally is a delivery's counts in a line.
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

// tallyOf is an account in short.

// When the first call was that the captured databases of rdio-scanner 7 and 6 have.
var (
	FirstOfSeven = time.UnixMilli(1795472069000)
	FirstOfSix   = time.Date(2026, 11, 23, 22, 14, 37, 0, time.UTC)
)

// Converted reads a sample of converted audio, of 0.9 s.
func Converted(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "..", "audio", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Embedded reads a clip that is built into the program.
func Embedded(t testing.TB, name string) []byte {
	t.Helper()
	file, err := clips.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Clip is a clip of a kind and length.
func Clip(t testing.TB, k audio.Kind, length time.Duration) []byte {
	t.Helper()
	source, err := audio.New(k, 0)
	if err != nil {
		t.Fatal(err)
	}
	clip := source.Clip(audio.Want{Length: length})
	return clip.Bytes([]byte("a call"))
}

// Sending has every call sent with the same audio, which can be made once more.
func Sending(ext string, file []byte) *delivery.AudioOptions {
	sent := delivery.Sent{
		Ext:   ext,
		Size:  int64(len(file)),
		Sum:   sha256.Sum256(file),
		Audio: func() []byte { return file },
	}
	return &delivery.AudioOptions{Sent: func(uint64) (delivery.Sent, bool) { return sent, true }}
}

// Told is what an account says of audio, in short: how many calls are stored and altered, how many were compared,
// converted and checked, why not more, and what is wrong with those that are altered.
func Told(d *measure.Delivery) string {
	words := fmt.Sprintf("%d+%d; %d compared, %d converted, %d checked", *d.Stored, *d.Corrupted, *d.AudioCompared,
		*d.AudioConverted, *d.AudioConvertedChecked)
	if d.AudioNotCompared != "" {
		words += "; " + d.AudioNotCompared
	}
	for _, example := range d.Examples {
		if number, why, ok := strings.Cut(example, ": stored with other audio: "); ok {
			words += "; " + number[len(number)-3:] + ": " + why
		}
	}
	return words
}

// CheckTold checks what an account says of audio.
func CheckTold(t testing.TB, what string, d *measure.Delivery, want string) {
	t.Helper()
	if got := Told(d); got != want {
		t.Errorf("%s: told\n%s, want\n%s", what, got, want)
	}
}

// CallOf is call i of a run of many, five seconds apart.
func CallOf(i int) rdio.Call {
	at := FirstOfSix.Add(time.Duration(i) * 5 * time.Second)
	return rdio.Call{System: int64(11 + i%2), Talkgroup: int64(1001 + i%3), Time: at}
}

// ManyCalls is the ledger of such a run, of which all are acknowledged.
func ManyCalls(calls int) *delivery.Ledger {
	l := delivery.NewLedger("run-7f3a-", FirstOfSix.Add(time.Hour))
	for i := range calls {
		Record(l, uint64(i), CallOf(i), measure.Accepted)
	}
	return l
}

// Words is how storing has ended in a line.
func Words(d measure.Delivery) string {
	if d.Failed {
		return "failed: " + d.Absent
	}
	return fmt.Sprintf(
		"stored %d, dropped %d, missing %d, pending %d; %s", *d.Stored, *d.Dropped, *d.Missing, *d.Pending, d.WaitEnd,
	)
}

// Labels are labels, and the systems that they say.
func Labels() map[string]int64 {
	return map[string]int64{
		traffic.SystemLabel(11): 11, "rdiostress": -1, "": -1, "11": -1, "butco": delivery.OthersSystem,
		"11 North":          delivery.OthersSystem,
		"our rdiostress-11": delivery.OthersSystem, "rdiostress-11b": delivery.OthersSystem,
	}
}
