package judge

import (
	"fmt"
	"math"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
	"rdiostress/internal/units"
)

// memoryLimit is the guide's bound on how fast the server's memory may grow, in bytes per hour.
const memoryLimit = 10e6

// What Memory can answer.
const (
	Yes     = "yes"
	No      = "no"
	Unknown = "not known yet"
)

// Memory answers whether the server's memory stabilises under a load that goes on: no when it grows by more than the
// guide's 10 MB an hour, yes when it does not, and not known yet when the run is too short to tell. NeededS is then how
// long its sustained part would have to be.
type Memory struct {
	Stabilises      string   `json:"stabilises"`
	GrowthBytesPerH *float64 `json:"growth_bytes_per_h,omitempty"`
	// the true growth lies between these with 95 % confidence
	LowBytesPerH   *float64 `json:"low_bytes_per_h,omitempty"`
	HighBytesPerH  *float64 `json:"high_bytes_per_h,omitempty"`
	LimitBytesPerH float64  `json:"limit_bytes_per_h"`
	FromS          float64  `json:"from_s"` // the part of the run that was looked at
	ToS            float64  `json:"to_s"`
	NeededS        *float64 `json:"needed_s,omitempty"`
	Reason         string   `json:"reason"` // in words, why the answer is what it is
}

// How the answer is found.
const (
	// settleShare of the sustained part is left out at its beginning: caches fill, heaps find their size.
	settleShare = 0.2
	settleMostS = 600
	// leastGrowthS is from when on memory can be said to grow: growth must also have been seen whole, see grows.
	leastGrowthS = 20
	// leastSteadyS is how long memory must have been watched to be called steady: Go collects at least every two
	// minutes, so that less than two of these says nothing.
	leastSteadyS = 300
	// stillShare of the growth's pace must be there in the second half: what fills up slows down, what leaks does not.
	// Where the pace is not so sure as in a long run, more of it must.
	stillShare      = 0.4
	stillShareShort = 0.7
	// settlingGrowth is how far memory must have grown in leastGrowthS, in bytes: a server that has just been started
	// takes some 20 MB in its first minute. The longer it has been watched, the less that explains: see leastGrowth.
	settlingGrowth = 50e6
)

// MemoryOf answers the question for a run.
func MemoryOf(res measure.Result) Memory {
	points, from, to := sustained(res)
	if len(points) == 0 {
		m := Memory{Stabilises: Unknown, LimitBytesPerH: memoryLimit, Reason: "the server's memory was not seen"}
		if why := res.Watch.Absent[measure.RSS.Name()]; why != "" {
			m.Reason += ": " + why
		}
		return m
	}
	return judgeMemory(points, from, to)
}

// sustained is the server's memory over the scored phases, of a server that was killed in them over the longer part of
// its life.
func sustained(res measure.Result) (points []stat.Point, from, to float64) {
	if series := res.Delivery.Crash.LongestUninterrupted(Scored(res)); len(series) > 0 {
		last := series[len(series)-1]
		from, to = series[0].TS, min(last.TS+last.WidthS, res.Run.SendingS)
		for _, p := range series {
			if v, ok := p.Server.Get(measure.RSS); ok && p.TS+p.WidthS/2 <= to {
				points = append(points, stat.Point{T: p.TS + p.WidthS/2, V: v})
			}
		}
	}
	if len(points) > 0 {
		from = max(from, points[0].T-1) // it may be of another kind before
	}
	return points, from, to
}

// JudgeMemory answers the question while a run goes on, by the readings so far of the sustained part, which began at
// fromS.
func JudgeMemory(readings []measure.Reading, fromS, nowS float64) Memory {
	points := make([]stat.Point, len(readings))
	for i, r := range readings {
		points[i] = stat.Point{T: r.At.Seconds(), V: r.Value}
	}
	return judgeMemory(points, fromS, nowS)
}

// judgeMemory looks at the part of the readings between two times that is past the settling.
func judgeMemory(points []stat.Point, from, to float64) Memory {
	settle := min((to-from)*settleShare, settleMostS)
	m := Memory{Stabilises: Unknown, LimitBytesPerH: memoryLimit, FromS: from + settle, ToS: to}
	for len(points) > 0 && points[0].T < m.FromS {
		points = points[1:]
	}
	tr, ok := stat.TheilSen(points)
	if !ok {
		m.need(leastSteadyS)
		return m
	}
	perHour := stat.Trend{Slope: tr.Slope * 3600, Low: tr.Low * 3600, High: tr.High * 3600}
	m.GrowthBytesPerH, m.LowBytesPerH, m.HighBytesPerH = &perHour.Slope, &perHour.Low, &perHour.High
	took := m.ToS - m.FromS
	switch {
	case perHour.Low > memoryLimit && took >= leastGrowthS && grows(points, tr, took):
		m.Stabilises = No
		m.Reason = fmt.Sprintf("it grows by %s an hour (%s to %s)", units.Bytes(perHour.Slope),
			units.Bytes(perHour.Low), units.Bytes(perHour.High))
	case perHour.High < memoryLimit && took >= leastSteadyS:
		m.Stabilises = Yes
		m.Reason = fmt.Sprintf("it changes by %s an hour (%s to %s), less than %s",
			units.SignedBytes(perHour.Slope), units.SignedBytes(perHour.Low), units.SignedBytes(perHour.High),
			units.Bytes(memoryLimit))
	default:
		m.need(neededFor(perHour, took))
	}
	return m
}

// grows tells whether memory that seems to grow has really grown: by as much as may grow in an hour, so that no few
// seconds are blown up to one, and at a pace that lasts.
func grows(points []stat.Point, tr stat.Trend, took float64) bool {
	share := stillShare
	if took < leastSteadyS {
		share = stillShareShort
	}
	later, ok := stat.TheilSen(points[len(points)/2:])
	return ok && tr.Low*took >= leastGrowth(took) && later.Slope >= share*tr.Slope
}

// leastGrowth is how far memory must have grown for that to be called growth, by how long it was watched.
func leastGrowth(took float64) float64 {
	settled := min(max(took-leastGrowthS, 0)/(leastSteadyS-leastGrowthS), 1)
	return settlingGrowth + settled*(memoryLimit-settlingGrowth)
}

// neededFor is how long the part that is looked at would have to be for an answer: the interval narrows with the power
// 1.5 of the time. It goes by the interval alone, since the slope of a run that is too short says little.
func neededFor(perHour stat.Trend, took float64) float64 {
	const near = memoryLimit / 3 // the true growth may be as near to the limit as that, for the answer to be found
	needed := max(took*math.Pow(perHour.HalfWidth()/near, 2/3.0), leastSteadyS)
	if perHour.Slope > memoryLimit {
		needed = max(needed, 1.2*memoryLimit/perHour.Slope*3600)
	}
	return needed
}

// need says how long the sustained part would have to be, for what is looked at of it to be so long.
func (m *Memory) need(looked float64) {
	const margin = 1.1
	whole := min(looked*margin/(1-settleShare), looked*margin+settleMostS)
	if had := (m.ToS - m.FromS) * margin / (1 - settleShare); whole < had {
		whole = had // it has been long enough by its figures, and yet was not
	}
	whole = roundUp(whole)
	m.NeededS = &whole
	m.Reason = fmt.Sprintf("the run is too short to tell; %s of steady load would do", units.Duration(whole))
}

// roundUp rounds a time in seconds up to one that people would choose.
func roundUp(s float64) float64 {
	for _, step := range []float64{10, 60, 300, 1800} {
		if s <= 12*step {
			return math.Ceil(s/step) * step
		}
	}
	return math.Ceil(s/3600) * 3600
}
