package traffic

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// Probes are dated in the past, as far back as servers keep calls, and have the label of their system.
func TestProbes(t *testing.T) {
	s := uploadtest.Scenario()
	now := time.Now()
	for run := range 20 {
		traffic := New(s, Options{RunID: strconv.Itoa(run), Start: now, Clips: uploadtest.Silence{}})
		for _, at := range []time.Duration{0, traffic.probes.room, 2 * traffic.probes.room} {
			var c upload.Request
			traffic.Probe(at, &c)
			if age := now.Sub(c.Time); age < radio.Age || age > radio.MaxAge+time.Hour ||
				!c.Time.Equal(c.Time.Truncate(time.Second)) {
				t.Errorf("dated %v, %v back", c.Time, age)
			}
			if want := fmt.Sprintf("rdiostress-%d", c.System); c.SystemLabel != want {
				t.Errorf("system %d is called %q", c.System, c.SystemLabel)
			}
		}
		if traffic.probes.room != maxProbeTime {
			t.Errorf("room for %v", traffic.probes.room)
		}
	}
}

// Each system has a label of its own, the same in every run.
func TestSystemLabels(t *testing.T) {
	s := uploadtest.Scenario()
	s.Systems = scenario.IDs{11, 12, 900}
	traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
	seen := map[int64]string{}
	var c upload.Request
	for n := range uint64(100) {
		if !traffic.Next(n, 0, &c) {
			break
		}
		seen[c.System] = c.SystemLabel
	}
	for system, want := range map[int64]string{11: "rdiostress-11", 12: "rdiostress-12", 900: "rdiostress-900"} {
		if seen[system] != want {
			t.Errorf("system %d is called %q, want %q", system, seen[system], want)
		}
	}
}
