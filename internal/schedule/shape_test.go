package schedule

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestShape(t *testing.T) {
	shape, rates, err := ParseShape("10s:50/s, 20:3000/m,10s:0")
	if err != nil {
		t.Fatal(err)
	}
	if got := shape.Format(rates); got != "10s:50/s,20s:50/s,10s:0/s" {
		t.Errorf("written back as %q", got)
	}
	if shape.Length() != 40*time.Second {
		t.Errorf("length %v", shape.Length())
	}
	for _, tt := range []struct{ at, load, area float64 }{
		{0, 0, 0},
		{5, 25, 62.5},
		{10, 50, 250},
		{25, 50, 1000},
		{35, 25, 1437.5},
		{40, 0, 1500},
		{50, 0, 1500},
	} {
		at := time.Duration(tt.at * float64(time.Second))
		if got := shape.At(at); math.Abs(got-tt.load) > 1e-9 {
			t.Errorf("load at %v is %v, want %v", at, got, tt.load)
		}
		if got := shape.Area(at); math.Abs(got-tt.area) > 1e-9 {
			t.Errorf("area at %v is %v, want %v", at, got, tt.area)
		}
		if at < shape.Length() {
			if got := shape.Time(tt.area); (got - at).Abs() > time.Microsecond {
				t.Errorf("area %v is reached at %v, want %v", tt.area, got, at)
			}
		}
	}
	if shape.Time(1501) <= shape.Length() {
		t.Error("an area is reached that is never")
	}
}

func TestParseShapeRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":            "is not a stage",
		"1m":          "is not a stage",
		"soon:5":      `"soon" is not a duration`,
		"1m:fast":     `"fast" is not a rate`,
		"1m:-5":       `"-5" is not a rate`,
		"0:5":         "lasts longer than 0",
		"1m:5,":       "is not a stage",
		"1e300:5":     "too long",
		"1m:5/day":    "is not a rate",
		"1m:NaN":      "is not a rate",
		"10s:50;5:1":  "is not a rate",
		"1m:5/s,1m:7": "mixes rates",
	} {
		if _, _, err := ParseShape(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", in, err, want)
		}
	}
}

func FuzzParseShape(f *testing.F) {
	f.Add("1m:50/s,5m:200/s,1m:0")
	f.Fuzz(func(t *testing.T, s string) {
		shape, rates, err := ParseShape(s)
		if err != nil {
			return
		}
		if _, _, err := ParseShape(shape.Format(rates)); err != nil {
			t.Errorf("%q is written back as %q: %v", s, shape.Format(rates), err)
		}
		length := shape.Length()
		if length > 0 && shape.Time(shape.Area(length/2)) < 0 {
			t.Errorf("%q: time runs backwards", s)
		}
	})
}

func TestShapeAbove(t *testing.T) {
	shape, _, err := ParseShape("10s:10,10s:10,10s:0,10s:20")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ level, from, want float64 }{
		{0, 0, 0}, {4, 0, 4}, {4, 7, 7}, {9, 9.5, 9.5}, {9, 22, 34.5}, {10, 0, 35}, {19, 0, 39.5}, {20, 0, 40}, {
			5, 50,
			50,
		},
	} {
		got := shape.Above(tt.level, time.Duration(tt.from*float64(time.Second))).Seconds()
		if math.Abs(got-tt.want) > 2e-6 {
			t.Errorf("from %v on, the load is over %v at %v, want %v", tt.from, tt.level, got, tt.want)
		}
	}
}
