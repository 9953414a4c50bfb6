package traffic

import (
	"math"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// The clients get their shares of the calls, and each call has the same client in every run.
func TestMixShares(t *testing.T) {
	s := uploadtest.Scenario()
	s.Talkgroups, _ = scenario.ParseIDs("1-10000")
	s.Clients, _ = scenario.ParseMix("sdrtrunk=70,trunk-recorder=20,curl=10")
	const n = 20_000
	counts := make(map[rdio.Client]float64)
	one, other := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}}), New(s,
		Options{RunID: "xyz", Start: start, Clips: uploadtest.Silence{}})
	var a, b upload.Request
	for i := range uint64(n) {
		if !one.Next(i, 0, &a) || !other.Next(i, 0, &b) {
			t.Fatal("no call")
		}
		counts[a.Client]++
		if a.Client != b.Client || a.Random != b.Random {
			t.Fatalf("call %d is of %v, and of %v in another run", i, a.Client, b.Client)
		}
	}
	for c, want := range map[rdio.Client]float64{rdio.SDRTrunk: 0.7, rdio.TrunkRecorder: 0.2, rdio.Curl: 0.1} {
		if got := counts[c] / n; math.Abs(got-want) > 0.02 {
			t.Errorf("%v has a share of %.3f, want %v", c, got, want)
		}
	}
}

// With dates in milliseconds, only intentional duplicates are within the window of another call.
func TestMillisecondsKeepTheWindow(t *testing.T) {
	for _, ratio := range []float64{0, 0.3} {
		s := uploadtest.Scenario()
		s.Clients, _ = scenario.ParseMix("rdio-scanner")
		s.Milliseconds, s.DuplicateRatio, s.Duration = true, ratio, 20*time.Second
		traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
		type pair struct{ system, talkgroup int64 }
		taken := make(map[pair][]time.Time)
		var c upload.Request
		for n := range uint64(1500) {
			if !traffic.Next(n, time.Duration(n)*13*time.Millisecond, &c) {
				t.Fatalf("there is no call %d", n)
			}
			of := pair{c.System, c.Talkgroup}
			near := 0
			for _, other := range taken[of] {
				if c.Time.Sub(other).Abs() <= scenario.DefaultWindow {
					near++
				}
			}
			if near > 1 || near == 1 && !c.Duplicate {
				t.Fatalf("ratio %g: call %d at %v is within the window of %d others", ratio, n, c.Time, near)
			}
			taken[of] = append(taken[of], c.Time)
		}
	}
}
