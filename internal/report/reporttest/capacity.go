package reporttest

import (
	"slices"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/exitcode"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

// Searched is a search that found 185 calls/s, since storage kept up with no more.
func Searched() report.Capacity {
	step := func(rate, p95, stored float64, broke string) report.CapacityStep {
		n := uint64(rate * 10)
		success, half, cpu, rss, behind := 1.0, p95/2, 0.7, 120e6, rate-stored
		s := report.CapacityStep{
			RatePerS: rate, DurationS: 10, Slots: 64, Attempted: n, Accepted: n, SuccessRate: &success,
			AcceptedPerS: rate, MeanS: &half, P50S: &half,
			P90S: &p95, P95S: &p95, P99S: &p95, StoredPerS: &stored, BehindPerS: &behind, CPUSPerS: &cpu,
			RSSBytes: &rss, Steady: broke == "", OK: broke == "",
			Broke: broke,
		}
		if broke != "" {
			s.BrokeWords = "storage fell behind by 71 calls/s"
		}
		return s
	}
	rate, offered, high := 184.0, 184.0, 189.2
	final := step(184, 0.031, 184, "")
	final.Final, final.DurationS = true, 30
	none, ten := uint64(0), 10.2
	final.Lost, final.DrainS = &none, &ten
	limited := step(1000, 0.2, 185, report.BrokeStorage)
	limited.Limits = []string{"the generator used 2.0 of 2 processors"}
	return report.Capacity{
		Schema: report.CapacitySchema, Tool: report.Tool{Name: "rdiostress", Version: "1.2.3"},
		Run: report.CapacityRun{
			ID: "7f3a9c21", StartedAt: time.Date(2026, 5, 14, 19, 30, 0, 0, time.UTC),
			DurationS: 148,
		},
		Target: measure.Target{URL: "http://localhost:3000"}, Scenario: results.Passing().Scenario,
		Objectives: capacity.Defaults(), Search: &report.CapacitySearch{
			StartPerS: 100, MaxPerS: 1000, MaxTimeS: 900, HoldS: 30, Precision: 0.03, MaxConcurrent: 4000,
		},
		Result: report.CapacityResult{
			CapacityPerS: &rate, OfferedPerS: &offered, LowPerS: &rate, HighPerS: &high, Broke: report.BrokeStorage,
			BrokeWords: "storage fell behind by 4.2 calls/s", Confirmed: true, Verified: "sqlite",
		},
		Steps: []report.CapacityStep{
			step(100, 0.021, 100, ""), step(200, 0.022, 185, report.BrokeStorage), limited,
			step(184, 0.03, 184, ""), final,
		},
		Watch: results.Soak().Watch,
	}
}

// Unfound are searches that found no capacity.
func Unfound() map[string]report.Capacity {
	at := 640.0
	limited, stuck := Searched(), Searched()
	limited.Result = report.CapacityResult{
		AtLeastPerS: &at, Limited: true, Verified: "none",
		Reason: "the generator was the limit at 1280 calls/s: it was busy",
	}
	stuck.Result = report.CapacityResult{Verified: "metrics", Reason: "the server does not even take 0.05 calls/s"}
	stuck.Steps = []report.CapacityStep{}
	limited.Warnings = []string{"the generator was short of processor time: a quota held it back in 30 % of the step " +
		"at 1,000 calls/s"}
	limited.Steps[0].LeftOut = 12
	limited.Result.ExitCode, stuck.Result.ExitCode = exitcode.Inconclusive, exitcode.Missed
	queue, cut := Searched(), Searched()
	queue.Result.Verified = "none"
	queue.Result.Queues()
	queue.Result.ExitCode = exitcode.Inconclusive
	// The time was up while a rate was repeated that had broken, and while another one's calls were still being stored.
	high, five, hundred := 200.0, uint64(5), 2.5
	cut.Result = report.CapacityResult{
		HighPerS: &high, Broke: report.BrokeStorage, BrokeWords: "storage fell behind by 71 calls/s",
		Verified: "sqlite",
		Reason:   "the time was up (--max-time 1m0s)", ExitCode: exitcode.Inconclusive,
	}
	cut.Steps = slices.Clone(cut.Steps[:2])
	cut.Steps[0].OK, cut.Steps[0].Broke, cut.Steps[0].Pending, cut.Steps[0].DrainS = false, report.BrokeUnseen, &five,
		&hundred
	cut.Steps[0].BrokeWords = "the wait for storage was cut short while 5 calls were not stored"
	return map[string]report.Capacity{
		"capacity-limited": limited, "capacity-none": stuck, "capacity-queue": queue,
		"capacity-cut": cut,
	}
}
