package measure

import (
	"slices"
	"testing"
	"time"
)

// The recent 95th percentile is that of the last 5 to 10 seconds: it forgets what was before.
func TestRecentP95(t *testing.T) {
	r := NewRecorder()
	phase := r.AddPhase(Phase{Scored: true})
	record := func(second int, response time.Duration) Snapshot {
		end := time.Duration(second) * time.Second
		for range 3 {
			r.Shard(0).Record(&Outcome{Due: end - response, Done: end, Phase: phase, Lag: NoLag})
		}
		r.Roll(end, 0, 0)
		return r.Snapshot()
	}
	var now Snapshot
	for second := 1; second <= 30; second++ {
		now = record(second, 800*ms)
		if most := uint64(3 * min(second, 10)); now.RecentP95Of > most || now.RecentP95Of < min(most, 15) {
			t.Errorf("after %d s, the recent percentile is of %d uploads", second, now.RecentP95Of)
		}
	}
	if got := now.RecentP95.Round(10 * ms); got != 800*ms {
		t.Errorf("recent p95 %v, want 800 ms", got)
	}
	for second := 31; second <= 41; second++ {
		now = record(second, 20*ms)
	}
	if got := now.RecentP95.Round(ms); got != 20*ms || now.P95 < 790*ms {
		t.Errorf("recent p95 %v of %v in all, want 20 ms", got, now.P95)
	}
}

// A snapshot has the failures by kind, the most frequent first, and is not changed by later ones.
func TestSnapshotCountsFailuresByKind(t *testing.T) {
	r := NewRecorder()
	first, second := r.AddPhase(Phase{}), r.AddPhase(Phase{Scored: true})
	separate := r.AddPhase(Phase{Separate: true})
	record := func(phase uint8, class Class, status uint16, n int) {
		for range n {
			r.Shard(0).Record(&Outcome{Phase: phase, Class: class, Status: status, Lag: NoLag})
		}
	}
	r.Roll(time.Second, 0, 0)
	if got := r.Snapshot().Failures; got != nil {
		t.Errorf("failures of nothing: %v", got)
	}
	record(first, Status, 503, 2)
	record(second, Status, 503, 2)
	record(second, Timeout, 0, 3)
	record(second, Accepted, 200, 9)
	record(separate, Duplicate, 200, 5)
	r.Roll(2*time.Second, 0, 0)
	before := r.Snapshot()
	record(second, Timeout, 0, 4)
	r.Roll(3*time.Second, 0, 0)
	for name, tt := range map[string]struct {
		now  Snapshot
		want []FailureCount
	}{
		"before": {before, []FailureCount{{Status, 503, 4}, {Timeout, 0, 3}}},
		"after":  {r.Snapshot(), []FailureCount{{Timeout, 0, 7}, {Status, 503, 4}}},
	} {
		if !slices.Equal(tt.now.Failures, tt.want) {
			t.Errorf("%s: %v, want %v", name, tt.now.Failures, tt.want)
		}
	}
}
