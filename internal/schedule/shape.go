package schedule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Shape is the load over the time of a run, as consecutive straight lines. Its unit is calls per second in the open
// model, uploaders in the closed model.
type Shape []Stage

// Stage is one straight line of a Shape.
type Stage struct {
	Length   time.Duration
	From, To float64
}

// Length returns the length of the whole shape.
func (s Shape) Length() (d time.Duration) {
	for _, stage := range s {
		d += stage.Length
	}
	return d
}

// At returns the load at time t, which is 0 after the end.
func (s Shape) At(t time.Duration) float64 {
	for _, stage := range s {
		if t < stage.Length {
			return stage.From + (stage.To-stage.From)*t.Seconds()/stage.Length.Seconds()
		}
		t -= stage.Length
	}
	return 0
}

// Above returns the first time at or after t when the load is above a level. If it never is again, the time is after
// the end.
func (s Shape) Above(level float64, t time.Duration) time.Duration {
	start := time.Duration(0)
	for _, g := range s {
		if end := start + g.Length; t < end {
			at := max(t, start)
			switch slope := (g.To - g.From) / g.Length.Seconds(); {
			case g.From+slope*(at-start).Seconds() > level:
				return at
			case g.To > level:
				// Just after the line crosses the level.
				return max(at, start+time.Duration((level-g.From)/slope*float64(time.Second))) + time.Microsecond
			}
		}
		start += g.Length
	}
	return max(t, start) + time.Nanosecond
}

// Max returns the highest load.
func (s Shape) Max() (most float64) {
	for _, g := range s {
		most = max(most, g.From, g.To)
	}
	return most
}

// Area returns the integral of the load up to t. In the open model, this many calls are due by then.
func (s Shape) Area(t time.Duration) (area float64) {
	for _, stage := range s {
		part := min(t, stage.Length).Seconds()
		slope := (stage.To - stage.From) / stage.Length.Seconds()
		area += stage.From*part + slope*part*part/2
		if t -= stage.Length; t <= 0 {
			break
		}
	}
	return area
}

// Time returns when the area reaches a size: it is the inverse of Area. If the area never does, the time is after the
// end.
func (s Shape) Time(area float64) time.Duration {
	start := time.Duration(0)
	for _, stage := range s {
		whole := stage.area()
		if area < whole {
			seconds := min(stage.reach(area), stage.Length.Seconds())
			return start + min(time.Duration(seconds*float64(time.Second)), stage.Length)
		}
		area -= whole
		start += stage.Length
	}
	return start + time.Nanosecond
}

// area is the integral of the load over the stage.
func (g Stage) area() float64 { return (g.From + g.To) / 2 * g.Length.Seconds() }

// reach returns when the stage has an area that is less than its whole, in seconds since its start.
func (g Stage) reach(area float64) float64 {
	slope := (g.To - g.From) / g.Length.Seconds()
	if area <= 0 {
		return 0
	}
	if slope == 0 {
		return area / g.From
	}
	// The root of slope/2·t² + From·t = area that loses no digits when the slope is small.
	return 2 * area / (g.From + math.Sqrt(g.From*g.From+2*slope*area))
}

// ParseShape reads stages such as "1m:50,5m:200,1m:0": a minute from 0 to 50, and so on. Each stage starts where the
// one before it ended. A target is a rate if it has a unit, such as 50/s or 3000/m, else a number of uploaders; 0 can
// be either.
func ParseShape(text string) (shape Shape, rates bool, err error) {
	from, counts := 0.0, false
	for _, part := range strings.Split(text, ",") {
		length, target, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok {
			return nil, false, fmt.Errorf("%q is not a stage; write a length and a target, such as 1m:50/s", part)
		}
		d, err := ParseDuration(length)
		if err != nil {
			return nil, false, err
		}
		to, err := ParseRate(target)
		if err != nil {
			return nil, false, err
		}
		if d <= 0 {
			return nil, false, fmt.Errorf("%q: a stage lasts longer than 0", part)
		}
		if to > 0 {
			isRate := strings.Contains(target, "/")
			rates, counts = rates || isRate, counts || !isRate
		}
		shape = append(shape, Stage{Length: d, From: from, To: to})
		from = to
	}
	if rates && counts {
		return nil, false, fmt.Errorf("%q mixes rates, such as 50/s, with numbers of uploaders, such as 50", text)
	}
	return shape, rates, nil
}

// Format writes the shape in the form that ParseShape reads.
func (s Shape) Format(rates bool) string {
	unit := ""
	if rates {
		unit = "/s"
	}
	var parts []string
	for _, g := range s {
		parts = append(parts, g.Length.String()+":"+strconv.FormatFloat(g.To, 'g', -1, 64)+unit)
	}
	return strings.Join(parts, ",")
}

// ParseDuration reads a length of time: a plain number of seconds, or a text such as 30s, 5m or 1h30m.
func ParseDuration(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if sec, err := strconv.ParseFloat(s, 64); err == nil {
		if !(math.Abs(sec) < math.MaxInt64/float64(time.Second)) {
			return 0, fmt.Errorf("%q is too long", s)
		}
		return time.Duration(sec * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write seconds, or 30s, 5m, 1h30m", s)
	}
	return d, nil
}

// ParseRate reads a number of calls per second: 50, 50/s, 3000/m or 100000/h.
func ParseRate(s string) (perSecond float64, err error) {
	number, unit, _ := strings.Cut(strings.TrimSpace(s), "/")
	per := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[strings.TrimSpace(unit)]
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || per == 0 || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return 0, fmt.Errorf("%q is not a rate; write 50 (calls per second), 50/s, 3000/m or 100000/h", s)
	}
	return v / per, nil
}
