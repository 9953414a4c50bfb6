package measure

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The cumulative figures are those of all phases, with the duplicates only among the uploads that were started. An
// upload that is in flight is one of these, and does not count again when it has ended.
func TestCumulative(t *testing.T) {
	r := NewRecorder()
	if r.Roll(time.Second, 0, 0); r.Cumulative() != nil {
		t.Error("there are figures that nobody has asked for")
	}
	r = NewRecorder()
	due, inFlight := uint64(10), 4
	r.Accumulate(Sending{
		Due: func(at time.Duration) *uint64 {
			n := due * uint64(at/time.Second)
			return &n
		},
		InFlight: func() int { return inFlight },
	})
	warm, scored := r.AddPhase(Phase{}), r.AddPhase(Phase{Scored: true})
	apart := r.AddPhase(Phase{Separate: true})
	record := func(phase uint8, class Class, status uint16, took time.Duration) {
		r.Shard(int(phase)).Record(&Outcome{
			Phase: phase, Class: class, Status: status, Sent: took / 2, Done: took, Lag: time.Millisecond, Bytes: 100,
			Connected: true,
		})
	}
	record(warm, Accepted, 200, 100*ms)
	record(scored, Accepted, 200, 200*ms)
	record(scored, Status, 503, 10*ms)
	record(apart, Duplicate, 200, 10*ms)
	r.Shard(0).RecordRetry(&Outcome{Phase: scored, Class: Timeout})
	r.Roll(time.Second, 4, 1)
	now := r.Cumulative()
	if *now.Due != 10 || now.Started != 5+4 || now.Accepted != 2 || now.Retried != 1 || now.BytesSent != 300 ||
		now.Connects != 3 || !cmp.Equal(now.Failures, []FailureCount{{Status, 503, 1}}) {
		t.Errorf("after a second: %+v", now)
	}
	inFlight, due = 0, 2 // some of what was in flight has ended, but is not recorded yet
	record(scored, Rejected, 200, 10*ms)
	r.Roll(2*time.Second, 0, 1)
	then := r.Cumulative()
	if *then.Due != 10 || then.Started != 9 || *now.Due != 10 {
		t.Errorf("the figures decrease: %d due, %d started", *then.Due, then.Started)
	}
	for range 4 {
		record(scored, Accepted, 200, 2*time.Second)
	}
	r.Roll(3*time.Second, 0, 0)
	last := r.Cumulative()
	if last.Started != 10 || last.Accepted != 6 || last.Response.Count != 6 ||
		last.Response.Sum != 8300*ms || last.Service.Sum != 4150*ms || last.Lag.Count != 8 {
		t.Errorf("at the end: %+v", last)
	}
	if now.Accepted != 2 || now.Response.Count != 2 {
		t.Error("published figures have changed")
	}
}

// Figures of several runs add up, bucket by bucket.
func TestCumulativeAdds(t *testing.T) {
	times := func(list ...time.Duration) Times {
		h := NewHistogram()
		for _, d := range list {
			h.Record(d)
		}
		return timesOf(h)
	}
	due := uint64(3)
	a := Cumulative{
		Due: &due, Started: 4, Accepted: 2, Failures: []FailureCount{{Status, 503, 1}, {Reset, 0, 1}}, Retried: 1,
		LeftOut: 1, BytesSent: 10, SlotWaits: 1, Connects: 2, Response: times(ms, 5*ms), Service: times(ms),
		Lag: times(2 * ms),
	}
	b := Cumulative{
		Due: &due, Started: 1, Accepted: 1, Failures: []FailureCount{{Status, 503, 2}, {DNS, 0, 5}},
		Response: times(ms, 3*ms, 7*ms), Service: times(9 * ms), Lag: times(2 * ms),
	}
	var sum Cumulative
	sum.Add(&a)
	before := sum
	sum.Add(&b)
	six := uint64(6)
	want := Cumulative{
		Due: &six, Started: 5, Accepted: 3, Failures: []FailureCount{{Status, 503, 3}, {Reset, 0, 1}, {DNS, 0, 5}},
		Retried: 1, LeftOut: 1, BytesSent: 10, SlotWaits: 1, Connects: 2, Response: times(ms, ms, 3*ms, 5*ms, 7*ms),
		Service: times(ms, 9*ms), Lag: times(2*ms, 2*ms),
	}
	if diff := cmp.Diff(want, sum, cmp.AllowUnexported(Times{}, timeBucket{})); diff != "" {
		t.Errorf("the sum (-want +got):\n%s", diff)
	}
	if *a.Due != 3 || a.Failures[0].Count != 1 || before.Failures[0].Count != 1 || before.Response.Count != 2 {
		t.Errorf("a summand has changed: %+v, %+v", a, before)
	}
	n := uint64(0)
	for longest, count := range sum.Response.Buckets() {
		if n += count; n == 2 && (longest < ms || longest > ms+ms/500) {
			t.Errorf("the first bucket ends at %v", longest)
		}
	}
	if n != sum.Response.Count {
		t.Errorf("the buckets have %d of %d samples", n, sum.Response.Count)
	}
}

// Each class of failures is listed once, and has a group.
func TestFailures(t *testing.T) {
	if list := Failures(); len(list) != int(numClasses)-1 || list[0] != Timeout || list[len(list)-1] != Duplicate {
		t.Errorf("%v", list)
	}
	answered := FailureCount{Class: Duplicate, Status: 409}
	if p := answered.Parent(); p != ParentHTTP {
		t.Errorf("a 409 counts as %s", p)
	}
}

// What was added since an earlier state is the difference of both, and has histograms of its own.
func TestTimesSince(t *testing.T) {
	h := NewHistogram()
	for _, d := range []time.Duration{ms, 3 * ms, 3 * ms} {
		h.Record(d)
	}
	before := timesOf(h)
	for _, d := range []time.Duration{2 * ms, 3 * ms, 20 * time.Minute} {
		h.Record(d)
	}
	after := timesOf(h)
	d := after.Since(&before)
	if d.Count != 3 || d.Sum != 20*time.Minute+5*ms {
		t.Errorf("%+v", d)
	}
	added := d.Histogram()
	q := added.Quantiles(0.01, 0.5, 1)
	if added.Count() != 3 || added.Mean() != d.Sum/3 ||
		q[0]/(ms/10) != 20 || q[1]/(ms/10) != 30 || q[2] < 10*time.Minute {
		t.Errorf("mean %v, quantiles %v", added.Mean(), q)
	}
	none := after.Since(&after)
	if none.Count != 0 || none.Sum != 0 || len(none.buckets) != 0 {
		t.Errorf("nothing was added: %+v", none)
	}
	i := HistogramsOf(2*time.Second, 3500*ms, &d, &none)
	if i.TS != 2 || i.WidthS != 1.5 || i.Count != 3 || i.ServiceTime != "" {
		t.Errorf("%+v", i)
	}
	i.ServiceTime = i.Latency
	response, _, err := i.Decode()
	if err != nil || response.Count() != 3 {
		t.Errorf("%v, %+v", err, response)
	}
}

func BenchmarkCumulative(b *testing.B) {
	r := NewRecorder()
	r.Accumulate(Sending{Due: func(time.Duration) *uint64 { return nil }, InFlight: func() int { return 0 }})
	r.AddPhase(Phase{Scored: true})
	for i := range 20000 {
		d := time.Duration(i%1000+1) * time.Duration(i%7+1) * 10 * time.Microsecond
		r.Shard(i).Record(&Outcome{Done: d, Lag: d / 50})
	}
	r.Roll(time.Second, 0, 0)
	for b.Loop() {
		r.all.publish(time.Second)
	}
}
