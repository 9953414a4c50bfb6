package server

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"rdiostress/internal/server/admission"
)

// handleMetrics serves GET /metrics: Prometheus text, or JSON for clients that ask for it.
func (s *Server) handleMetrics() http.HandlerFunc {
	text := promhttp.HandlerFor(s.telemetry.Registry(), promhttp.HandlerOpts{DisableCompression: true})
	return func(w http.ResponseWriter, r *http.Request) {
		if !wantsJSONFirst(r) {
			text.ServeHTTP(admission.DeadlineWriter{ResponseWriter: w}, r)
			return
		}
		document, err := s.telemetry.Document()
		if err != nil {
			s.fail(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, document)
	}
}

// wantsJSONFirst reports whether JSON is named before any text type: clients that accept both, as scrapers do, get the
// text.
func wantsJSONFirst(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header["Accept"], ","))
	json, text := strings.Index(accept, "application/json"), strings.Index(accept, "text/")
	return json >= 0 && (text < 0 || json < text) && !strings.Contains(accept, "openmetrics")
}

// handleAlerts serves GET /api/alerts.
func (s *Server) handleAlerts(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.telemetry.Alerts())
}
