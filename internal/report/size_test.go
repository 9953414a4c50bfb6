package report_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// A report is small enough to be attached to a message and kept for each run of a CI job, however long the run was.
func TestReportsAreSmall(t *testing.T) {
	for _, tc := range []struct {
		length time.Duration
		most   int
	}{
		{5 * time.Minute, 1_000_000},
		{8 * time.Hour, 2_000_000},
	} {
		rep := report.New(longRun(tc.length, 500), "1.2.3", nil)
		text := reporttest.JSON(t, rep)
		t.Logf("%v: %d bytes; %d points, %d histograms", tc.length, len(text), len(rep.Series), len(rep.Histograms))
		if len(text) >= tc.most {
			t.Errorf("the report of %v has %d bytes, more than %d", tc.length, len(text), tc.most)
		}
		if n := len(rep.Histograms); n < 150 || n > 300 {
			t.Errorf("%v: %d intervals", tc.length, n)
		}
		read, err := report.Read(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%v: %v", tc.length, err)
		}
		if len(read.Histograms) != len(rep.Histograms) || read.Histograms[7] != rep.Histograms[7] {
			t.Errorf("%v: the histograms are not read as they were written", tc.length)
		}
	}
}

// longRun is a run at a rate whose server was watched as closely as a local one is, recorded in a moment.
func longRun(length time.Duration, rate int) measure.Result {
	res := results.Passing()
	r := measure.NewRecorder()
	r.AddPhase(measure.Phase{Name: "sustained", Scored: true, Load: "500 calls/s"})
	random := rand.New(rand.NewPCG(5, 6))
	took := make([]time.Duration, 100_003)
	for i := range took {
		took[i] = time.Duration(20e6 * math.Exp(0.7*random.NormFloat64()))
	}
	var samples measure.Samples
	call := 0
	for at := time.Duration(0); at < length; {
		step := time.Second // what is rolled up less often takes less time here, and comes to the same
		if at >= time.Hour {
			step = time.Minute
		} else if at >= 10*time.Minute {
			step = 10 * time.Second
		}
		for range int(step.Seconds()) * rate {
			call++
			o := measure.Outcome{
				Due: at, Sent: at + time.Millisecond, Done: at + time.Millisecond + took[call%len(took)], Bytes: 16_000,
			}
			r.Shard(0).Record(&o)
		}
		at += step
		end := at + time.Duration(random.IntN(2_000_000))
		r.Roll(end, random.IntN(50), 0)
		samples.Add(end, watched(random))
	}
	res.Phases, res.Scenario.RatePerS = nil, float64(rate)
	r.FillResult(&res, []measure.TimeSpan{{Length: length}})
	samples.FillSeries(res.Series)
	for i := range res.Series {
		stored, backlog, perS := res.Series[i].Accepted*uint64(i), uint64(random.IntN(300)), 500*random.Float64()
		res.Series[i].Stored, res.Series[i].Backlog, res.Series[i].StoredPerS = &stored, &backlog, &perS
	}
	res.Run.DurationS, res.Run.SendingS, res.Scenario.DurationS = length.Seconds(), length.Seconds(), length.Seconds()
	return res
}

// watched is what is seen of a local server with a database.
func watched(random *rand.Rand) *measure.Observation {
	var seen measure.Observation
	for _, sig := range []measure.Signal{
		measure.RSS, measure.Processes, measure.Threads, measure.OpenFiles, measure.OpenFilesLimit, measure.DataSize,
		measure.DataFiles, measure.DiskFree, measure.StoredCalls, measure.StoredBytes, measure.DBSize,
	} {
		seen.Set(sig, float64(random.IntN(200_000_000)))
	}
	for _, sig := range []measure.Signal{
		measure.CPU, measure.ReadRate, measure.WriteRate, measure.MachineCPU, measure.MachineIOWait,
		measure.GeneratorCPU, measure.BackendCPU, measure.OtherCPU,
	} {
		seen.Set(sig, 3*random.Float64())
	}
	return &seen
}
