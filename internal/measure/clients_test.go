package measure

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each client's uploads are counted in all shards and seconds, and the single status of its failures is reported.
func TestRecorderCountsClients(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Name: "warm-up"})
	scored := r.AddPhase(Phase{Scored: true})
	record := func(client uint8, class Class, status uint16, times int) {
		for i := range times {
			r.Shard(i).Record(&Outcome{Phase: scored, Client: client, Class: class, Status: status, Lag: NoLag})
			if i%3 == 0 {
				r.Roll(time.Duration(i)*time.Second, 0, 0)
			}
		}
	}
	r.Shard(0).Record(&Outcome{Client: 2, Lag: NoLag}) // not scored
	record(0, Accepted, 200, 7)
	record(1, Status, 500, 5)
	record(3, Accepted, 200, 2)
	record(3, Status, 500, 1)
	record(3, Status, 502, 1)
	record(1, Status, 503, 2)
	record(1, Status, 429, 1)
	record(4, Timeout, 0, 4)
	record(5, Accepted, 201, 4)
	record(5, Duplicate, 409, 3)
	r.Roll(time.Minute, 0, 0)
	want := []ClientTotals{
		{Client: "a", Attempted: 7, Accepted: 7},
		{Client: "b", Attempted: 8, Failed: 8, Busy: 3, OnlyStatus: 500},
		{Client: "d", Attempted: 4, Accepted: 2, Failed: 2},
		{Client: "e", Attempted: 4, Failed: 4},
		{Client: "f", Attempted: 7, Accepted: 4, Failed: 3, OnlyStatus: 409},
	}
	if diff := cmp.Diff(want, r.Clients([]string{"a", "b", "c", "d", "e", "f"})); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
}

// A duplicate that is refused with an error status is an HTTP error; one that is silently dropped is a rejection.
func TestDuplicatesByStatus(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Scored: true})
	for _, status := range []uint16{200, 409, 409} {
		o := Outcome{Class: Duplicate, Status: status, Lag: NoLag}
		if want := map[uint16]Parent{200: ParentRejected, 409: ParentHTTP}[status]; o.Parent() != want {
			t.Errorf("%d counts as %s, want %s", status, o.Parent(), want)
		}
		r.Shard(0).Record(&o)
	}
	r.Roll(time.Second, 0, 0)
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: time.Second}})
	if res.Errors.HTTP["409"] != 2 || res.Errors.Rejected != 1 {
		t.Errorf("errors %+v", res.Errors)
	}
	want := []ErrorDetail{
		{
			Class:  "duplicate",
			Parent: "http",
			Status: 409,
			Count:  2,
		}, {Class: "duplicate", Parent: "rejected", Status: 200, Count: 1},
	}
	if diff := cmp.Diff(want, res.ErrorDetails); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}

func TestRecordDoesNotAllocate(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Scored: true})
	shard := r.Shard(0)
	outcomes := []Outcome{
		{Client: 1, Lag: NoLag},
		{Client: 2, Class: Status, Status: 500, Lag: NoLag},
		{Client: 2, Class: Duplicate, Status: 409, Lag: NoLag},
	}
	for i := range outcomes {
		shard.Record(&outcomes[i])
	}
	if n := testing.AllocsPerRun(1000, func() {
		for i := range outcomes {
			shard.Record(&outcomes[i])
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
