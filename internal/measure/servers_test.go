package measure

import (
	"testing"
	"time"
)

// Each server's uploads are counted apart, those of scored phases alone, and a call that was sent again with the server
// that got it last.
func TestServersAreToldApart(t *testing.T) {
	r := NewRecorder()
	r.CountServers(2)
	warm, scored := r.AddPhase(Phase{Name: "warm-up"}), r.AddPhase(Phase{Name: "load", Scored: true})
	second := time.Second
	for i, o := range []Outcome{
		{Phase: warm, Server: 1, Done: second},
		{Phase: scored, Server: 0, Done: second},
		{Phase: scored, Server: 1, Done: 3 * second},
		{Phase: scored, Server: 1, Done: second, Class: Refused},
		{Phase: scored, Server: 1, Done: second, HeldUp: true},
	} {
		r.Shard(i).Record(&o)
	}
	again := Outcome{Phase: scored, Server: 0, Class: Status, Status: 503}
	r.Shard(0).RecordRetry(&again)
	r.Shard(0).RecordRetry(&again)
	r.Shard(1).RecordAbandoned(&again)
	r.Roll(3*second, 0, 0)
	var res Result
	r.FillResult(&res, []TimeSpan{{}, {Length: 4 * second}})
	if len(res.Servers) != 2 {
		t.Fatalf("%+v", res.Servers)
	}
	a, b := &res.Servers[0], &res.Servers[1]
	if a.Attempted != 1 || a.Accepted != 1 || a.FailedAttempts != 1 || a.Latency.MeanS != 1 || a.UploadsPerS != 0.25 {
		t.Errorf("%+v", a)
	}
	if b.Attempted != 3 || b.Accepted != 2 || b.Failed != 1 || b.Errors.Connection != 1 || b.Latency.MeanS != 3 ||
		b.Latency.LeftOut != 1 || len(b.ErrorDetails) != 1 {
		t.Errorf("%+v", b)
	}
	o := Outcome{Phase: scored, Server: 1, Done: second}
	if n := testing.AllocsPerRun(100, func() { r.Shard(0).Record(&o) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Without several servers, nothing is counted for each.
func TestOneServerIsNotToldApart(t *testing.T) {
	r := NewRecorder()
	o := Outcome{Phase: r.AddPhase(Phase{Name: "load", Scored: true})}
	r.Shard(0).Record(&o)
	r.Roll(time.Second, 0, 0)
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: time.Second}})
	if res.Servers != nil || res.Totals.Attempted != 1 {
		t.Errorf("%+v of %+v", res.Servers, res.Totals)
	}
}
