package results

import (
	"math"
	"time"

	"rdiostress/internal/measure"
)

// Soak is a run of three hours whose server was watched: it leaks 30 MB an hour, and failed for a while.
func Soak() measure.Result {
	const points, each, width = 1080, 20, 10.0
	res := Of(points*each, 0, 21*time.Millisecond, 180*time.Millisecond)
	res.Run.DurationS, res.Run.SendingS, res.Scenario.DurationS = points*width, points*width, points*width
	setCounts(&res, points*each-60, 60)
	res.Latency, res.ServiceTime = SpreadOut(points*each-60, 21*time.Millisecond,
		180*time.Millisecond), SpreadOut(points*each-60, 20*time.Millisecond, 170*time.Millisecond)
	res.Phases[0].Latency, res.Phases[0].ServiceTime, res.Phases[0].Totals = res.Latency, res.ServiceTime, res.Totals
	res.Steps = stepsOf(points*each-60, 21*time.Millisecond, 180*time.Millisecond)
	res.Errors.HTTP["503"] = 60
	res.ErrorDetails = []measure.ErrorDetail{{
		Class: "http_status", Parent: "http", Status: 503, Count: 60, FirstS: 3600, LastS: 3629, Sample: "busy",
	}}
	res.Series = nil
	for i := range points {
		p := measure.Point{TS: float64(i) * width, WidthS: width, Attempted: each, Accepted: each, InFlight: 1}
		if i >= 360 && i < 363 {
			p.Accepted, p.Failed = 0, each
		} else {
			mean, p95 := 0.04, 0.09+0.05*float64(i)/points
			p.MeanS, p.P50S, p.P95S, p.MaxS = &mean, &mean, &p95, &p95
		}
		p.Server = ServerAt(i, p.TS)
		res.Series = append(res.Series, p)
	}
	for i := range 18 {
		p95 := 0.09 + 0.05*float64(i)/18
		res.Trend = append(res.Trend, measure.TrendPoint{FromS: 600 * float64(i), ToS: 600 * float64(i+1), P95S: &p95})
	}
	res.Watch = measure.Watch{
		Process: "rdio-scanner", PID: 4711, Processors: 2, DataFolders: []string{"/var/lib/rdio"},
		Events:     []measure.WatchEvent{{AtS: 3601, Kind: measure.EventProcessEnded, PID: 4711}},
		MemoryKind: measure.MemorySummed, MemoryNote: "the proportional memory of its processes cannot be read: " +
			"permission denied",
		Others: []measure.OtherProcess{
			{Name: "postgres", CPUSPerS: 0.31, Backend: true},
			{Name: "chromium", CPUSPerS: 0.22},
		},
		MetricsURL: "http://localhost:8000/metrics", Database: "rdio on localhost:5432",
		Absent: map[string]string{measure.TranscriptionQueue.Name(): "http://localhost:8000/metrics does not show it"},
	}
	return res
}

// ServerAt has a value for every signal but two.
func ServerAt(i int, t float64) *measure.Observation {
	var seen measure.Observation
	for sig := range measure.NumSignals {
		seen.Set(sig, float64(sig)+2)
	}
	seen.Set(measure.RSS, math.Round(60e6+float64(i%6)*4e6+30e6*t/3600))
	seen.Set(measure.CPU, 0.4)
	seen.Set(measure.StoredCalls, 1000+2*t)
	seen.Set(measure.StoredBytes, 1e6+3e4*t)
	seen.Set(measure.DataSize, 2e6+3e4*t)
	seen.Set(measure.DiskFree, 20e9-1e6*t)
	seen.Set(measure.MachineCPU, 0.61)
	seen.Set(measure.GeneratorCPU, 0.25)
	seen.Set(measure.OtherCPU, 0.57)
	seen.Set(measure.BackendCPU, 0.31)
	seen.Set(measure.MachineIOWait, 0.02)
	seen.Set(measure.PoolUsage, 0.35)
	seen.Set(measure.BreakerOpen, 0)
	seen.Set(measure.DBLongestTransaction, 0.012)
	seen.Drop(measure.TranscriptionQueue)
	seen.Drop(measure.Heap)
	return &seen
}

// HistogramsOf are histograms of the intervals of a series, of times about 40 ms.
func HistogramsOf(series []measure.Point) []measure.Histograms {
	r := measure.NewRecorder()
	r.AddPhase(measure.Phase{Scored: true})
	for _, p := range series {
		end := seconds(p.TS + p.WidthS)
		for i := range p.Accepted - p.LeftOut {
			took := 30*time.Millisecond + time.Duration(i%97)*time.Millisecond
			r.Shard(0).Record(&measure.Outcome{Due: end - took, Sent: end - took + took/8, Done: end})
		}
		r.Roll(end, 0, 0)
	}
	var res measure.Result
	r.FillResult(&res, []measure.TimeSpan{{}})
	return res.Histograms
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
