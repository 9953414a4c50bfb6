package delivery

import (
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// Intentional duplicates are counted separately, whichever of the two a server keeps, and whether or not it keeps
// names.
func TestDuplicatesOnPurposeAreApart(t *testing.T) {
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	call := func(second, ms int) rdio.Call {
		return rdio.Call{
			System:    11,
			Talkgroup: 1001,
			Time:      start.Add(time.Duration(second)*time.Second + time.Duration(ms)*time.Millisecond),
		}
	}
	send := func(l *Ledger, n uint64, c rdio.Call, duplicate bool) {
		l.Record(n, &c, &measure.Outcome{Done: time.Second, Class: measure.Accepted, Duplicate: duplicate})
	}
	tests := []struct {
		name                       string
		kept                       []int // numbers of calls
		stored, missing            uint64
		duplicates, keptDuplicates uint64
		backlog                    int64
	}{
		{"drops duplicates", []int{0, 2, 4}, 3, 0, 2, 0, 0},
		{"keeps all", []int{0, 1, 2, 3, 4}, 3, 0, 2, 2, 0},
		{"keeps the duplicate instead", []int{1, 2, 4}, 2, 0, 3, 1, 1}, // no log says that the original was dropped
		{"keeps the one that is in the next second instead", []int{0, 3, 4}, 2, 0, 3, 1, 1},
		{"loses both", []int{0, 1, 4}, 2, 1, 2, 1, 1},
		{"loses all", nil, 0, 3, 2, 0, 3},
	}
	for _, tt := range tests {
		for _, named := range []bool{true, false} {
			if !named && tt.kept != nil && tt.kept[0] == 1 {
				continue // calls of one second without names cannot be told apart
			}
			l := NewLedger("rs-abcdefgh-", start)
			calls := []rdio.Call{call(0, 0), call(0, 300), call(10, 900), call(11, 100), call(20, 0)}
			for n, c := range calls {
				send(l, uint64(n), c, n == 1 || n == 3)
			}
			m := matcher{
				ledger: l,
				sent:   func(n uint64) (Sent, bool) { return Sent{Ext: ".mp3", Sum: [32]byte{byte(n)}}, true },
			}
			for _, n := range tt.kept {
				r := Row{
					ID:        int64(n + 1),
					System:    11,
					Talkgroup: 1001,
					Time:      calls[n].Time,
					HasSum:    true,
					Sum:       [32]byte{byte(n)},
				}
				if named {
					r.Name = string(rdio.AppendMark(nil, "abcdefgh", uint64(n))) + ".mp3"
				}
				m.markStored(&r, time.Second)
				m.accountRow(&r)
			}
			var d measure.Delivery
			newAccount(l, forever, -1, &reasons{}).fillDelivery(&d)
			if *d.Stored != tt.stored || *d.Missing != tt.missing || *d.Acknowledged != tt.stored+tt.missing ||
				*d.Duplicated+*d.Corrupted != 0 {
				t.Errorf(
					"%s, names %t: acknowledged %d, stored %d, missing %d, twice %d, altered %d", tt.name, named,
					*d.Acknowledged, *d.Stored, *d.Missing, *d.Duplicated, *d.Corrupted,
				)
			}
			if k := d.Duplicates; k == nil || k.Acknowledged != tt.duplicates || k.Stored != tt.keptDuplicates ||
				k.NotStored != tt.duplicates-tt.keptDuplicates {
				t.Errorf("%s, names %t: %+v", tt.name, named, k)
			}
			if got := l.counts().backlog(); named && got != tt.backlog {
				t.Errorf("%s: %d calls are still waited for, want %d", tt.name, got, tt.backlog)
			}
		}
	}
}

// An account of a run without duplicates does not mention any.
func TestNoDuplicatesOnPurpose(t *testing.T) {
	l := NewLedger("rs-abcdefgh-", time.Now())
	record(l, 0, rdio.Call{System: 1, Talkgroup: 1}, measure.Accepted)
	var d measure.Delivery
	newAccount(l, forever, -1, &reasons{}).fillDelivery(&d)
	if d.Duplicates != nil || *d.Missing != 1 {
		t.Errorf("got %+v", d)
	}
}
