package own

import (
	"strings"
	"testing"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/results"
	"rdiostress/internal/threshold"
)

// run is a run of ten seconds with a second of warm-up: in second i, 10*i uploads are accepted that take i ms each, and
// i time out. The server has i MB.
func run() measure.Result {
	n := func(v uint64) *uint64 { return &v }
	f := func(v float64) *float64 { return &v }
	res := measure.Result{Run: measure.Run{DurationS: 11, SendingS: 10}}
	all := measure.NewHistogram()
	for i := range 11 {
		h, count, took := measure.NewHistogram(), 10*i, time.Duration(i)*time.Millisecond
		for range count {
			h.Record(took)
		}
		p := measure.Point{
			TS: float64(i), WidthS: 1, Attempted: uint64(count + i), Accepted: uint64(count), Failed: uint64(i),
			Server: &measure.Observation{}, StoredPerS: f(float64(count)),
		}
		if p.SetTimes(h); i > 0 {
			p.Failures = []measure.PointFailure{{Class: measure.Timeout.String(), Count: uint64(i)}}
		}
		p.Server.Set(measure.RSS, float64(i)*1e6)
		res.Series = append(res.Series, p)
		if i > 0 {
			all.Merge(h)
		}
	}
	res.Totals = measure.Totals{Attempted: 605, Accepted: 550, Failed: 55, UploadsPerS: 60.5}
	res.Latency, res.ServiceTime = all.Distribution(""), all.Distribution("")
	res.ErrorDetails = []measure.ErrorDetail{{Class: measure.Timeout.String(), Parent: "timeout", Count: 55}}
	res.Phases = []measure.Phase{
		{Name: "warm-up", DurationS: 1},
		{Name: "sustained", Scored: true, StartS: 1, DurationS: 10, Totals: res.Totals, Latency: res.Latency},
	}
	res.Delivery = measure.Delivery{
		Method: "sqlite", Acknowledged: n(550), Stored: n(549), Lost: n(1), StoredPerS: f(55),
	}
	res.Histograms = histograms(res.Series)
	return res
}

// histograms are those of the times of each second.
func histograms(series []measure.Point) []measure.Histograms {
	r := measure.NewRecorder()
	r.AddPhase(measure.Phase{Scored: true})
	for i, p := range series {
		end := time.Duration(i+1) * time.Second
		took := time.Duration(i) * time.Millisecond
		for range p.Accepted {
			r.Shard(0).Record(&measure.Outcome{Due: end - took, Sent: end - took, Done: end})
		}
		r.Roll(end, 0, 0)
	}
	var res measure.Result
	r.FillResult(&res, []measure.TimeSpan{{}})
	return res.Histograms
}

func holdOne(t *testing.T, res measure.Result, text string) judge.Threshold {
	t.Helper()
	rule, err := threshold.Thresholds().Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return Thresholds(res, []threshold.Rule{rule})[0]
}

func TestValues(t *testing.T) {
	res := run()
	for text, want := range map[string]float64{
		"success_rate > 0":                                 550.0 / 605,
		"error_rate < 1":                                   55.0 / 605,
		`error_rate{class="timeout"} < 1`:                  55.0 / 605,
		`error_rate{class="reply_timeout"} < 1`:            55.0 / 605,
		`failed{status="503"} == 0`:                        0,
		"attempted > 1":                                    605,
		"accepted > 1":                                     550,
		"failed > 1":                                       55,
		"uploads_per_s > 1":                                60.5,
		"accepted_per_s > 1":                               55,
		"max_response_time_s < 1s":                         0.01,
		"p50_service_time_s < 1s":                          0.007,
		"stored_per_s >= 1":                                55,
		"stored > 1":                                       549,
		"lost == 1":                                        1,
		"rss_bytes max < 1GB":                              10e6,
		"rss_bytes min < 1GB":                              1e6,
		"server_memory_bytes last < 1GB":                   10e6,
		"rss_bytes mean < 1GB":                             5.5e6,
		`rss_bytes max < 1GB in phase "warm-up"`:           0,
		`attempted > 1 in phase "sustained"`:               605,
		`failed{class="timeout"} < 9 in phase "sustained"`: 55,
		`p50_response_time_s < 1s in phase "sustained"`:    0.007,
		`stored_per_s > 1 in phase "warm-up"`:              0,
		// The worst of the windows.
		"rss_bytes mean < 1GB over 2s":               9.5e6,
		"rss_bytes mean > 1 over 2s":                 1.5e6,
		"accepted > 1 over 3s":                       60,
		"failed < 99 over 3s":                        27,
		`failed{class="timeout"} != 3 over 2s`:       3,
		"accepted == 190 over 2s":                    30,
		"success_rate > 0 over 2s":                   30.0 / 33,
		"error_rate < 1 over 5s":                     40.0 / 440,
		"uploads_per_s >= 1 over 2s":                 16.5,
		"accepted_per_s >= 1 over 2s":                15,
		"stored_per_s >= 1 over 2s":                  15,
		"max_response_time_s < 1s over 1s":           0.01,
		"mean_response_time_s < 1s over 1s":          0.01,
		`attempted > 1 over 1s in phase "sustained"`: 11,
		"max_response_time_s > 0 over 4s":            0.004,
	} {
		got := holdOne(t, res, text)
		if got.Value == nil || *got.Value < want*0.999-1e-12 || *got.Value > want*1.001+1e-12 {
			t.Errorf("%s: %+v, want %g", text, got, want)
		}
	}
	// Histograms of intervals have two significant digits.
	if got := holdOne(t, res, "p95_response_time_s < 1s over 2s"); got.Value == nil || *got.Value < 0.0099 ||
		*got.Value > 0.0102 || got.Note != "worst of 9 windows: 9.0–11 s" {
		t.Errorf("%+v", got)
	}
}

func TestAbsent(t *testing.T) {
	silent, whole, old := results.NoSampleResult(), run(), run()
	old.Histograms = nil
	for _, tt := range []struct {
		res        measure.Result
		text, want string
	}{
		{silent, "error_rate == 0", noUpload},
		{silent, "failed == 0", noUpload},
		{silent, "p95_response_time_s < 2s", noAccepted},
		{silent, "lost == 0", "storage was not verified"},
		{silent, "p95_due_to_stored_s < 2s", "storage was not verified"},
		{silent, "rss_bytes max < 2GB", notObserved},
		{whole, "p95_due_to_stored_s < 2s", notMeasured},
		{whole, "drain_s < 2s", notMeasured},
		{whole, "heap_bytes max < 2GB", notObserved},
		{whole, "heap_bytes max < 2GB over 3s", notObserved},
		{whole, "error_rate < 1 over 1m", "what counts is shorter than 1m"},
		{whole, `error_rate < 1 in phase "ramp-up"`, `the run has no such phase, only "warm-up", "sustained"`},
		{old, "p95_response_time_s < 1s over 2s", "the report has no times of its intervals"},
	} {
		got := holdOne(t, tt.res, tt.text)
		if got.OK || got.Value != nil || !strings.Contains(got.Absent, tt.want) {
			t.Errorf("%s: %+v, want %s", tt.text, got, tt.want)
		}
	}
}

// What limits how far a value can be trusted is said: few uploads, and intervals that are wider than the windows.
func TestNotes(t *testing.T) {
	few := results.Of(12, 0, time.Millisecond, time.Second)
	got := holdOne(t, few, "p95_response_time_s < 2s")
	if !got.OK || got.Note != "of so few (12), that is the slowest" {
		t.Errorf("%+v", got)
	}
	wide := holdOne(t, results.Passing(), "error_rate < 1% over 10s") // its series has two intervals
	if !wide.OK || !strings.Contains(wide.Note, "make the windows up to") {
		t.Errorf("%+v", wide)
	}
	res := run()
	for i := range res.Series[4:6] {
		p := &res.Series[4+i]
		p.Accepted, p.Failed, p.MeanS, p.MaxS = 0, p.Attempted, nil, nil
	}
	got = holdOne(t, res, "mean_response_time_s < 1s over 2s")
	if got.OK || got.Absent != "no upload was accepted 4.0–6.0 s" {
		t.Errorf("a window without an accepted upload: %+v", got)
	}
	res = run()
	for i := range res.Series[4:6] {
		res.Series[4+i] = measure.Point{TS: res.Series[4+i].TS, WidthS: 1}
	}
	if got := holdOne(t, res, "error_rate < 1 over 2s"); !got.OK || !strings.Contains(got.Note, "; 1 had no value") {
		t.Errorf("a window without an upload: %+v", got)
	}
}
