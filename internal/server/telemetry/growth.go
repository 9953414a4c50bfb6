package telemetry

import (
	"time"

	"rdiostress/internal/stat"
)

// These values control the estimate of memory growth. Growth is visible over hours, while a Go program's memory
// fluctuates over minutes: a period below an hour, or one with the start in it, shows nothing.
const (
	growthEvery  = time.Minute
	growthSettle = 10 * time.Minute // after the start, until buffers and caches have their size
	growthLeast  = time.Hour
	growthMost   = 6 * time.Hour
)

// growth estimates how fast memory grows.
type growth struct {
	began  time.Time
	points []point // at most one a minute
	slope  Value   // computed with each point
}

type point struct {
	at    time.Time
	value float64
}

// add adds the current memory.
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

// perHour returns the growth in bytes/h.
func (g *growth) perHour() Value {
	if len(g.points) == 0 || g.points[len(g.points)-1].at.Sub(g.points[0].at) < growthLeast {
		return Value{Absent: "memory must be observed for an hour and ten minutes"}
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
