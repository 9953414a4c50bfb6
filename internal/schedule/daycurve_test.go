package schedule

import (
	"math"
	"testing"
	"time"
)

func TestDayCurve(t *testing.T) {
	mean := 0.0
	for _, share := range dayCurve {
		mean += share / 24
	}
	if mean < 1/3.0 || mean > 1/2.0 {
		t.Errorf("the busiest hour is %.2f times the mean, want two to three times", 1/mean)
	}
	for name, tt := range map[string]struct {
		day    Day
		length time.Duration
		stages int
	}{
		"a day":               {Day{On: true}, 24 * time.Hour, 24},
		"a week in an hour":   {Day{On: true, Scale: 168}, time.Hour, 168},
		"from half past six":  {Day{On: true, Start: 6*time.Hour + 30*time.Minute}, 2 * time.Hour, 3},
		"a part of an hour":   {Day{On: true, Start: 17 * time.Hour}, time.Minute, 1},
		"slower than it goes": {Day{On: true, Scale: 0.5}, 3 * time.Hour, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := tt.day.Shape(10, tt.length)
			if s.Length() != tt.length || len(s) != tt.stages {
				t.Fatalf("%d stages over %v, want %d over %v", len(s), s.Length(), tt.stages, tt.length)
			}
			for i := 1; i < len(s); i++ {
				if math.Abs(s[i].From-s[i-1].To) > 1e-6 {
					t.Errorf("the load jumps from %v to %v", s[i-1].To, s[i].From)
				}
			}
		})
	}
	whole := (&Day{On: true, Scale: 24}).Shape(10, time.Hour)
	if got, want := whole.Area(time.Hour), mean*10*3600; math.Abs(got/want-1) > 0.001 {
		t.Errorf("%.0f calls in a day, want %.0f", got, want)
	}
	if at := (&Day{On: true, Start: 17 * time.Hour}).Shape(10, time.Hour).At(0); at != 10 {
		t.Errorf("%v calls/s at 17:00, want all 10", at)
	}
}

// Arrivals and Shape.Time agree for shapes with any number of stages.
func TestArrivalsOverManyStages(t *testing.T) {
	s := (&Day{On: true, Scale: 1000}).Shape(50, 20*time.Minute)
	a := NewConstant(s)
	for n := uint64(0); n < 30_000; n += 7 {
		if got, want := a.Due(n), s.Time(float64(n)); (got - want).Abs() > time.Microsecond {
			t.Fatalf("arrival %d is due at %v, want %v", n, got, want)
		}
	}
}

func TestParseTimeOfDay(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"0": 0, "17": 17 * time.Hour, "06:30": 6*time.Hour + 30*time.Minute,
		"23:59": 24*time.Hour - time.Minute,
	} {
		if got, err := ParseTimeOfDay(in); err != nil || got != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "24", "noon", "7:60", "-1", "7:", "7:-1"} {
		if got, err := ParseTimeOfDay(in); err == nil {
			t.Errorf("%q is taken for %v", in, got)
		}
	}
}

func FuzzParseTimeOfDay(f *testing.F) {
	f.Add("06:30")
	f.Fuzz(func(t *testing.T, s string) {
		at, err := ParseTimeOfDay(s)
		if err != nil {
			return
		}
		if back, err := ParseTimeOfDay(FormatTimeOfDay(at)); err != nil || back != at {
			t.Errorf("%q is %v and %q", s, at, FormatTimeOfDay(at))
		}
	})
}
