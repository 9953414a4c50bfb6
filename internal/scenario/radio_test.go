package scenario

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

func FuzzParseGenerator(f *testing.F) {
	f.Add("2/4")
	f.Fuzz(func(t *testing.T, s string) {
		g, err := ParseGenerator(s)
		if err != nil {
			return
		}
		if back, err := ParseGenerator(g.String()); err != nil || back != g {
			t.Errorf("%q is %v and %q", s, g, g.String())
		}
	})
}
