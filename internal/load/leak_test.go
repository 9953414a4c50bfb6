package load

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rdiostress/internal/scenario"
	"rdiostress/internal/upload/uploadtest"
)

// When Run has returned and its target is closed, no goroutine of either is left: with loops and without, in both
// models, with retries, and when the server cannot be reached.
func TestNoGoroutineIsLeft(t *testing.T) {
	for name, change := range map[string]func(*scenario.Scenario){
		"closed": func(s *scenario.Scenario) { s.Total = 50 },
		"open":   func(s *scenario.Scenario) { s.Rate, s.Total = 1000, 50 },
		"no server": func(s *scenario.Scenario) {
			s.URL, s.Duration = "http://127.0.0.1:1", 300*time.Millisecond
			s.Retries = scenario.Retries{On: true, Custom: []time.Duration{20 * time.Millisecond}}
		},
	} {
		for kind, open := range accuracyTargets {
			t.Run(name+", "+kind, func(t *testing.T) {
				before := goleak.IgnoreCurrent()
				server := httptest.NewServer(http.HandlerFunc(imported))
				s := uploadtest.Scenario()
				s.URL, s.MaxConcurrent = server.URL, 20
				s.Talkgroups, _ = scenario.ParseIDs("1-10000")
				change(s)
				runReal(t.Context(), t, s, open)
				server.Close()
				goleak.VerifyNone(t, before)
			})
		}
	}
}
