// Package reporttest has saved documents, for the tests of packages that read and show them, and what these tests have
// in common.
package reporttest

import (
	"io"
	"strings"
	"testing"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

func JSON(t *testing.T, rep report.Report) []byte {
	t.Helper()
	return []byte(Text(t, func(w io.Writer) error { return report.WriteJSON(w, rep) }))
}

// Flags names a field as a command line does.
func Flags(f field.Name) string { return "--" + strings.ReplaceAll(string(f), "_", "-") }

// Full is a report in which every field that there is has a value.
func Full() report.Report {
	res := results.Failing()
	results.Before(&res, "batches", "batches of 1, 6, 11 … up to 50 uploads at once", 7.31, 30, 4)
	inStages := results.Staged()
	res.Run.Interrupted, res.Run.Aborted = true, inStages.Run.Aborted
	res.Generator, res.Guide = results.Limited().Generator, results.Guided().Guide
	res = results.Short(results.Halted(res, 7))
	res.Generator.Stops.SuspendedS, res.Generator.Stops.Times[0].SuspendedS, res.Generator.Stops.Failed = 0.4, 0.4, 2
	res.Generator.Absent = map[string]string{
		"quota_processors": "its control groups set no quota", "throttled_s": "the same", "throttled_share": "the same",
		"run_delay_s": "this kernel does not say how long threads wait for a processor", "run_delay_mean_s": "the same",
	}
	res.Scenario = inStages.Scenario
	res.Scenario.RatePerS, res.Scenario.Profile, res.Scenario.AudioSize = 200, "guide", "16384-131072"
	res.Scenario.AudioDir = "recordings"
	res.Scenario.WarmUpS, res.Scenario.RampUpS, res.Scenario.ThinkTimeS = 30, 10, 2
	res.Delivery, res.Mischief, res.Retries = results.Lossy().Delivery, results.Mischievous().Mischief,
		results.Repeated().Retries
	setBehavior(&res)
	res.Watch, res.Alerts = results.Soak().Watch, []measure.Alert{{
		Severity: "high", KPI: "error_rate", Unit: "ratio",
		Value: 0.14, Limit: 0.05, FromS: 10, ToS: 120,
	}}
	for i := range res.Series {
		res.Series[i].Server = results.ServerAt(i, res.Series[i].TS)
	}
	setDelivery(&res.Delivery)
	setTranscription(&res)
	s := &res.Scenario
	s.MustVerify = true
	s.Verify, s.VerifyWaitS, s.VerifyMaxS, s.CrashTest, s.CrashAtS = "sqlite:rdio-scanner.db", 60, 600, "server", 60
	res.Series[0].Stored, res.Series[0].Backlog, res.Series[0].StoredPerS = res.Delivery.Stored, res.Delivery.Missing,
		res.Delivery.StoredPerS
	res.Traffic, res.Scenario.Radio = results.Doubled().Traffic, results.Doubled().Scenario.Radio
	res.Traffic.Replay, res.Scenario.Replay = results.Recorded().Traffic.Replay, results.Recorded().Scenario.Replay
	res.Priming = results.Primed().Priming
	res.Priming.Refused, res.Priming.Unseen = "503 busy", "its process is not seen"
	res.FirstCalls = &measure.FirstCalls{Count: 30, MeanS: 0.4, LaterMeanS: 0.02}
	res.Series[0].FirstCalls, res.Series[0].FailedAttempts = 3, 2
	res.Series[0].Failures = []measure.PointFailure{{Class: measure.Status.String(), Status: 503, Count: 2}}
	res.Latency.Clamped, res.ServiceTime.Clamped = 1, 1
	res.Target = target()
	res.Clients = []measure.ClientTotals{{
		Client: "sdrtrunk", Attempted: 3, Accepted: 1, Failed: 2, Busy: 1,
		OnlyStatus: 500,
	}}
	setServers(&res)
	res.Histograms = results.HistogramsOf(res.Series)
	rep := report.New(res, "1.2.3", Flags)
	rep.Diagnosis = []report.Finding{{
		ID: "queue-full", Title: "Queue full", Evidence: []string{"1,204 uploads were refused with 503"},
		Fix: "more workers", GuidePhase: 2, Certainty: diagnose.Likely,
	}}
	return rep
}

// setServers sets what each of two servers took, one of which was away for a while.
func setServers(res *measure.Result) {
	res.Target.URLs = []string{res.Target.URL, "http://localhost:8001"}
	res.Scenario.Balance = "round-robin"
	gone := measure.ErrorDetail{
		Class: measure.Refused.String(), Parent: string(measure.ParentConnection), Count: 40, FirstS: 2, LastS: 5.5,
		Sample: "connection refused",
	}
	most, some, memory, queue := 1.0, 0.6, 48e6, 7.0
	res.Servers = []measure.ServerTotals{
		{
			URL: res.Target.URL, Server: "tr-engine", Attempted: 100, Accepted: 100, SuccessRate: &most,
			UploadsPerS: 10, Errors: measure.Errors{HTTP: map[string]uint64{}}, ErrorDetails: []measure.ErrorDetail{},
			Latency: res.Latency, Watch: &measure.ServerWatch{
				Process: "rdio-scanner", PID: 4711, CPUSPerS: &some, RSSBytes: &memory, MemoryKind: measure.MemoryRSS,
				QueueCalls: &queue, Events: res.Watch.Events,
			},
		},
		{
			URL: res.Target.URLs[1], Attempted: 100, Accepted: 60, Failed: 40, SuccessRate: &some, UploadsPerS: 10,
			FailedAttempts: 3, Errors: measure.Errors{Connection: 40, HTTP: map[string]uint64{}},
			ErrorDetails: []measure.ErrorDetail{gone}, Latency: measure.Distribution{Absent: "no upload was accepted"},
			Watch: &measure.ServerWatch{Absent: map[string]string{"cpu_s_per_s": "the server runs on another machine"}},
		},
	}
}

// setBehavior sets how clients went about their calls, and how uploads of each size ended.
func setBehavior(res *measure.Result) {
	res.Scenario.ClientRetries, res.Scenario.RealClients = "client", true
	res.ClientBehavior = []measure.ClientBehavior{
		{
			Client: "sdrtrunk", Programs: 4, Due: 3000, Sent: 2880, Outdated: 50, NotKept: 10, Left: 60, GivenUp: 12,
			QueueMeanS: 0.249, Late: 410, LateMeanS: 44.1, LateMaxS: 96.5, LargestBurst: 220, Pauses: 3, PausedS: 196,
			Tests: 25, TestsPassed: 7, TestAnswer: "502 an HTML page", Redirects: 2,
		},
		{
			Client: "trunk-recorder", Due: 700, Sent: 700, GivenUp: 2, Repeats: 31, AlreadyThere: 4, MayBeDoubled: 5,
			Late: 27, LateMeanS: 66.4, LateMaxS: 190, HeldConnections: 1,
		},
	}
	res.UploadSizes = &measure.UploadSizes{
		LargestAccepted: 998_400, SmallestTooLarge: 1_050_211,
		Bins: []measure.SizeBin{
			{FromBytes: 20_480, ToBytes: 24_576, Accepted: 400, Refused: 3, Failed: 1},
			{FromBytes: 1_048_576, ToBytes: 1_310_720, TooLarge: 17, Lost: 2},
		},
	}
}

// setDelivery sets what became of calls in a crash test, and how it was looked at.
func setDelivery(d *measure.Delivery) {
	d.Crash, d.PendingS, d.DrainS = results.Crashed().Delivery.Crash,
		results.Pending().Delivery.PendingS, results.Behind().Delivery.DrainS
	d.Failed, d.Absent = true, "looking failed"
	old := results.Stale().Delivery
	d.AsOfS, d.AgeS, d.Unread = old.AsOfS, old.AgeS, old.Unread
	d.WaitEnd, d.WaitedS, d.Reasons = results.Explained().Delivery.WaitEnd,
		results.Explained().Delivery.WaitedS, results.Explained().Delivery.Reasons
}

// setTranscription sets when calls were transcribed.
func setTranscription(res *measure.Result) {
	late := results.Untranscribed()
	m := *late.Transcription
	m.Absent, m.ReadFailed, m.DrainS = "reading failed", true, results.Transcribed().Transcription.DrainS
	m.ClockUnknown, m.StoredUnknown = "its answers have no date", "no transcript shows how long it took"
	res.Transcription = &m
	res.Scenario.Transcripts, res.Scenario.TranscriptsMaxS = "require", 120
	p := &res.Series[0]
	p.Transcribed, p.Untranscribed, p.TranscriptDelayS = late.Series[0].Transcribed, late.Series[0].Untranscribed,
		m.EarlyP50S
}

// target is a server with all that is known of one.
func target() measure.Target {
	window := 10.0
	return measure.Target{
		URL: results.Unlooked().Target.URL, Server: "tr-engine", AcknowledgesFirst: true, DuplicateWindowS: &window,
		Warnings: []string{"a warning"},
		FirstReplies: []measure.FirstReply{{
			Client: "sdrtrunk", Address: "http://localhost:8000/api/call-upload", Status: 500,
			Reply: "Internal server error", Tries: 3,
			Accepted: true, FormUnread: true, DatesUnread: true,
		}},
	}
}
