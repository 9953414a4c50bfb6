package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rdiostress/internal/measure"
)

// failing is a run of 1,000 uploads, some of which ended in one way.
func failing(failed uint64, d measure.ErrorDetail) measure.Result {
	res := run(make([]float64, 20))
	res.Totals = measure.Totals{Attempted: 1000, Accepted: 1000 - failed, Failed: failed, UploadsPerS: 50}
	d.Count = failed
	res.ErrorDetails = []measure.ErrorDetail{d}
	res.Errors = errorsOf(res.ErrorDetails)
	return res
}

// Whatever uploads failed with, a finding names it, with how many and what the server said.
func TestFailuresAreNamed(t *testing.T) {
	status := func(code int, class measure.Class, sample string) measure.ErrorDetail {
		return measure.ErrorDetail{Class: class.String(), Parent: string(class.Parent()), Status: code, Sample: sample}
	}
	for _, c := range []struct {
		detail measure.ErrorDetail
		want   string
		advice string
	}{
		{status(302, measure.Status, "Location: /login"), `answered 302 (Found), such as "Location: /login"`, "--url"},
		{
			status(400, measure.Status, "Not a multipart content"),
			`answered 400 (Bad Request), such as "Not a multipart content"`, "--client",
		},
		{
			status(401, measure.Unauthorised, "Invalid API key for system 11"),
			`answered 401 (Unauthorized), such as "Invalid API key for system 11"`, "--api-key",
		},
		{
			status(404, measure.Status, "404 page not found"), `answered 404 (Not Found), such as "404 page not found"`,
			"--url",
		},
		{status(405, measure.Status, "Unsupported method"), `answered 405 (Method Not Allowed)`, "--client"},
		{status(409, measure.Status, "conflict"), `answered 409 (Conflict), such as "conflict"`, ""},
		{
			status(413, measure.Status, "<html>"), `answered 413 (Request Entity Too Large), such as "<html>"`,
			"client_max_body_size",
		},
		{status(415, measure.Status, ""), `answered 415 (Unsupported Media Type)`, "--client"},
		{
			status(417, measure.Incomplete, "Incomplete call data: no \x1b[31mtalkgroup\n"),
			`answered 417 (Expectation Failed), such as "Incomplete call data: no talkgroup"`, "--client",
		},
		{status(422, measure.Status, `{"detail": "x"}`), `answered 422 (Unprocessable Entity)`, "--client"},
		{
			status(500, measure.Status, "Internal server error"),
			`answered 500 (Internal Server Error), such as "Internal server error"`, "",
		},
		{status(503, measure.Status, "Server busy"), `answered 503 (Service Unavailable), such as "Server busy"`, ""},
		{status(599, measure.Status, "?"), `answered 599, such as "?"`, ""},
		{
			status(200, measure.Rejected, "thank you"),
			`answered 200 without saying that the call was imported, such as "thank you"`, "",
		},
		{status(0, measure.Malformed, "HTTP/0.9?"), `the reply was no HTTP, such as "HTTP/0.9?"`, "https://"},
		{status(0, measure.TLS, "tls: handshake failure"), "the TLS handshake failed", "https://"},
		{status(0, measure.DNS, "no such host"), "the host's name was not found", ""},
		{status(0, measure.ConnectTimeout, "no connection in time"), "no connection in time", ""},
	} {
		t.Run(c.want, func(t *testing.T) {
			found := Findings(failing(400, c.detail), false, flagged)
			var evidence []string
			fixes := ""
			for _, f := range found {
				evidence = append(evidence, f.Evidence...)
				fixes += f.Fix
			}
			i := slices.IndexFunc(evidence, func(line string) bool { return strings.Contains(line, c.want) })
			if i < 0 || !strings.Contains(evidence[i], "40 % of all uploads (400)") ||
				!strings.Contains(fixes, c.advice) {
				t.Fatalf("found %+v", found)
			}
			if strings.ContainsFunc(evidence[i], func(r rune) bool { return r < ' ' }) {
				t.Errorf("control characters in %q", evidence[i])
			}
			if few := Findings(failing(1, c.detail), false, nil); len(few) > 0 {
				t.Errorf("of 1,000 uploads, one makes a finding: %+v", few)
			}
		})
	}
}

// Several kinds are named at once, and those that another finding names are not named again.
func TestFailuresAreNamedOnce(t *testing.T) {
	res := failing(400, measure.ErrorDetail{Class: "http_status", Parent: "http", Status: 429, Sample: "slow down"})
	res.ErrorDetails[0].Count = 250
	res.ErrorDetails = append(res.ErrorDetails,
		measure.ErrorDetail{
			Class: "http_status", Parent: "http", Status: 404, Count: 149,
			Sample: strings.Repeat("too large ", 100),
		},
		measure.ErrorDetail{Class: "incomplete", Parent: "http", Status: 417, Count: 1, Sample: "no audio"},
	)
	res.Errors = errorsOf(res.ErrorDetails)
	found := Findings(res, false, nil)
	if len(found) != 2 || found[0].ID != "failed-uploads" || found[1].ID != "rate-limiting" {
		t.Fatalf("found %+v", found)
	}
	if n := len(found[0].Evidence); n != 2 || len(found[0].Evidence[0]) > 300 {
		t.Errorf("evidence %q", found[0].Evidence)
	}
}

// shared is a run against a server on this machine whose uploads take too long, and the processors are split as said.
func shared(server, own, other, backend float64) measure.Result {
	res := watched(func(_ int, seen *measure.Observation) {
		for sig, v := range map[measure.Signal]float64{
			measure.CPU: server, measure.GeneratorCPU: own, measure.OtherCPU: other, measure.BackendCPU: backend,
			measure.MachineCPU: min(1, (server+own+other)/2), measure.StoringTime: 90,
		} {
			seen.Set(sig, v)
		}
	})
	res.Latency.Figures = &measure.Figures{MeanS: 1.5, P50S: 1.4, P95S: 2, MaxS: 4}
	res.ServiceTime = res.Latency
	res.Watch.Others = []measure.OtherProcess{{Name: "chromium", CPUSPerS: other - backend}}
	if backend > 0 {
		res.Watch.Others = append(res.Watch.Others,
			measure.OtherProcess{Name: "postgres", CPUSPerS: backend, Backend: true})
	}
	return res
}

// Where something else takes the processors, that is the finding; the server's own database is nothing else.
func TestOtherProcesses(t *testing.T) {
	for _, c := range []struct {
		name                        string
		server, own, other, backend float64
		want                        string
	}{
		{"a busy neighbour", 0.4, 0.4, 1.2, 0, "other-processes"},
		{"its database", 0.4, 0.3, 1.3, 1.2, "processor-bound"},
		{"a neighbour beside its database", 0.4, 0.3, 1.3, 0.5, "other-processes"},
		{"nothing else", 0.1, 0.2, 0.05, 0, "slow-database"},
		{"a neighbour that leaves enough", 0.1, 0.2, 0.6, 0, "slow-database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := Findings(shared(c.server, c.own, c.other, c.backend), false, nil)
			if len(found) != 1 || found[0].ID != c.want {
				t.Fatalf("found %+v, want %s", found, c.want)
			}
			if text := fmt.Sprint(found[0].Evidence); c.want == "other-processes" &&
				!strings.Contains(text, "chromium ") {
				t.Errorf("nobody is named in %s", text)
			}
		})
	}
	well := shared(0.4, 0.4, 1.2, 0)
	well.Latency.Figures = &measure.Figures{MeanS: 0.1, P50S: 0.1, P95S: 0.2, MaxS: 0.4}
	if found := Findings(well, false, nil); len(found) > 0 {
		t.Errorf("every threshold is met, and yet %+v", found)
	}
}

// A server that gets slower as others take more and more of the processors does not get slower with the calls that it
// stores.
func TestGrowthOfOthers(t *testing.T) {
	res := watched(func(i int, seen *measure.Observation) {
		seen.Set(measure.CPU, 0.5)
		seen.Set(measure.OtherCPU, 0.05*float64(i))
		seen.Set(measure.MachineCPU, min(1, 0.4+0.02*float64(i)))
	})
	for i := range res.Series {
		v := 0.02 * float64(i+1)
		res.Series[i].P50S = &v
	}
	if got := ids(res, false); slices.Contains(got, "latency-growth") {
		t.Errorf("found %v", got)
	}
	for i := range res.Series {
		res.Series[i].Server.Set(measure.OtherCPU, 0.05)
	}
	if got := ids(res, false); !slices.Contains(got, "latency-growth") {
		t.Errorf("found %v where others took nothing", got)
	}
}

// killed is a run of a minute whose server was killed at 30 s, with all that this brings about, and lost calls.
func killed(lost uint64) measure.Result {
	res := watched(func(i int, seen *measure.Observation) {
		seen.Set(measure.RSS, 50e6+5e6*float64(i%15))
		seen.Set(measure.CPU, 0.2)
	})
	more := watched(func(int, *measure.Observation) {})
	for i := range more.Series {
		more.Series[i].TS += 30
	}
	res.Series = append(res.Series, more.Series...)
	res.Run.SendingS, res.Run.DurationS, res.Phases[0].DurationS = 60, 60, 60
	res.Scenario.CrashTest, res.Scenario.TimeoutS = "4711", 30
	at, again, acknowledged := 30.4, 33.1, uint64(2900)
	res.Delivery = measure.Delivery{Method: "sqlite", Acknowledged: &acknowledged, Lost: &lost, Missing: &lost}
	res.Delivery.Crash = &measure.Crash{KilledS: at, AnsweredS: &again, Acknowledged: 2000, Lost: &lost}
	res.Watch.Events = []measure.WatchEvent{
		{AtS: 31, Kind: measure.EventProcessEnded, PID: 4711}, {AtS: 34, Kind: measure.EventProcessReplaced, PID: 4720},
	}
	res.Totals = measure.Totals{}
	for i := range res.Series {
		p := &res.Series[i]
		quick, slow := 0.02, 4.0
		p.MeanS, p.P50S, p.P95S, p.MaxS = &quick, &quick, &quick, &quick
		if i >= 30 && i < 36 {
			p.Accepted, p.Failed = 20, 80
			p.MeanS, p.P50S, p.P95S, p.MaxS = &slow, &slow, &slow, &slow
		}
		if i >= 30 {
			p.Server.Set(measure.RSS, 20e6+3e6*float64(i-30))
		}
		res.Totals.Attempted += p.Attempted
		res.Totals.Accepted += p.Accepted
		res.Totals.Failed += p.Failed
	}
	res.Totals.UploadsPerS = 100
	res.Latency.Figures = &measure.Figures{MeanS: 1.2, P50S: 0.02, P95S: 4, MaxS: 5}
	res.ErrorDetails = []measure.ErrorDetail{
		{Class: "connect_refused", Parent: "connection", Count: 300, FirstS: 30.41, LastS: 33},
		{Class: "http_status", Parent: "http", Status: 502, Count: 100, FirstS: 30.6, LastS: 35, Sample: "Bad Gateway"},
		{Class: "reply_timeout", Parent: "timeout", Count: 80, FirstS: 60, LastS: 62},
	}
	res.Errors = errorsOf(res.ErrorDetails)
	return res
}

// What a crash test did is blamed on nobody.
func TestCrashIsBlamedOnNobody(t *testing.T) {
	if found := Findings(killed(0), true, nil); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
	found := Findings(killed(12), false, nil)
	if len(found) != 1 || found[0].ID != "lossy-queue" {
		t.Fatalf("found %+v, want the lost calls", found)
	}
	if text := fmt.Sprint(found[0].Evidence); !strings.Contains(text, "lost in the crash: 12 of the 2,000 calls") {
		t.Errorf("evidence %s", text)
	}
	gone := killed(0) // it never came back
	gone.Delivery.Crash.AnsweredS = nil
	if found := Findings(gone, false, nil); len(found) > 0 {
		t.Errorf("found %+v where it did not come back", found)
	}
}

// What is wrong beside the crash is found all the same.
func TestFaultsBesideACrash(t *testing.T) {
	res := killed(0)
	for i := range 20 {
		p := &res.Series[i]
		p.Accepted, p.Failed = 60, 40
		res.Totals.Accepted -= 40
		res.Totals.Failed += 40
	}
	res.ErrorDetails = append(res.ErrorDetails, measure.ErrorDetail{
		Class: "http_status", Parent: "http", Status: 500, Count: 800, FirstS: 0.4, LastS: 20, Sample: "database is " +
			"locked",
	})
	res.Errors = errorsOf(res.ErrorDetails)
	found := Findings(res, false, nil)
	if len(found) != 1 || found[0].ID != "slow-database" ||
		!strings.Contains(fmt.Sprint(found[0].Evidence), "(800): answered 500") {
		t.Errorf("found %+v", found)
	}
	res = killed(0)
	res.Watch.Events = append(res.Watch.Events, measure.WatchEvent{AtS: 52, Kind: measure.EventProcessEnded, PID: 4720})
	if got := ids(res, false); !slices.Contains(got, "server-ended") {
		t.Errorf("found %v where it ended once more, by itself", got)
	}
}

// Calls that wait to be stored take memory, and are no leak.
func TestQueueIsNoLeak(t *testing.T) {
	res := watched(func(i int, seen *measure.Observation) { seen.Set(measure.RSS, 50e6+10e6*float64(i)) })
	if got := ids(res, true); !slices.Contains(got, "memory-leak") {
		t.Errorf("found %v", got)
	}
	backlog := uint64(14_000)
	res.Delivery.Acknowledged, res.Delivery.BacklogMax = &res.Totals.Accepted, &backlog
	if got := ids(res, true); slices.Contains(got, "memory-leak") {
		t.Errorf("found %v beside %d calls of 20 kB that wait", got, backlog)
	}
}

// Beside a pass, that the generator was busy is no finding.
func TestBusyGeneratorBesideAPass(t *testing.T) {
	res := run(make([]float64, 20))
	res.Generator = measure.Generator{Limited: true, Reasons: []string{"it was busy"}}
	if got := ids(res, false); got != nil {
		t.Errorf("found %v", got)
	}
	res.Latency.Figures = &measure.Figures{MeanS: 2, P50S: 2, P95S: 4}
	if got := ids(res, false); !slices.Equal(got, []string{"generator-bound"}) {
		t.Errorf("found %v where a threshold was missed", got)
	}
}

// That the generator was the limit does not stand beside a fault of the server that is enough by itself, and comes
// first where it may be why a threshold was missed.
func TestGeneratorBesideFaultsOfTheServer(t *testing.T) {
	limited := func(res measure.Result) measure.Result {
		res.Generator = measure.Generator{Limited: true, Reasons: []string{"it sent calls late"}}
		res.Latency.Figures = &measure.Figures{MeanS: 2, P50S: 2, P95S: 4}
		return res
	}
	busy := func(failed uint64) measure.Result {
		return failing(failed, measure.ErrorDetail{
			Class: measure.Status.String(), Parent: "http", Status: 503, Sample: "Server busy",
		})
	}
	for _, c := range []struct {
		name string
		res  measure.Result
		want []string
	}{
		{"the server refused too many by itself", limited(busy(400)), []string{"queue-full"}},
		{"it refused few", limited(busy(20)), []string{"generator-bound", "queue-full"}},
		{"its database was locked", limited(failing(20, measure.ErrorDetail{
			Class: measure.Status.String(), Parent: "http", Status: 500, Sample: "database is locked",
		})), []string{"slow-database"}},
		{"only its own machine had no connection left", limited(failing(20, measure.ErrorDetail{
			Class: measure.Exhausted.String(), Parent: "connection", Sample: "too many open files",
		})), []string{"generator-bound"}},
	} {
		if got := ids(c.res, false); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", c.name, got, c.want)
		}
	}
}

// In a phase of the guide, the surest findings come first.
func TestSurestFirst(t *testing.T) {
	rule := func(id string, phase int, c Certainty) Rule {
		return Rule{ID: id, When: []Condition{{"a", ">=", 1}}, GuidePhase: phase, Certainty: c}
	}
	found := match([]Rule{
		rule("a", 1, Possible), rule("b", 1, Certain), rule("c", 1, Likely), rule("d", 2, Certain),
	}, Signals{"a": {Value: 1}}, nil)
	var got []string
	for _, f := range found {
		got = append(got, f.ID)
	}
	if want := []string{"b", "c", "a", "d"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}
