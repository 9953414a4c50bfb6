package measure

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// recordedRun records n uploads a second for some seconds. It returns the result, and all times in one two-digit
// histogram each.
func recordedRun(t *testing.T, seconds, perSecond int) (res Result, response, service *Histogram) {
	t.Helper()
	r := NewRecorder()
	r.AddPhase(Phase{Name: "sustained", Scored: true})
	response, service = newHistogram(coarseDigits), newHistogram(coarseDigits)
	random := rand.New(rand.NewPCG(1, 2))
	for s := range seconds {
		second := time.Duration(s) * time.Second
		for range perSecond {
			took := time.Duration(20 * float64(ms) * math.Exp(random.NormFloat64()))
			o := Outcome{Due: second, Sent: second + ms, Done: second + ms + took, Lag: NoLag}
			r.Shard(0).Record(&o)
			response.Record(o.Response())
			service.Record(o.Service())
		}
		r.Roll(second+time.Second+time.Duration(s%3)*ms, 0, 0)
	}
	r.FillResult(&res, []TimeSpan{{Length: time.Duration(seconds) * time.Second}})
	return res, response, service
}

// However long a run is, its intervals are at most 300, cover it, and hold exactly what was recorded, at two digits.
func TestIntervalsMergeToTheWholeRun(t *testing.T) {
	for _, tc := range []struct{ seconds, intervals, width int }{
		{1, 1, 1},
		{300, 300, 1},
		{301, 151, 2},
		{600, 300, 2},
		{601, 151, 4},
		{1200, 300, 4},
	} {
		res, response, service := recordedRun(t, tc.seconds, 2)
		if n := len(res.Histograms); n != tc.intervals || n > maxIntervals {
			t.Errorf("%d s: %d intervals, want %d", tc.seconds, n, tc.intervals)
		}
		gotResponse, gotService := newHistogram(coarseDigits), newHistogram(coarseDigits)
		at := 0.0
		for i, h := range res.Histograms {
			if math.Abs(h.TS-at) > 1e-9 {
				t.Fatalf("%d s: interval %d begins at %g s, the one before ended at %g s", tc.seconds, i, h.TS, at)
			}
			at = h.TS + h.WidthS
			if last := i == len(res.Histograms)-1; !last && math.Abs(h.WidthS-float64(tc.width)) > 0.01 {
				t.Errorf("%d s: interval %d is %g s wide, want %d", tc.seconds, i, h.WidthS, tc.width)
			}
			a, b, err := h.Decode()
			if err != nil {
				t.Fatal(err)
			}
			gotResponse.Merge(a)
			gotService.Merge(b)
		}
		if math.Abs(at-float64(tc.seconds)) > 0.01 {
			t.Errorf("%d s: the intervals end at %g s", tc.seconds, at)
		}
		if !gotResponse.hdr.Equals(response.hdr) || !gotService.hdr.Equals(service.hdr) {
			t.Errorf("%d s: the intervals together are not what was recorded", tc.seconds)
		}
		if whole, err := res.Latency.Decode(); err != nil || whole.hdr.SignificantFigures() != histDigits {
			t.Errorf("%d s: the totals: %v, %v", tc.seconds, whole, err)
		}
	}
}

// An interval without accepted uploads is present, without a histogram.
func TestIntervalsWithoutSamples(t *testing.T) {
	r := NewRecorder()
	r.AddPhase(Phase{Scored: true})
	r.Roll(time.Second, 0, 0)
	r.Shard(0).Record(&Outcome{Done: 1500 * ms, Class: Reset})
	r.Roll(2*time.Second, 0, 0)
	r.Shard(0).Record(&Outcome{Due: 2 * time.Second, Sent: 2 * time.Second, Done: 2100 * ms})
	r.Roll(2200*ms, 0, 0) // the last one is short
	var res Result
	r.FillResult(&res, []TimeSpan{{Length: 2200 * ms}})
	if n := len(res.Histograms); n != 3 {
		t.Fatalf("%d intervals, want 3", n)
	}
	for i, h := range res.Histograms {
		if want := uint64(i / 2); h.Count != want || (h.Latency == "") != (want == 0) ||
			(h.ServiceTime == "") != (want == 0) {
			t.Errorf("interval %d: %+v", i, h)
		}
	}
	if last := res.Histograms[2]; last.TS != 2 || last.WidthS != 0.2 {
		t.Errorf("the last interval begins at %g s and is %g s wide", last.TS, last.WidthS)
	}
}

// The memory of the intervals does not grow with the run.
func TestIntervalsAreBounded(t *testing.T) {
	v := newIntervals()
	h := newHistogram(coarseDigits)
	random := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		h.Record(time.Duration(20 * float64(ms) * math.Exp(random.NormFloat64())))
	}
	for s := 1; s <= 10_000; s++ {
		v.add(h, h, time.Duration(s)*time.Second)
	}
	size := 0
	for _, c := range v.closed {
		size += cap(c.response) + cap(c.service)
	}
	if cap(v.closed) > 2*maxIntervals || size > 2<<20 {
		t.Errorf("%d intervals of %d bytes", cap(v.closed), size)
	}
}

func TestDamagedIntervals(t *testing.T) {
	res, _, _ := recordedRun(t, 2, 5)
	sound := res.Histograms[0]
	for name, spoil := range map[string]func(h *Histograms){
		"no histogram":    func(h *Histograms) { h.Latency = "" },
		"another count":   func(h *Histograms) { h.Count++ },
		"no base64":       func(h *Histograms) { h.ServiceTime = "?" },
		"no histogram in": func(h *Histograms) { h.ServiceTime = "AAAA" },
	} {
		damaged := sound
		spoil(&damaged)
		if _, _, err := damaged.Decode(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, _, err := sound.Decode(); err != nil {
		t.Error(err)
	}
}

func BenchmarkIntervals(b *testing.B) {
	v := newIntervals()
	h := newHistogram(coarseDigits)
	for i := range 500 {
		h.Record(time.Duration(i) * ms)
	}
	b.ReportAllocs()
	for s := 1; b.Loop(); s++ {
		v.add(h, h, time.Duration(s)*time.Second)
	}
}
