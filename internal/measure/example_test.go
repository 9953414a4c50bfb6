package measure_test

import (
	"fmt"
	"time"

	"rdiostress/internal/measure"
)

// Two uploads are recorded. The server refuses one of them.
func ExampleRecorder() {
	r := measure.NewRecorder()
	phase := r.AddPhase(measure.Phase{Name: "sustained", Scored: true})
	shard := r.Shard(0) // of one uploader
	shard.Record(&measure.Outcome{
		Phase: phase, Sent: 10 * time.Millisecond, Done: 50 * time.Millisecond,
		Class: measure.Accepted, Lag: measure.NoLag, Steps: measure.NoSteps(),
	})
	shard.Record(&measure.Outcome{
		Phase: phase, Due: time.Second, Sent: time.Second, Done: 1100 * time.Millisecond,
		Class: measure.Status, Status: 503, Lag: measure.NoLag, Steps: measure.NoSteps(),
	})
	r.Roll(2*time.Second, 0, 0)

	var res measure.Result
	r.FillResult(&res, []measure.TimeSpan{{Length: 2 * time.Second}})
	fmt.Printf("%d of %d accepted, after %.3f s\n", res.Totals.Accepted, res.Totals.Attempted, res.Latency.MaxS)
	fmt.Println("failed:", res.Errors.HTTP)
	// Output:
	// 1 of 2 accepted, after 0.050 s
	// failed: map[503:1]
}

// A signal is found in the table of signals.
func ExampleSignal_Info() {
	var seen measure.Observation
	seen.Set(measure.RSS, 48e6)
	sig := measure.RSS.Info()
	v, _ := seen.Get(sig.Signal)
	fmt.Println(sig.Name, v, sig.Unit)
	// Output: rss_bytes 4.8e+07 bytes
}
