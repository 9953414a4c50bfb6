package diagnose

import (
	"math"
	"slices"
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// allSignals are those that findings are made from.
func allSignals(res measure.Result) Signals {
	res = withoutCrash(res)
	return signalsOf(&res, nil)
}

// watched is a run of 30 s at 100 uploads a second against a server that is watched, whose figures at second i are what
// at says.
func watched(at func(i int, seen *measure.Observation)) measure.Result {
	const n = 30
	res := run(make([]float64, n))
	res.Watch.Processors = 2
	res.Totals = measure.Totals{Attempted: 3000, Accepted: 3000, UploadsPerS: 100, BytesSent: 3000 * 20_000}
	res.Latency = measure.Distribution{
		Count:   3000,
		Figures: &measure.Figures{MeanS: 0.2, P50S: 0.2, P95S: 0.3, MaxS: 0.5},
	}
	res.ServiceTime = res.Latency
	for i := range res.Series {
		seen := &measure.Observation{}
		at(i, seen)
		res.Series[i].Server = seen
		p50 := 0.2
		res.Series[i].MeanS, res.Series[i].P50S, res.Series[i].MaxS = &p50, &p50, &p50
	}
	return res
}

func ids(res measure.Result, grows bool) (list []string) {
	for _, f := range Findings(res, grows, nil) {
		list = append(list, f.ID)
	}
	return list
}

// near checks signals, to a thousandth.
func near(t *testing.T, s Signals, want map[string]float64) {
	t.Helper()
	for name, v := range want {
		got, ok := s[name]
		if !ok || math.Abs(got.Value-v) > 1e-3*max(1, math.Abs(v)) {
			t.Errorf("%s is %g (there: %t), want %g", name, got.Value, ok, v)
		}
	}
}

func TestServerSignals(t *testing.T) {
	res := watched(func(i int, seen *measure.Observation) {
		for sig, v := range map[measure.Signal]float64{
			measure.RSS: 50e6 + 10e6*float64(i), measure.CPU: 0.5, measure.PoolUsage: 0.25, measure.OpenFiles: 100,
			measure.OpenFilesLimit: 1000,
			measure.DataSize:       4e6 * float64(i), measure.DataFiles: float64(i), measure.WriteRate: 4e6,
			measure.MachineIOWait: 0.125,
			measure.DiskFree:      9e9, measure.ReadingTime: 2, measure.QueueingTime: 0, measure.StoringTime: 8,
			measure.DBWaitingLocks: 3, measure.DBLongestTransaction: 5, measure.DBConnections: 10,
			measure.DBConnectionsLimit: 100,
		} {
			seen.Set(sig, v)
		}
	})
	s := allSignals(res)
	near(t, s, map[string]float64{
		"target_cpu_share": 0.25, "cpu_per_call": 0.005, "pool_usage_mean": 0.25, "fds_share": 0.1,
		"rss_rise": 290e6, "rss_growth_late": 90e6, "rss_growth_linear": 1, "rss_growth_share": 290e6 / 340e6,
		"rss_growth_per_call": 290e6 / 3000,
		"accepted_bytes":      60e6, "folder_growth": 116e6, "folder_over_accepted": 116.0 / 60, "files_growth": 29,
		"disk_write_over_accepted": 2,
		"iowait_share":             0.125, "disk_free": 9e9, "read_share": 0.2, "commit_share": 0.8,
		"commit_mean":       0.08,
		"commit_of_service": 0.4,
		"unexplained_share": 0.5, "db_lock_waits_mean": 3, "db_longest_transaction": 5, "db_connections_share": 0.1,
		"service_p50": 0.2, "service_spread": 1.5, "accepted_per_s": 100,
	})
	known := catalogue(t)
	for name := range s {
		if known[name] == "" {
			t.Errorf("%s is not in signals.yaml", name)
		}
	}
	if got := ids(res, true); !slices.Contains(got, "memory-leak") {
		t.Errorf("found %v, want the leak", got)
	}
	if got := ids(res, false); slices.Contains(got, "memory-leak") {
		t.Errorf("found %v, though memory has not been judged to grow", got)
	}
}

func TestBufferedUploads(t *testing.T) {
	res := watched(func(i int, seen *measure.Observation) { seen.Set(measure.RSS, 50e6+150e6*float64(i%2)) })
	res.Totals.BytesSent = 3000 * 4e6
	for i := range res.Series {
		res.Series[i].InFlight = 25
	}
	near(t, allSignals(res), map[string]float64{"in_flight_bytes": 100e6, "buffered_ratio": 1.5})
}

func TestOutcomeSignals(t *testing.T) {
	res := run(make([]float64, 20))
	res.Totals = measure.Totals{Attempted: 1000, Accepted: 700, Failed: 300, Unsent: 1000, UploadsPerS: 50}
	res.Errors.HTTP = map[string]uint64{"503": 100, "429": 50, "507": 10, "500": 40, "400": 1, "x": 1}
	res.ErrorDetails = []measure.ErrorDetail{
		{Class: measure.Reset.String(), Count: 60},
		{Class: measure.Refused.String(), Count: 20},
		{Class: measure.Timeout.String(), Count: 18},
		{Class: measure.Status.String(), Status: 500, Count: 40, Sample: "database is locked (SQLITE_BUSY)"},
	}
	res.Generator = measure.Generator{Limited: true, Reasons: []string{"no processor was free"}, SlotWaits: 500}
	s := allSignals(res)
	near(t, s, map[string]float64{
		"error_share": 0.3, "busy_share": 0.1, "rate_limited_share": 0.05, "no_space_share": 0.01,
		"server_error_share": 0.04,
		"cut_off_share":      0.08, "reply_timeout_share": 0.018, "unsent_share": 0.5, "slot_wait_share": 0.5,
		"trouble":           1,
		"says_locked":       1,
		"generator_limited": 1,
	})
	if note := s["generator_limited"].Note; note != "no processor was free" {
		t.Errorf("the generator's reason is %q", note)
	}
	empty := allSignals(measure.Result{})
	if len(empty) != 1 || empty["attempted"].Value != 0 {
		t.Errorf("signals of nothing: %v", empty)
	}
	if f := Findings(measure.Result{}, false, nil); f != nil {
		t.Errorf("findings in nothing: %v", f)
	}
}

// Repeats that hardly get through are what to hear of, not the refusals that follow from them.
func TestRepeats(t *testing.T) {
	storm := func() measure.Result {
		res := run(make([]float64, 20))
		res.Totals = measure.Totals{Attempted: 1000, Accepted: 700, Failed: 300, UploadsPerS: 50}
		res.Errors.HTTP = map[string]uint64{"503": 300}
		res.Phases = []measure.Phase{{Totals: measure.Totals{Attempted: 200}}, {Totals: res.Totals}} // a warm-up first
		res.Retries = &measure.Retries{
			Calls: 500, Recovered: 200, GivenUp: 250, Pending: 50, Sent: 800, Tries: []measure.RetryAttempt{{
				Try:  2,
				Sent: 450,
			}, {Try: 3, Sent: 350}},
			Errors: measure.Errors{
				Timeout: 110, Connection: 60, Rejected: 30,
				HTTP: map[string]uint64{"503": 700, "429": 100, "500": 100},
			},
		}
		return res
	}
	near(t, allSignals(storm()), map[string]float64{
		"repeats": 800, "repeat_calls": 450, "repeat_share": 0.4, "repeat_load": 2000.0 / 1200,
		"repeat_success_share":  0.25,
		"repeat_overload_share": 910.0 / 1100,
	})
	if got := ids(storm(), false); !slices.Equal(got, []string{"retry-storm"}) {
		t.Errorf("found %v, want the storm alone", got)
	}
	helpful := storm()
	helpful.Retries.Sent = 390
	if got := ids(helpful, false); !slices.Equal(got, []string{"queue-full"}) {
		t.Errorf("found %v where more than half of the repeats got through, want the queue alone", got)
	}
	none := storm()
	none.Retries = nil
	if got := ids(none, false); !slices.Equal(got, []string{"queue-full"}) {
		t.Errorf("found %v without repeats, want the queue alone", got)
	}
}

func TestDeliverySignals(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	f := func(v float64) *float64 { return &v }
	res := run(make([]float64, 20))
	res.Delivery = measure.Delivery{
		Acknowledged: n(1000), Lost: n(100), Dropped: n(80), Missing: n(20), Pending: n(0), Corrupted: n(5),
		BacklogMax: n(400), BacklogEnd: n(300),
		StoredPerS: f(20), DrainS: f(15),
	}
	s := allSignals(res)
	near(t, s, map[string]float64{
		"lost_share": 0.1, "dropped_duplicate_share": 0.08, "dropped_of_lost_share": 0.8, "altered": 5, "backlog": 400,
		"late_share": 0.3, "stored_per_s": 20,
	})
	if _, ok := s["pending_share"]; ok {
		t.Error("nothing is pending, and yet there is a share of it")
	}
	if got := ids(res, false); !slices.Equal(got, []string{"altered-calls", "duplicate-dropping"}) {
		t.Errorf("found %v", got)
	}
}

// Calls that the server says that it did not store are no queue's fault, but those without a word are.
func TestRefusedCalls(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	res := run(make([]float64, 20))
	res.Delivery = measure.Delivery{
		Acknowledged: n(1000), Lost: n(100), Dropped: n(1), Missing: n(99), Pending: n(0), Corrupted: n(0),
		Reasons: []measure.Reason{
			{Reason: "no matching system/talkgroup", Fate: measure.FateMissing, Count: 90},
			{Reason: "blacklisted", Fate: measure.FateMissing, Count: 9},
			{Reason: "duplicate call rejected", Fate: measure.FateDropped, Count: 1},
		},
	}
	near(t, allSignals(res), map[string]float64{"refused": 99, "refused_share": 0.099})
	found := Findings(res, false, nil)
	if len(found) != 1 || found[0].ID != "refused-calls" ||
		!slices.Contains(found[0].Evidence, `it says "no matching system/talkgroup", "blacklisted"`) {
		t.Errorf("found %+v", found)
	}
	*res.Delivery.Lost, *res.Delivery.Missing = 150, 149
	if got := ids(res, false); !slices.Equal(got, []string{"lossy-queue", "refused-calls"}) {
		t.Errorf("found %v where some were lost without a word", got)
	}
}

func TestComparisons(t *testing.T) {
	res := run(make([]float64, 20))
	res.FirstCalls = &measure.FirstCalls{Count: 100, MeanS: 0.3, LaterMeanS: 0.1}
	for i := range res.Series {
		v := 0.1 + 0.01*float64(i)
		res.Series[i].MeanS, res.Series[i].FirstCalls = &v, uint64(i)
	}
	res.Mischief = &measure.Mischief{
		Kinds: []measure.MischiefKind{{Kind: "slow", Sent: 5}},
		GoodCalls: measure.GoodCalls{
			With: &measure.GoodSeconds{MeanS: 2}, Without: &measure.GoodSeconds{MeanS: 0.1},
		},
	}
	near(t, allSignals(res), map[string]float64{
		"first_call_times": 3, "first_call_excess": 0.2, "new_talkgroup_correlation": 1, "slow_client_harm": 20,
		"slow_client_excess": 1.9,
	})
	for i := range res.Series { // slow while it was cold, which is when most first calls come
		v, n := 0.1, uint64(0)
		if i < coldS {
			v, n = 1, 20
		}
		res.Series[i].MeanS, res.Series[i].FirstCalls = &v, n
	}
	near(t, allSignals(res), map[string]float64{"new_talkgroup_correlation": 0})
	res.Mischief.Kinds[0].Kind = "truncated"
	if _, ok := allSignals(res)["slow_client_harm"]; ok {
		t.Error("slow clients are blamed, and there were none")
	}
}

func TestStepShares(t *testing.T) {
	res := run(make([]float64, 20))
	res.ServiceTime = measure.Distribution{Count: 100, Figures: &measure.Figures{MeanS: 2, P50S: 2, P95S: 3, MaxS: 4}}
	res.Steps.Write = measure.Distribution{Count: 100, Figures: &measure.Figures{MeanS: 1.5}}
	res.Steps.Connect = measure.Distribution{Count: 10, Figures: &measure.Figures{MeanS: 1}}
	near(t, allSignals(res), map[string]float64{
		"write_step_share": 0.75, "connect_step_share": 0.05,
		"write_step_mean": 1.5,
	})
}

// A server that the run itself killed is not blamed for being gone.
func TestCrashTestIsNoFault(t *testing.T) {
	res := run(make([]float64, 20))
	res.Totals = measure.Totals{Attempted: 1000, Accepted: 600, Failed: 400, UploadsPerS: 50}
	res.ErrorDetails = []measure.ErrorDetail{
		{Class: measure.Refused.String(), Count: 300},
		{Class: measure.Timeout.String(), Count: 100},
	}
	if got := ids(res, false); !slices.Equal(got, []string{"timeouts", "connection-limit"}) &&
		!slices.Equal(got, []string{"connection-limit"}) {
		t.Errorf("found %v where it was not killed", got)
	}
	res.Scenario.CrashTest = "server"
	if got := ids(res, false); got != nil {
		t.Errorf("found %v", got)
	}
}

// A sink sees what is forwarded: what comes late there may have been stored in time, and one that gets nothing is none
// of the server's.
func TestSinkIsNoStore(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	drain := 20.0
	res := run(make([]float64, 20))
	res.Delivery = measure.Delivery{
		Method: "sink", Acknowledged: n(1000), Stored: n(1000), Lost: n(0), Dropped: n(0), BacklogMax: n(600),
		BacklogEnd: n(500), DrainS: &drain,
	}
	if got := ids(res, false); got != nil {
		t.Errorf("found %v where calls were forwarded late", got)
	}
	res.Delivery.Stored, res.Delivery.Lost, res.Delivery.Missing = n(900), n(100), n(100)
	if got := ids(res, false); !slices.Equal(got, []string{"lossy-queue"}) {
		t.Errorf("found %v where some were lost", got)
	}
	res.Delivery.Stored, res.Delivery.Lost, res.Delivery.Missing = n(0), n(1000), n(1000)
	if got := ids(res, false); got != nil {
		t.Errorf("found %v where the server forwards nothing", got)
	}
}

// In a long run intervals get wider: means are over time, and its last third is that of the time.
func TestFiguresOfLongRuns(t *testing.T) {
	res := watched(func(i int, seen *measure.Observation) {
		pool := 0.0
		if i >= 10 {
			pool = 1
		}
		seen.Set(measure.PoolUsage, pool)
		seen.Set(measure.RSS, 100e6+1e6*float64(i))
	})
	at := 0.0
	for i := range res.Series {
		width := 1.0
		if i >= 10 {
			width = 10
		}
		res.Series[i].TS, res.Series[i].WidthS = at, width
		at += width
	}
	res.Run.SendingS = at // 10 s and 20 times 10 s
	near(t, allSignals(res), map[string]float64{"pool_usage_mean": 200.0 / 210, "rss_growth_late": 6e6})
}

// What is written is held against what came in meanwhile, however long the run warmed up; and a few pages are not much.
func TestWrittenOverAccepted(t *testing.T) {
	wrote := 40e6
	res := watched(func(_ int, seen *measure.Observation) { seen.Set(measure.WriteRate, wrote) })
	res.Run.SendingS = 300
	near(t, allSignals(res), map[string]float64{"disk_write_over_accepted": 20})
	res.Totals.BytesSent /= 1000
	wrote = 1e6
	for i := range res.Series {
		res.Series[i].Server.Set(measure.WriteRate, wrote)
	}
	if v, ok := allSignals(res)["disk_write_over_accepted"]; ok {
		t.Errorf("1 MB/s are called %v what was sent", v)
	}
}

func TestProcessorsAndLimits(t *testing.T) {
	res := watched(func(i int, seen *measure.Observation) {
		for sig, v := range map[measure.Signal]float64{
			measure.CPU: 1, measure.MachineCPU: 0.9, measure.PoolWaiting: 7, measure.BreakerOpen: float64(i % 2),
			measure.UploadQueue: 950, measure.UploadQueueLimit: 1000,
		} {
			seen.Set(sig, v)
		}
	})
	near(t, allSignals(res), map[string]float64{
		"processors": 2, "processors_busy": 1, "machine_cpu_share": 0.9, "left_cpu_share": 0.5 / 0.6,
		"pool_waiting_mean": 7, "breaker_open_share": 0.5, "upload_queue_share": 0.95,
	})
}

// Advice speaks of the client in use.
func TestAdviceKnowsTheClient(t *testing.T) {
	for client, want := range map[string]string{
		"sdrtrunk": "SDRTrunk stops", "trunk-recorder": "trunk-recorder sends", "voxcall": "This client does not",
		"sdrtrunk=1,curl=1": "replicas.",
	} {
		res := run(make([]float64, 20))
		res.Totals = measure.Totals{Attempted: 1000, Accepted: 700, Failed: 300, UploadsPerS: 50}
		res.Errors.HTTP = map[string]uint64{"429": 300}
		res.Scenario.Client = client
		f := Findings(res, false, nil)
		if len(f) != 1 || !strings.Contains(f[0].Fix, want) || client != "sdrtrunk" &&
			strings.Contains(f[0].Fix, "SDRTrunk") {
			t.Errorf("%s: %+v", client, f)
		}
	}
}

// Of fewer than 20 uploads the 95th percentile is just the slowest: no rule goes by it, and no evidence names it.
func TestNoPercentileOfFewUploads(t *testing.T) {
	for _, n := range []uint64{19, 20} {
		res := run(make([]float64, 20))
		res.Latency = measure.Distribution{Count: n, Figures: &measure.Figures{MeanS: 2, P50S: 2, P95S: 3, MaxS: 4}}
		res.ServiceTime = res.Latency
		signals := allSignals(res)
		for _, name := range []string{"response_p95", "service_p95", "service_spread"} {
			if _, there := signals[name]; there != (n >= 20) {
				t.Errorf("%s of %d uploads is there: %t", name, n, there)
			}
		}
	}
}
