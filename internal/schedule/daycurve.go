package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Day makes the rate of an open model follow a day. The rate of the scenario is then that of the busiest hour.
type Day struct {
	On    bool
	Start time.Duration // time of day at which the run begins
	Scale float64       // how much faster than real time passes; 0 is 1
}

// dayCurve is the load at each full hour as a share of the load in the busiest hour. It is an estimate: its peak is 2.2
// times its mean, as busy hours are said to be two to three times the mean.
var dayCurve = [24]float64{
	0.28, 0.22, 0.18, 0.15, 0.13, 0.14, 0.20, 0.31, 0.40, 0.45, 0.47, 0.49,
	0.50, 0.52, 0.56, 0.66, 0.82, 1.00, 0.88, 0.74, 0.64, 0.55, 0.45, 0.36,
}

// MaxDayHours is how many hours of the curve a run can last: a year.
const MaxDayHours = 366 * 24

// SpeedUp returns how many times faster than real time the day passes.
func (d *Day) SpeedUp() float64 {
	if d.Scale == 0 {
		return 1
	}
	return d.Scale
}

// Shape returns the curve over a length of time, as straight lines from hour to hour. Rate is that of the busiest hour.
func (d *Day) Shape(rate float64, length time.Duration) (shape Shape) {
	scale := d.SpeedUp()
	at := func(t time.Duration) float64 { // of the run
		hours := (d.Start.Seconds() + t.Seconds()*scale) / 3600
		whole := int(hours)
		from, to := dayCurve[whole%24], dayCurve[(whole+1)%24]
		return rate * (from + (to-from)*(hours-float64(whole)))
	}
	hour := float64(time.Hour) / scale
	for start, n := time.Duration(0), 1; start < length; n++ {
		first := float64(d.Start%time.Hour) / scale // how much of the first hour has passed at the start
		end := min(time.Duration(float64(n)*hour-first), length)
		if end <= start {
			continue
		}
		shape = append(shape, Stage{Length: end - start, From: at(start), To: at(end)})
		start = end
	}
	return shape
}

// ParseTimeOfDay reads a time of day, such as 17 or 06:30.
func ParseTimeOfDay(text string) (time.Duration, error) {
	hour, minute, ok := strings.Cut(strings.TrimSpace(text), ":")
	h, err := strconv.Atoi(hour)
	m := 0
	if ok && err == nil {
		m, err = strconv.Atoi(minute)
	}
	if err != nil || h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, fmt.Errorf("%q is not a time of day; write 17 or 06:30", text)
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, nil
}

// FormatTimeOfDay writes a time of day in the form that ParseTimeOfDay reads.
func FormatTimeOfDay(t time.Duration) string {
	return fmt.Sprintf("%02d:%02d", t/time.Hour, t%time.Hour/time.Minute)
}
