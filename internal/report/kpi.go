package report

import (
	"slices"

	"rdiostress/internal/measure"
)

// KPIs are the seven key figures that the guide watches a server by.
type KPIs struct {
	UploadRate              KPI `json:"upload_rate"`
	AvgResponseTime         KPI `json:"avg_response_time"`
	DBConnectionPoolUsage   KPI `json:"db_connection_pool_usage"`
	MemoryUsage             KPI `json:"memory_usage"`
	TranscriptionQueueDepth KPI `json:"transcription_queue_depth"`
	ErrorRate               KPI `json:"error_rate"`
	DiskUsage               KPI `json:"disk_usage"`
}

// KPI is one key figure over the run. Last and Max are of intervals of the series, Mean is of the whole run, both without the
// phases that are not scored. What could not be observed is absent, and Absent says why.
type KPI struct {
	Unit   string   `json:"unit"`
	Last   *float64 `json:"last,omitempty"`
	Mean   *float64 `json:"mean,omitempty"`
	Max    *float64 `json:"max,omitempty"`
	Absent string   `json:"absent,omitempty"`
}

// kpis returns the key figures: those of the uploads, and those that were seen of the server.
func kpis(res measure.Result) KPIs {
	return KPIs{
		UploadRate:              uploadRate(res),
		AvgResponseTime:         avgResponseTime(res),
		DBConnectionPoolUsage:   seenKPI(res, "ratio", measure.PoolUsage),
		MemoryUsage:             seenKPI(res, "bytes", measure.RSS),
		TranscriptionQueueDepth: seenKPI(res, "calls", measure.TranscriptionQueue),
		ErrorRate:               errorRate(res),
		DiskUsage:               seenKPI(res, "bytes", measure.StoredBytes, measure.DataSize),
	}
}

// seenKPI is a figure that was seen of the server: the first of some signals that was. Its mean is over time.
func seenKPI(res measure.Result, unit string, signals ...measure.Signal) KPI {
	kpi := KPI{Unit: unit, Absent: "the server was not watched"}
	if why := res.Watch.Absent[signals[0].Name()]; why != "" {
		kpi.Absent = why
	}
	for _, sig := range signals {
		var sum, time float64
		for _, p := range scored(res) {
			if v, ok := p.Server.Get(sig); ok {
				kpi.observe(v)
				sum += v * p.WidthS
				time += p.WidthS
			}
		}
		if time > 0 {
			kpi.average(sum / time)
			return kpi
		}
	}
	return kpi
}

// uploadRate leaves out the intervals after sending had stopped, in which only the last replies came in, and those too short
// for a rate to mean anything.
func uploadRate(res measure.Result) KPI {
	kpi := KPI{Unit: "uploads/s", Absent: whyNoSample(res)}
	if res.Totals.Attempted == 0 {
		return kpi
	}
	widest := 0.0
	for _, p := range res.Series {
		widest = max(widest, p.WidthS)
	}
	for _, p := range scored(res) {
		if p.TS < res.Run.SendingS && p.WidthS > 0 && p.WidthS >= widest/2 {
			kpi.observe(float64(p.Attempted) / p.WidthS)
		}
	}
	kpi.average(res.Totals.UploadsPerS)
	return kpi
}

func avgResponseTime(res measure.Result) KPI {
	kpi := KPI{Unit: "s", Absent: "no upload was accepted"}
	if res.Latency.Figures == nil {
		return kpi
	}
	for _, p := range scored(res) {
		if p.MeanS != nil {
			kpi.observe(*p.MeanS)
		}
	}
	kpi.average(res.Latency.MeanS)
	return kpi
}

func errorRate(res measure.Result) KPI {
	kpi := KPI{Unit: "ratio", Absent: whyNoSample(res)}
	if res.Totals.Attempted == 0 {
		return kpi
	}
	for _, p := range scored(res) {
		if p.Attempted > 0 {
			kpi.observe(float64(p.Failed) / float64(p.Attempted))
		}
	}
	kpi.average(float64(res.Totals.Failed) / float64(res.Totals.Attempted))
	return kpi
}

// scored is the series without the intervals that began in a phase that is not scored, or in the pause after the guide's batches.
func scored(res measure.Result) []measure.Point {
	first := slices.IndexFunc(res.Phases, func(p measure.Phase) bool { return p.Scored })
	if first < 0 {
		return res.Series
	}
	start := res.Phases[first].StartS // what is not scored leads up to what is
	return slices.DeleteFunc(slices.Clone(res.Series), func(p measure.Point) bool { return p.TS < start })
}

// observe takes in the figure of the next interval.
func (k *KPI) observe(v float64) {
	k.Last = &v
	if k.Max == nil || v > *k.Max {
		k.Max = &v
	}
}

// average sets the figure of the whole run, with which the KPI has been observed.
func (k *KPI) average(v float64) {
	k.Mean = &v
	k.Absent = ""
}
