package judge

import (
	"fmt"
	"math"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
	"rdiostress/internal/units"
)

// memoryLimit is the guide's limit for the growth of the server's memory, in bytes per hour.
const memoryLimit = 10e6

// The possible answers of Memory.
const (
	Yes     = "yes"
	No      = "no"
	Unknown = "not known yet"
)

// Memory says whether the server's memory stabilises under sustained load: no if it grows by more than the guide's
// 10 MB an hour, yes if it does not, and not known yet if the run is too short. Then NeededS is the necessary length of
// the sustained part.
type Memory struct {
	Stabilises      string   `json:"stabilises"`
	GrowthBytesPerH *float64 `json:"growth_bytes_per_h,omitempty"`
	LowBytesPerH    *float64 `json:"low_bytes_per_h,omitempty"`  // the true growth lies between this and High with
	HighBytesPerH   *float64 `json:"high_bytes_per_h,omitempty"` // 95 % confidence
	LimitBytesPerH  float64  `json:"limit_bytes_per_h"`
	FromS           float64  `json:"from_s"` // the part of the run that was judged
	ToS             float64  `json:"to_s"`
	NeededS         *float64 `json:"needed_s,omitempty"`
	Reason          string   `json:"reason"` // why the answer is what it is
}

const (
	// settleShare is the share of the sustained part that is ignored at its start, up to maxSettleS seconds, while
	// caches fill and heaps find their size.
	settleShare = 0.2
	maxSettleS  = 600
	// minGrowthS is the shortest observation in which memory can be said to grow; see also grows.
	minGrowthS = 20
	// minSteadyS is the shortest observation in which memory can be called steady. Go collects garbage at least every
	// two minutes, and fewer than two collections say nothing.
	minSteadyS = 300
	// lastingShare is the share of the slope that the second half must still have: the growth of a filling cache slows
	// down, that of a leak does not. In a short run the slope is less certain, and lastingShareShort applies.
	lastingShare      = 0.4
	lastingShareShort = 0.7
	// startGrowth is how much memory must have grown in minGrowthS, in bytes: a server that was just started takes
	// about 20 MB in its first minute. For a longer run, minGrowth requires less.
	startGrowth = 50e6
)

// MemoryOf judges the server's memory over a run.
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

// sustained returns the server's memory over the scored phases. If the server was killed in them, it returns the longer
// part before or after.
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
		from = max(from, points[0].T-1) // earlier memory may be of another kind
	}
	return points, from, to
}

// JudgeMemory judges the server's memory while a run goes on, by the readings of its sustained part, which began at
// fromS.
func JudgeMemory(readings []measure.Reading, fromS, nowS float64) Memory {
	points := make([]stat.Point, len(readings))
	for i, r := range readings {
		points[i] = stat.Point{T: r.At.Seconds(), V: r.Value}
	}
	return judgeMemory(points, fromS, nowS)
}

// judgeMemory judges the readings between two times, without the part in which memory settles.
func judgeMemory(points []stat.Point, from, to float64) Memory {
	settle := min((to-from)*settleShare, maxSettleS)
	m := Memory{Stabilises: Unknown, LimitBytesPerH: memoryLimit, FromS: from + settle, ToS: to}
	for len(points) > 0 && points[0].T < m.FromS {
		points = points[1:]
	}
	tr, ok := stat.TheilSen(points)
	if !ok {
		m.need(minSteadyS)
		return m
	}
	perHour := stat.Trend{Slope: tr.Slope * 3600, Low: tr.Low * 3600, High: tr.High * 3600}
	m.GrowthBytesPerH, m.LowBytesPerH, m.HighBytesPerH = &perHour.Slope, &perHour.Low, &perHour.High
	took := m.ToS - m.FromS
	switch {
	case perHour.Low > memoryLimit && took >= minGrowthS && grows(points, tr, took):
		m.Stabilises = No
		m.Reason = fmt.Sprintf("it grows by %s an hour (%s to %s)", units.Bytes(perHour.Slope),
			units.Bytes(perHour.Low), units.Bytes(perHour.High))
	case perHour.High < memoryLimit && took >= minSteadyS:
		m.Stabilises = Yes
		m.Reason = fmt.Sprintf("it changes by %s an hour (%s to %s), less than %s",
			units.SignedBytes(perHour.Slope), units.SignedBytes(perHour.Low), units.SignedBytes(perHour.High),
			units.Bytes(memoryLimit))
	default:
		m.need(neededFor(perHour, took))
	}
	return m
}

// grows reports whether a slope over the limit is growth: memory must have grown by minGrowth, so that a few seconds
// are not extrapolated to an hour, and at a lasting pace.
func grows(points []stat.Point, tr stat.Trend, took float64) bool {
	share := lastingShare
	if took < minSteadyS {
		share = lastingShareShort
	}
	later, ok := stat.TheilSen(points[len(points)/2:])
	return ok && tr.Low*took >= minGrowth(took) && later.Slope >= share*tr.Slope
}

// minGrowth returns the minimum growth, by the length of the observation.
func minGrowth(took float64) float64 {
	settled := min(max(took-minGrowthS, 0)/(minSteadyS-minGrowthS), 1)
	return startGrowth + settled*(memoryLimit-startGrowth)
}

// neededFor returns the necessary length of the judged part: the confidence interval narrows with the power 1.5 of the
// time. It uses only the interval, since the slope of a short run says little.
func neededFor(perHour stat.Trend, took float64) float64 {
	const near = memoryLimit / 3 // how close to the limit the true growth may be for an answer
	needed := max(took*math.Pow(perHour.HalfWidth()/near, 2/3.0), minSteadyS)
	if perHour.Slope > memoryLimit {
		needed = max(needed, 1.2*memoryLimit/perHour.Slope*3600)
	}
	return needed
}

// need records the necessary length of the sustained part for its judged part to be long enough.
func (m *Memory) need(judged float64) {
	const margin = 1.1
	whole := min(judged*margin/(1-settleShare), judged*margin+maxSettleS)
	if had := (m.ToS - m.FromS) * margin / (1 - settleShare); whole < had {
		whole = had // the estimate says that it was long enough, but it was not
	}
	whole = roundUp(whole)
	m.NeededS = &whole
	m.Reason = fmt.Sprintf("the run is too short to tell; %s of steady load would do", units.Duration(whole))
}

// roundUp rounds up a time in seconds to a usual one.
func roundUp(s float64) float64 {
	for _, step := range []float64{10, 60, 300, 1800} {
		if s <= 12*step {
			return math.Ceil(s/step) * step
		}
	}
	return math.Ceil(s/3600) * 3600
}
