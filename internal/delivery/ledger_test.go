package delivery

import (
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

func TestReceiptKeepsWhatItIsGiven(t *testing.T) {
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := NewLedger("rs-abcdefgh-", start)
	for n, c := range []rdio.Call{
		{System: 900, Talkgroup: 1001, Time: start.Add(-time.Minute)},
		{System: rdio.MaxID, Talkgroup: rdio.MaxID, Time: start.Add(-6 * 24 * time.Hour)},
		{System: 1, Talkgroup: 1, Time: start.AddDate(10, 0, 0)},
	} {
		done := time.Duration(n+1) * 90 * time.Hour
		l.Record(uint64(n), &c, &measure.Outcome{Due: done - 17*time.Millisecond, Done: done, Class: measure.Reset})
		r := l.slot(uint64(n))
		if r.system() != c.System || r.talkgroup() != c.Talkgroup || r.second() != l.second(c.Time) ||
			r.class() != measure.Reset ||
			r.doneAt() != done ||
			r.dueAt() != done-17*time.Millisecond ||
			r.accepted() {
			t.Errorf(
				"call %d: %d, %d, %v, due %v, done %v", n, r.system(), r.talkgroup(), r.class(), r.dueAt(),
				r.doneAt(),
			)
		}
	}
	from, to := l.span()
	if want := start.Add(-6 * 24 * time.Hour); !from.Equal(want) || !to.Equal(start.AddDate(10, 0, 0)) {
		t.Errorf("dated from %v to %v", from, to)
	}
}

// A call is counted once, whether the receipt or the poll comes first.
func TestCountedOnce(t *testing.T) {
	const calls, lookers = 20_000, 3
	l := NewLedger("rs-abcdefgh-", time.Now())
	var all sync.WaitGroup
	for w := range lookers {
		all.Go(func() {
			for n := range uint64(calls) {
				if r := l.known(n); r != nil {
					l.markSeen(n, r, time.Duration(w))
				}
			}
		})
	}
	all.Go(func() {
		for n := range uint64(calls) {
			record(l, n, rdio.Call{System: 1, Talkgroup: 1}, measure.Class(n%2)) // every second one is accepted
		}
	})
	all.Wait()
	for n := range uint64(calls) {
		l.markSeen(n, l.slot(n), 0) // those that no poll knew yet
	}
	if got := l.counts(); got != (counts{acknowledged: calls / 2, stored: calls / 2}) {
		t.Errorf("counted %+v", got)
	}
}

// A number that only a stranger's file name contains takes no memory.
func TestUnknownNumbers(t *testing.T) {
	l := NewLedger("rs-abcdefgh-", time.Now())
	for _, n := range []uint64{chunkSize, 1 << 40, chunkSize * maxChunks} {
		if l.known(n) != nil {
			t.Errorf("call %d is known", n)
		}
	}
	record(l, chunkSize*maxChunks, rdio.Call{}, measure.Accepted) // beyond what is kept
	record(l, 5, rdio.Call{System: 1, Talkgroup: 1}, measure.Accepted)
	if l.known(chunkSize+5) == nil || l.known(1<<40) != nil {
		t.Error("the next chunk is what comes next")
	}
	if got := l.counts(); got.acknowledged != 1 {
		t.Errorf("counted %+v", got)
	}
}

// Ten million calls fit in 500 MB, with an index over them.
func TestLedgerMemory(t *testing.T) {
	const perCall = int(unsafe.Sizeof(receipt{}))
	if perCall > 40 {
		t.Errorf("a receipt takes %d bytes", perCall)
	}
	var before, after runtime.MemStats
	const calls = 1_000_000
	runtime.GC()
	runtime.ReadMemStats(&before)
	l := NewLedger("rs-abcdefgh-", time.Now())
	c, o := rdio.Call{System: 900}, measure.Outcome{Done: time.Second}
	for n := range uint64(calls) {
		c.Talkgroup, c.Time = int64(1+n%1000), l.start.Add(time.Duration(n/1000)*time.Second)
		l.Record(n, &c, &o)
	}
	x := newIndex(l)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := float64(after.HeapAlloc-before.HeapAlloc) / calls; got > 50 {
		t.Errorf("%.1f bytes a call", got)
	}
	if n, ok := x.find(l, &Row{System: 900, Talkgroup: 124, Time: l.start.Add(456 * time.Second)}, func(uint64,
		*receipt,
	) bool {
		return true
	}); !ok ||
		n != 456_123 {
		t.Errorf("found %d, %t", n, ok)
	}
	if _, ok := x.find(l, &Row{System: 901, Talkgroup: 124, Time: l.start.Add(456 * time.Second)}, func(uint64,
		*receipt,
	) bool {
		return true
	}); ok {
		t.Error("found what there is not")
	}
	runtime.KeepAlive(l)
}

func TestRecordAllocatesNothing(t *testing.T) {
	l := NewLedger("rs-abcdefgh-", time.Now())
	c, o := rdio.Call{System: 900, Talkgroup: 1001, Time: l.start}, measure.Outcome{Done: time.Second}
	n := uint64(0)
	l.Record(chunkSize-1, &c, &o)
	if allocs := testing.AllocsPerRun(chunkSize-2, func() {
		l.Record(n, &c, &o)
		n++
	}); allocs != 0 {
		t.Errorf("%v allocations for a receipt", allocs)
	}
}

// BenchmarkRecord measures the cost of a receipt for an upload, whose system calls take about 10 µs.
func BenchmarkRecord(b *testing.B) {
	l := NewLedger("rs-abcdefgh-", time.Now())
	c, o := rdio.Call{System: 900, Talkgroup: 1001, Time: l.start}, measure.Outcome{Done: time.Second}
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		l.Record(n, &c, &o)
	}
}
