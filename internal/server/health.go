package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/telemetry"
)

// pingTimeout is the maximum time for the database to answer a health check.
const pingTimeout = 5 * time.Second

// handleHealth serves GET /health. It answers as long as the server lives. It reports what the server cannot do and
// leaves the decision to /ready: restarting a server because its database is down does not help.
func (s *Server) handleHealth(w http.ResponseWriter, r *http.Request) {
	database, _ := s.database(r.Context())
	status := "healthy"
	if database != connected {
		status = "degraded"
	}
	writeJSON(w, http.StatusOK, struct {
		Status    string          `json:"status"`
		Timestamp string          `json:"timestamp"`
		Version   string          `json:"version"`
		Database  string          `json:"database"`
		Uploads   telemetry.Stats `json:"uploads"`
	}{status, s.now().UTC().Format(time.RFC3339), s.version, database, s.Stats()})
}

// States of the database, as clients see them.
const (
	connected   = "connected"
	notStoring  = "not storing" // the last write failed
	unreachable = "unavailable"
	gone        = "gone" // its files are no longer at their paths
)

// database returns the state of the database and whether its disk is full.
func (s *Server) database(ctx context.Context) (state string, isFull bool) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if s.store.Gone() != nil {
		return gone, false
	}
	if s.store.Stats().Breaker.State == call.BreakerOpen {
		return unreachable, false
	}
	if err := s.store.Ping(ctx); err != nil {
		s.refusals.Once("reading", "the store cannot be read", slog.Any("error", err))
		return unreachable, false
	}
	if err := s.writes.Check(); err != nil {
		return notStoring, errors.Is(err, call.ErrNoSpace)
	}
	return connected, false
}

// handleReady serves GET /ready: whether clients should send uploads to this server.
func (s *Server) handleReady(w http.ResponseWriter, r *http.Request) {
	database, isFull := s.database(r.Context())
	checks := map[string]string{"database": database, "disk": "free", "server": "running"}
	ready := database == connected
	if isFull || s.limits.disk.IsFull() {
		checks["disk"], ready = "full", false
	}
	if s.draining.Load() {
		checks["server"], ready = "stopping", false
	}
	reply := struct {
		Ready  bool              `json:"ready"`
		Checks map[string]string `json:"checks"`
	}{ready, checks}
	if !ready {
		w.Header().Set("Retry-After", "5")
		writeJSON(w, http.StatusServiceUnavailable, reply)
		return
	}
	writeJSON(w, http.StatusOK, reply)
}
