package measure

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A size is in its bin, bins adjoin, and none is wider than a quarter of its start.
func TestSizeBins(t *testing.T) {
	for range 10_000 {
		size := rand.Int64N(1<<uint(3+rand.IntN(36))) + 1
		bin := binOf(size)
		if from, to := binStart(bin), binStart(bin+1); size < from || size >= to || from > 8 && 4*(to-from) > from {
			t.Fatalf("%d is in bin %d, from %d to %d", size, bin, from, to)
		}
	}
	for bin := range sizeBins {
		if next := binStart(bin + 1); next > 0 && bin+1 < sizeBins && binOf(next) != bin+1 {
			t.Errorf("bin %d ends at %d, which is in bin %d", bin, next, binOf(next))
		}
	}
	if binOf(1<<62) != sizeBins-1 {
		t.Error("no bin for what is too large")
	}
}

// Sizes cover the scored phases, in all shards.
func TestUploadSizes(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Name: "warm-up"})
	r.AddPhase(Phase{Name: "load", Scored: true})
	record := func(phase uint8, size int64, class Class, status uint16) {
		o := Outcome{Phase: phase, Size: size, Class: class, Status: status, Steps: NoSteps(), Done: 1}
		r.Shard(int(size)).Record(&o)
	}
	record(0, 4_000, Accepted, 200)
	for i := range int64(3) {
		record(1, 4_096+i, Accepted, 200)
		record(1, 1<<20+i, Status, 413)
		r.Roll(time.Duration(i+1)*time.Second, 0, 0)
	}
	record(1, 4_100, Unauthorised, 401)
	record(1, 4_100, Status, 429)
	record(1, 4_100, Status, 500)
	record(1, 1<<20, Status, 502)
	record(1, 1<<20, Write, 0)
	record(1, 1<<20, Reset, 0)
	record(1, 0, Refused, 0)
	r.Roll(4*time.Second, 0, 0)
	var res Result
	r.FillResult(&res, make([]TimeSpan, 2))
	want := &UploadSizes{
		LargestAccepted: 4_098, SmallestTooLarge: 1 << 20,
		Bins: []SizeBin{
			{FromBytes: 4_096, ToBytes: 5_120, Accepted: 3, Refused: 2, Failed: 1},
			{FromBytes: 1 << 20, ToBytes: 5 << 18, TooLarge: 3, Lost: 3},
		},
	}
	if diff := cmp.Diff(want, res.UploadSizes); diff != "" {
		t.Error(diff)
	}
}
