package telemetry

import (
	"time"

	"rdiostress/internal/stat"
)

// How memory is watched. Growth shows by the hour, while a Go program's memory moves up and down by minutes: what is
// less than an hour long, or includes the start, tells nothing.
const (
	growthEvery  = time.Minute
	growthSettle = 10 * time.Minute // after the start, while buffers and caches find their size
	growthLeast  = time.Hour
	growthMost   = 6 * time.Hour
)

// growth estimates how fast memory grows.
type growth struct {
	began  time.Time
	points []point // one a minute at most
	slope  Value   // computed with each point
}

type point struct {
	at    time.Time
	value float64
}

// add adds how much memory there is now.
func (g *growth) add(now time.Time, resident Value) {
	if g.began.IsZero() {
		g.began = now
	}
	if resident.Absent != "" || now.Sub(g.began) < growthSettle ||
		len(g.points) > 0 && now.Sub(g.points[len(g.points)-1].at) < growthEvery {
		return
	}
	g.points = append(g.points, point{now, resident.Number})
	for now.Sub(g.points[0].at) > growthMost {
		g.points = g.points[1:]
	}
	if now.Sub(g.points[0].at) >= growthLeast {
		g.slope = Value{Number: slopePerHour(g.points)}
	}
}

// perHour is the growth in bytes/h.
func (g *growth) perHour() Value {
	if len(g.points) == 0 || g.points[len(g.points)-1].at.Sub(g.points[0].at) < growthLeast {
		return Value{Absent: "memory has to be watched for an hour and ten minutes"}
	}
	return g.slope
}

// slopePerHour returns the median slope of the points.
func slopePerHour(points []point) float64 {
	inHours := make([]stat.Point, len(points))
	for i, p := range points {
		inHours[i] = stat.Point{T: p.at.Sub(points[0].at).Hours(), V: p.value}
	}
	return stat.MedianSlope(inHours)
}
