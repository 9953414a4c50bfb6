package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Severity is how serious an alert is.
type Severity string

// The severities, as the guide has them.
const (
	SeverityHigh     Severity = "high"
	SeverityCritical Severity = "critical"
)

// rule says when an alert is raised: when a figure is over a limit, or under it where below is set.
type rule struct {
	kpi      string
	severity Severity
	limit    float64
	below    bool
	unit     string
	at       time.Duration // how long that must last
	isTold   bool          // the store logs it itself, and says more
}

// An alert that is raised lasts until its figure has been well off the limit, by a fifth, for a while: one that comes and goes
// tells less.
const (
	raiseAfter = 10 * time.Second
	clearAfter = 30 * time.Second
	wellOff    = 0.2
)

// rules are the guide's, two about the store, and one about connections, before any is turned away.
func rules() []rule {
	return []rule{
		{kpiErrorRate, SeverityHigh, 0.05, false, "1", raiseAfter, false},
		{kpiErrorRate, SeverityCritical, 0.15, false, "1", raiseAfter, false},
		{kpiResponseTime, SeverityHigh, 2, false, "s", raiseAfter, false},
		{kpiResponseTime, SeverityCritical, 5, false, "s", raiseAfter, false},
		{figureGrowth, SeverityHigh, 10e6, false, "bytes/h", raiseAfter, false},
		{figureFreeDisk, SeverityCritical, 1e9, true, "bytes", 0, false},
		{figureConnections, SeverityHigh, 0.9, false, "1", raiseAfter, false},
		{figureBreaker, SeverityCritical, 0.5, false, "1", 0, false},
		{figureUnusable, SeverityCritical, 0.5, false, "1", 0, true},
	}
}

// breaks tells whether a value breaks the rule.
func (r rule) breaks(v float64) bool {
	if r.below {
		return v < r.limit
	}
	return v > r.limit
}

// isWellOff tells whether a value is far enough on the good side.
func (r rule) isWellOff(v float64) bool {
	if r.below {
		return v > r.limit*(1+wellOff)
	}
	return v < r.limit*(1-wellOff)
}

// watchedRule is a rule, and how it stands.
type watchedRule struct {
	rule

	figure figure
	raised time.Time // zero is not raised
	since  time.Time // from when on the figure has been saying otherwise; zero is that it does not
}

// alertBook knows which alerts are raised. It may be used concurrently.
type alertBook struct {
	log *slog.Logger

	mu    sync.Mutex
	rules []watchedRule
}

func newAlertBook(log *slog.Logger) *alertBook {
	b := &alertBook{log: log}
	for _, r := range rules() {
		b.rules = append(b.rules, watchedRule{rule: r, figure: figure{absent: notYet}})
	}
	return b
}

// judge holds the figures against the rules, and logs what changes.
func (b *alertBook) judge(now time.Time, figures map[string]figure) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.rules {
		w := &b.rules[i]
		w.figure = figures[w.kpi]
		if !w.changes(now) {
			continue
		}
		level, text := slog.LevelInfo, "alert cleared"
		if w.raised.IsZero() {
			w.raised, text, level = now, "alert raised", slog.LevelWarn
			if w.severity == SeverityCritical {
				level = slog.LevelError
			}
		} else {
			w.raised = time.Time{}
		}
		if w.isTold {
			continue
		}
		attrs := []slog.Attr{slog.String("kpi", w.kpi), slog.String("severity", string(w.severity)), slog.Float64("limit", w.limit)}
		if w.figure.absent == "" {
			attrs = append(attrs, slog.Float64("value", w.figure.value))
		}
		b.log.LogAttrs(context.Background(), level, text, attrs...)
	}
}

// changes tells whether the alert is to be raised or cleared now.
func (w *watchedRule) changes(now time.Time) bool {
	isRaised, known := !w.raised.IsZero(), w.figure.absent == ""
	lasts, otherwise := w.at, known && w.breaks(w.figure.value)
	if isRaised {
		lasts, otherwise = clearAfter, !known || w.isWellOff(w.figure.value)
	}
	if !otherwise {
		w.since = time.Time{}
		return false
	}
	if w.since.IsZero() {
		w.since = now
	}
	if now.Sub(w.since) < lasts {
		return false
	}
	w.since = time.Time{}
	return true
}

// alertReply is the reply of GET /api/alerts.
type alertReply struct {
	Alerts []raisedAlert `json:"alerts"` // those raised now, the critical ones first
	Rules  []ruleState   `json:"rules"`
}

type raisedAlert struct {
	ruleState

	Since string `json:"since"`
}

type ruleState struct {
	KPI      string   `json:"kpi"`
	Severity Severity `json:"severity"`
	Op       string   `json:"op"`
	Limit    float64  `json:"limit"`
	Unit     string   `json:"unit"`
	Value    *float64 `json:"value,omitempty"`
	Absent   string   `json:"absent,omitempty"` // why there is no value
	Raised   bool     `json:"raised"`
}

func (w *watchedRule) state() ruleState {
	s := ruleState{
		KPI: w.kpi, Severity: w.severity, Op: ">", Limit: w.limit, Unit: w.unit, Absent: w.figure.absent, Raised: !w.raised.IsZero(),
	}
	if w.below {
		s.Op = "<"
	}
	if w.figure.absent == "" {
		value := w.figure.value
		s.Value = &value
	}
	return s
}

// reply is how all rules stand.
func (b *alertBook) reply() alertReply {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := alertReply{Alerts: []raisedAlert{}}
	for i := range b.rules {
		w := &b.rules[i]
		r.Rules = append(r.Rules, w.state())
		if !w.raised.IsZero() {
			r.Alerts = append(r.Alerts, raisedAlert{w.state(), w.raised.UTC().Format(time.RFC3339)})
		}
	}
	slices.SortStableFunc(r.Alerts, func(a, b raisedAlert) int { return cmp.Compare(a.Severity, b.Severity) }) // "critical" < "high"
	return r
}

// handleAlerts is GET /api/alerts.
func (s *Server) handleAlerts(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.alerts.reply())
}
