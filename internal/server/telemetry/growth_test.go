package telemetry

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// Growing memory is distinguished from fluctuating memory, and nothing is reported within the first hour.
func TestGrowth(t *testing.T) {
	tests := []struct {
		name     string
		value    func(h float64) float64 // MB, by hours
		min, max float64                 // MB/h
	}{
		{"flat", func(float64) float64 { return 50 }, 0, 0},
		{"leaks", func(h float64) float64 { return 50 + 20*h }, 18, 22},
		{"saw", func(h float64) float64 { return 50 + 20*math.Mod(h*7, 1) }, -4, 4},
		{"a burst", func(h float64) float64 {
			if h > 1 && h < 1.3 {
				return 900
			}
			return 50
		}, -1, 1},
		{"filled at the start", func(h float64) float64 { return 80 - 60*math.Exp(-h*40) }, -1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var g growth
			rng := rand.New(rand.NewPCG(1, 2))
			start := time.Unix(0, 0)
			for s := 0; s < 2*3600; s += 10 {
				noise := 2 * (rng.Float64() - 0.5)
				if tt.name == "flat" {
					noise = 0
				}
				at := start.Add(time.Duration(s) * time.Second)
				g.add(at, Value{Number: 1e6 * (tt.value(float64(s)/3600) + noise)})
				if f := g.perHour(); s < 4200 && f.Absent == "" {
					t.Fatalf("after %d s: %v", s, f)
				}
			}
			if f := g.perHour(); f.Absent != "" || f.Number < tt.min*1e6 || f.Number > tt.max*1e6 {
				t.Errorf("grows by %.1f MB/h (%s), want %v to %v", f.Number/1e6, f.Absent, tt.min, tt.max)
			}
			if len(g.points) > 361 {
				t.Errorf("%d points", len(g.points))
			}
		})
	}
}
