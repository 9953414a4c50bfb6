package load

import (
	"fmt"
	"testing"
	"time"
)

func TestStep(t *testing.T) {
	for _, tt := range []struct {
		clients string
		reads   bool // milliseconds
		ratio   float64
		window  time.Duration
		want    time.Duration
	}{
		{"sdrtrunk", true, 0, 0, time.Second},
		{"rdio-scanner", false, 0, 0, time.Second},
		{"rdio-scanner", true, 0, 0, 625 * time.Millisecond},
		{"rdio-scanner,curl,trunk-recorder-meta", true, 0, 0, 625 * time.Millisecond},
		{"rdio-scanner,voxcall", true, 0, 0, time.Second},
		{"rdio-scanner", true, 0.1, 0, time.Second}, // 500 ms after a duplicate that is 400 ms late
		{"rdio-scanner", true, 0, 1200 * time.Millisecond, 1250 * time.Millisecond},
		{"sdrtrunk,curl", true, 0.1, 900 * time.Millisecond, 2 * time.Second},
		{"sdrtrunk", true, 0.1, 900 * time.Millisecond, time.Second},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			s := testScenario()
			s.Clients, _ = ParseMix(tt.clients)
			s.Milliseconds, s.DuplicateRatio, s.DuplicateWindow = tt.reads, tt.ratio, tt.window
			if got := s.Step(); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// With dates in milliseconds, no two calls of a talkgroup but intentional duplicates are within the window.
func TestMillisecondsKeepTheWindow(t *testing.T) {
	for _, ratio := range []float64{0, 0.3} {
		s := testScenario()
		s.Clients, _ = ParseMix("rdio-scanner")
		s.Milliseconds, s.DuplicateRatio, s.Duration = true, ratio, 20*time.Second
		traffic := NewTraffic(s, TrafficOptions{RunID: "abc", Start: start, Clips: silence{}})
		type pair struct{ system, talkgroup int64 }
		taken := make(map[pair][]time.Time)
		var c Slip
		for n := range uint64(1500) {
			if !traffic.Next(n, time.Duration(n)*13*time.Millisecond, &c) {
				t.Fatalf("there is no call %d", n)
			}
			of := pair{c.System, c.Talkgroup}
			near := 0
			for _, other := range taken[of] {
				if c.Time.Sub(other).Abs() <= DefaultWindow {
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
