package judge

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
)

func TestKPIs(t *testing.T) {
	at := func(v float64) *float64 { return &v }
	res := measure.Result{
		Run:     measure.Run{SendingS: 3.2},
		Totals:  measure.Totals{Attempted: 320, Accepted: 300, Failed: 20, UploadsPerS: 100},
		Latency: measure.Distribution{Count: 300, Figures: &measure.Figures{MeanS: 0.55}},
		Series: []measure.Point{
			{TS: 0, WidthS: 1, Attempted: 90, Accepted: 90, MeanS: at(0.3)},
			{TS: 1, WidthS: 1, Attempted: 120, Accepted: 105, Failed: 15, MeanS: at(0.9)},
			{TS: 2, WidthS: 1, Attempted: 100, Accepted: 100, MeanS: at(0.4)},
			{TS: 3, WidthS: 0.2, Attempted: 10, Accepted: 5, Failed: 5, MeanS: at(0.7)}, // too short for a rate
			{TS: 3.2, WidthS: 1}, // only draining
		},
	}
	got := KPIsOf(res)
	want := KPIs{
		UploadRate:              KPI{Unit: "uploads/s", Last: at(100), Mean: at(310.0 / 3), Max: at(120)},
		AvgResponseTime:         KPI{Unit: "s", Last: at(0.7), Mean: at(165.0 / 300), Max: at(0.9)},
		ErrorRate:               KPI{Unit: "ratio", Last: at(0.5), Mean: at(0.0625), Max: at(0.5)},
		DBConnectionPoolUsage:   KPI{Unit: "ratio", Absent: "the server was not watched"},
		MemoryUsage:             KPI{Unit: "bytes", Absent: "the server was not watched"},
		TranscriptionQueueDepth: KPI{Unit: "calls", Absent: "the server was not watched"},
		DiskUsage:               KPI{Unit: "bytes", Absent: "the server was not watched"},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A warm-up and a pause before the scored part change nothing.
	res.Phases = []measure.Phase{
		{Name: "warm-up", DurationS: 2},
		{Name: "sustained", Scored: true, StartS: 4, DurationS: 3.2},
	}
	res.Run.SendingS += 4
	for i := range res.Series {
		res.Series[i].TS += 4
	}
	warm := measure.Point{TS: 0, WidthS: 2, Attempted: 900, Failed: 900}
	res.Series = append([]measure.Point{warm, {TS: 2, WidthS: 2, Attempted: 1, Accepted: 1, MeanS: at(9)}},
		res.Series...)
	if diff := cmp.Diff(want, KPIsOf(res), near); diff != "" {
		t.Errorf("after a warm-up (-want +got):\n%s", diff)
	}
	empty := KPIsOf(measure.Result{})
	for _, k := range []KPI{empty.UploadRate, empty.AvgResponseTime, empty.ErrorRate} {
		if k.Absent == "" || k.Last != nil || k.Mean != nil || k.Max != nil {
			t.Errorf("without a sample: %+v", k)
		}
	}
}

// kpiList returns the key figures that the series determines, by name.
func kpiList(k KPIs) map[string]KPI {
	return map[string]KPI{
		"upload_rate": k.UploadRate, "avg_response_time": k.AvgResponseTime, "error_rate": k.ErrorRate,
		"memory_usage": k.MemoryUsage, "disk_usage": k.DiskUsage, "db_connection_pool_usage": k.DBConnectionPoolUsage,
	}
}

// checkKPIs fails if a mean or a last value is outside of the observed range.
func checkKPIs(t *testing.T, res measure.Result) {
	t.Helper()
	for name, k := range kpiList(KPIsOf(res)) {
		if k.Mean == nil {
			continue
		}
		if k.Max == nil || k.Last == nil || *k.Mean > *k.Max || *k.Last > *k.Max {
			t.Errorf("%s: last %v, mean %v, max %v", name, k.Last, *k.Mean, k.Max)
		}
	}
}

// recording records runs as the generator does: phases begin slightly after their second, and rolls are slightly late.
type recording struct {
	*measure.Recorder
	random *rand.Rand
}

// second records uploads of a phase that end in the second before now, each of which took about the given time.
func (r *recording) second(phase uint8, now time.Duration, n int, took time.Duration, failed float64) {
	for range n {
		done := now - time.Duration(r.random.IntN(900))*time.Millisecond
		o := measure.Outcome{Due: done - took, Done: done, Phase: phase, Lag: measure.NoLag}
		if r.random.Float64() < failed {
			o.Class, o.Status = measure.Status, 503
		}
		r.Shard(0).Record(&o)
	}
	r.Roll(now+time.Duration(r.random.IntN(3000))*time.Microsecond, n, 0)
}

// The first second of a run is that of a cold server: it counts in the mean of the whole run, and so it must count in
// the maximum. Its phase begins some milliseconds after it.
func TestKPIsHaveTheFirstSecond(t *testing.T) {
	r := &recording{measure.NewRecorder(), rand.New(rand.NewPCG(1, 2))}
	sustained := r.AddPhase(measure.Phase{Name: "sustained", Scored: true})
	r.second(sustained, time.Second, 50, 2*time.Second, 0.5)
	for at := 2 * time.Second; at <= 5*time.Second; at += time.Second {
		r.second(sustained, at, 50, 10*time.Millisecond, 0)
	}
	res := measure.Result{Run: measure.Run{SendingS: 5.004, DurationS: 5.01}}
	r.FillResult(&res, []measure.TimeSpan{{Start: 4 * time.Millisecond, Length: 5 * time.Second}})
	checkKPIs(t, res)
	k := KPIsOf(res)
	if got := *k.AvgResponseTime.Max; got != 2 {
		t.Errorf("highest mean response time %g s, want that of the first second, 2", got)
	}
	if got, want := *k.AvgResponseTime.Mean, res.Latency.MeanS; math.Abs(got-want) > 1e-6 {
		t.Errorf("mean response time %g s, want the run's %g", got, want)
	}
	if got, want := *k.ErrorRate.Mean, *res.Totals.ErrorRate; math.Abs(got-want) > 1e-9 {
		t.Errorf("mean error rate %g, want the run's %g", got, want)
	}
}

// In every run, the mean of a key figure is within the range of its intervals.
func TestKPIMeanIsNeverAboveItsMaximum(t *testing.T) {
	for seed := range uint64(trials(60)) {
		r := &recording{measure.NewRecorder(), rand.New(rand.NewPCG(seed, 3))}
		warm := r.AddPhase(measure.Phase{Name: "warm-up"})
		sustained := r.AddPhase(measure.Phase{Name: "sustained", Scored: true})
		start := time.Duration(r.random.IntN(4000)) * time.Millisecond
		end := start + time.Duration(r.random.IntN(6000)+1)*time.Millisecond
		at := time.Duration(0)
		for at < end+2*time.Second {
			at += time.Second
			phase := sustained
			if at < start || r.random.IntN(8) == 0 { // one of the warm-up's can end late
				phase = warm
			}
			took := time.Duration(r.random.ExpFloat64() * float64(100*time.Millisecond))
			r.second(phase, at, r.random.IntN(20), took, r.random.Float64())
		}
		r.Roll(at+time.Duration(r.random.IntN(1000))*time.Millisecond, 0, 0)
		res := measure.Result{Run: measure.Run{SendingS: end.Seconds(), DurationS: at.Seconds()}}
		r.FillResult(&res, []measure.TimeSpan{{Length: start}, {Start: start, Length: end - start}})
		for i := range res.Series {
			seen := &measure.Observation{}
			seen.Set(measure.RSS, 1e8*r.random.Float64())
			seen.Set(measure.PoolUsage, 0.1)
			res.Series[i].Server = seen
		}
		checkKPIs(t, res)
		if t.Failed() {
			t.Fatalf("of a run from %v to %v, seed %d", start, end, seed)
		}
	}
}

// A run shorter than one second counts as one interval.
func TestKPIsOfARunWithoutIntervals(t *testing.T) {
	res := results.OneSlowOfEleven()
	res.Series = nil
	checkKPIs(t, res)
	if k := KPIsOf(res).AvgResponseTime; k.Max == nil || *k.Max != res.Latency.MeanS {
		t.Errorf("mean response time %+v", k)
	}
}
