package trial

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// realPlan is the plan of a run whose clients behave as real ones.
func realPlan(t *testing.T, url, clients string) Plan {
	t.Helper()
	p := testPlan(t, url)
	p.Scenario.RealClients, p.Scenario.Rate, p.Scenario.Duration = true, 20, 3*time.Second
	var err error
	if p.Scenario.Clients, err = scenario.ParseMix(clients); err != nil {
		t.Fatal(err)
	}
	p.Priming.Mode = PrimeOff
	return p
}

// testedServer takes calls, and answers connection tests in its own way.
func testedServer(t *testing.T, test http.HandlerFunc, tests *atomic.Int64) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
		}
		if r.FormValue("test") != "" {
			tests.Add(1)
			test(w, r)
			return
		}
		_, _ = io.WriteString(w, rdio.PhraseImported)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// SDRTrunk sends nothing to a server whose answer to its connection test it does not know, and other clients do.
func TestSDRTrunkNeverConnects(t *testing.T) {
	var tests atomic.Int64
	url := testedServer(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "Incomplete call data: no audio", http.StatusExpectationFailed)
	}, &tests)
	_, err := Run(t.Context(), realPlan(t, url, "sdrtrunk,voxcall"), &told{})
	var te *upload.TargetError
	if !errors.As(err, &te) || !strings.Contains(te.Error(), "417 Incomplete call data: no audio") ||
		!strings.Contains(te.Hint.String(), "real clients") {
		t.Errorf("error %v", err)
	}
	if res, err := Run(t.Context(), realPlan(t, url, "voxcall"), &told{}); err != nil || res.Totals.Accepted != 60 {
		t.Errorf("%d accepted, error %v", res.Totals.Accepted, err)
	}
}

// The programs make their connection tests at the server itself.
func TestSDRTrunkConnects(t *testing.T) {
	var tests atomic.Int64
	url := testedServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if n := tests.Load(); n == 2 { // the first of the run, after the preflight's
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "Incomplete call data: no talkgroup\n")
	}, &tests)
	plan := realPlan(t, url, "sdrtrunk")
	plan.Scenario.Duration = 8 * time.Second
	res, err := Run(t.Context(), plan, &told{})
	if err != nil {
		t.Fatal(err)
	}
	b := res.ClientBehavior[0]
	if b.Tests != 2 || b.TestsPassed != 1 || b.TestAnswer != "503 starting" || b.LargestBurst < 90 || b.Sent != b.Due ||
		b.LateMaxS < 5 || b.LateMaxS > 7 || res.Totals.Accepted != 160 {
		t.Errorf("%d accepted, %+v", res.Totals.Accepted, b)
	}
}
