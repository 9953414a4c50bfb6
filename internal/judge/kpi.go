package judge

import (
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

// KPIs are the guide's seven key figures of a server.
type KPIs struct {
	UploadRate              KPI `json:"upload_rate"`
	AvgResponseTime         KPI `json:"avg_response_time"`
	DBConnectionPoolUsage   KPI `json:"db_connection_pool_usage"`
	MemoryUsage             KPI `json:"memory_usage"`
	TranscriptionQueueDepth KPI `json:"transcription_queue_depth"`
	ErrorRate               KPI `json:"error_rate"`
	DiskUsage               KPI `json:"disk_usage"`
}

// KPI is one key figure over the run. Last, Mean and Max cover the same intervals of the series, those of the scored
// phases, so that the mean never exceeds the maximum. A run shorter than an interval counts as one interval. A figure
// that was not observed is absent, and Absent says why.
type KPI struct {
	Unit   string   `json:"unit"`
	Last   *float64 `json:"last,omitempty"`
	Mean   *float64 `json:"mean,omitempty"`
	Max    *float64 `json:"max,omitempty"`
	Absent string   `json:"absent,omitempty"`
}

// KPIsOf returns the key figures of a run: those of its uploads, and those observed of the server.
func KPIsOf(res measure.Result) KPIs {
	points := Scored(res)
	return KPIs{
		UploadRate:              uploadRate(&res, points),
		AvgResponseTime:         avgResponseTime(&res, points),
		DBConnectionPoolUsage:   observedKPI(&res, points, measure.PoolUsage),
		MemoryUsage:             observedKPI(&res, points, measure.RSS),
		TranscriptionQueueDepth: observedKPI(&res, points, measure.TranscriptionQueue),
		ErrorRate:               errorRate(&res, points),
		DiskUsage:               observedKPI(&res, points, measure.StoredBytes, measure.DataSize),
	}
}

// observedKPI returns the first of some signals that was observed, with its mean over time.
func observedKPI(res *measure.Result, points []measure.Point, signals ...measure.Signal) KPI {
	absent := "the server was not watched"
	if why := res.Watch.Absent[signals[0].Name()]; why != "" {
		absent = why
	}
	for _, sig := range signals {
		if kpi := SignalKPI(points, sig); kpi.Mean != nil {
			return kpi
		}
	}
	return KPI{Unit: string(signals[0].Info().Unit), Absent: absent}
}

// SignalKPI summarises a signal of the server, with its mean over time.
func SignalKPI(points []measure.Point, sig measure.Signal) KPI {
	var sum kpiSum
	for _, p := range points {
		if v, ok := p.Server.Get(sig); ok {
			sum.add(v, p.WidthS)
		}
	}
	return sum.kpi(string(sig.Info().Unit), "")
}

// uploadRate ignores intervals that lie mostly after the end of sending, in which only the last replies came, and those
// too short for a meaningful rate.
func uploadRate(res *measure.Result, points []measure.Point) KPI {
	var sum kpiSum
	widest := 0.0
	for _, p := range res.Series {
		widest = max(widest, p.WidthS)
	}
	for _, p := range points {
		if p.TS+p.WidthS/2 < res.Run.SendingS && p.WidthS > 0 && p.WidthS >= widest/2 {
			sum.add(float64(p.Attempted)/p.WidthS, p.WidthS)
		}
	}
	if res.Totals.Attempted > 0 {
		sum.orWhole(res.Totals.UploadsPerS)
	}
	return sum.kpi("uploads/s", whyNoSample(res))
}

func avgResponseTime(res *measure.Result, points []measure.Point) KPI {
	var sum kpiSum
	for _, p := range points {
		if p.MeanS != nil {
			sum.add(*p.MeanS, p.Timed())
		}
	}
	if f := res.Latency.Figures; f != nil {
		sum.orWhole(f.MeanS)
	}
	return sum.kpi("s", "no upload was accepted")
}

func errorRate(res *measure.Result, points []measure.Point) KPI {
	var sum kpiSum
	for _, p := range points {
		if p.Attempted > 0 {
			sum.add(stat.Share(p.Failed, p.Attempted), float64(p.Attempted))
		}
	}
	if t := res.Totals; t.Attempted > 0 {
		sum.orWhole(stat.Share(t.Failed, t.Attempted))
	}
	return sum.kpi("ratio", whyNoSample(res))
}

// Scored returns the series without the intervals that lie mostly in an unscored phase, or in the pause after the
// guide's batches. Even a run of one phase begins slightly after its first interval.
func Scored(res measure.Result) []measure.Point {
	first := slices.IndexFunc(res.Phases, func(p measure.Phase) bool { return p.Scored })
	if first < 0 {
		return res.Series
	}
	start := res.Phases[first].StartS // unscored phases come first
	return slices.DeleteFunc(slices.Clone(res.Series), func(p measure.Point) bool { return p.TS+p.WidthS/2 < start })
}

// kpiSum summarises a key figure, interval by interval.
type kpiSum struct {
	last, highest float64
	sum, weight   float64 // of the mean
}

// add adds the value of the next interval. Its weight in the mean is its uploads or its length.
func (k *kpiSum) add(v, weight float64) {
	if weight <= 0 {
		return
	}
	if k.weight == 0 || v > k.highest {
		k.highest = v
	}
	k.last = v
	k.sum += v * weight
	k.weight += weight
}

// orWhole uses the value of the whole run if there was no interval.
func (k *kpiSum) orWhole(v float64) {
	if k.weight == 0 {
		k.add(v, 1)
	}
}

// kpi returns the figure; without intervals, it is absent for the given reason.
func (k *kpiSum) kpi(unit, absent string) KPI {
	if k.weight == 0 {
		return KPI{Unit: unit, Absent: absent}
	}
	mean := min(k.sum/k.weight, k.highest) // a rounding error may raise it
	return KPI{Unit: unit, Last: &k.last, Mean: &mean, Max: &k.highest}
}
