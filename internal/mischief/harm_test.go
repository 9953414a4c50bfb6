package mischief

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/load"
	"rdiostress/internal/measure"
	"rdiostress/internal/upload"
)

// A server that reads one upload at a time is held up by slow clients, and a run of half a minute finds it.
func TestHeldUpServerIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	var one sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "Call imported successfully.\n")
	}))
	defer server.Close()
	s := testScenario(server.URL)
	s.Total, s.Duration, s.Timeout = 0, 27*time.Second, time.Minute
	target, err := load.NewTarget(s, upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	start := time.Now()
	runner := &load.Runner{
		Scenario: s, Traffic: testTraffic(t, s, start), Recorder: measure.NewRecorder(), Start: start, Target: target,
	}
	mix, err := ParseMix("slow=20")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Start(t.Context(), Options{
		Mix: mix, Scenario: s, RunID: testRun, Start: start, Calls: runner.Recorder.Snapshot, Traffic: runner.Traffic,
	})
	if err != nil {
		t.Fatal(err)
	}
	var res measure.Result
	runner.Fill(&res, runner.Run(t.Context()))
	m := c.Stop(res.Series, false)
	if len(m.Findings) != 1 || m.Findings[0].Problem != "slowed_good_calls" {
		t.Errorf(
			"findings %+v; good calls %+v, without %+v, with %+v", m.Findings, m.GoodCalls, m.GoodCalls.Without,
			m.GoodCalls.With,
		)
	}
	if m := c.tally.result(func(time.Duration) measure.GoodCalls { return measure.GoodCalls{} }); len(m.Findings) != 0 {
		t.Errorf("findings without a comparison: %+v", m.Findings)
	}
}
