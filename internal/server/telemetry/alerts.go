package telemetry

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Severity is how serious an alert is.
type Severity string

// Severities, as in the guide.
const (
	SeverityHigh     Severity = "high"
	SeverityCritical Severity = "critical"
)

// rule is a condition for an alert: a value is over a limit, or under it if below is set.
type rule struct {
	kpi      string
	severity Severity
	limit    float64
	below    bool
	unit     string
	lasts    time.Duration // how long the value must break the rule
	isLogged bool          // by the store, in more detail
}

// A raised alert stays until its value has been clearly within the limit, by a fifth, for some time, so that it does
// not flap.
const (
	raiseAfter = 10 * time.Second
	clearAfter = 30 * time.Second
	margin     = 0.2
)

// rules returns the guide's rules, two about the store, one about connections, which comes before any is refused,
// one about rate limits that do not hold, or refuse everybody; and three about transcription: an alert by text is of
// little use minutes later.
func rules() []rule {
	return []rule{
		{kpiErrorRate, SeverityHigh, 0.05, false, "1", raiseAfter, false},
		{kpiErrorRate, SeverityCritical, 0.15, false, "1", raiseAfter, false},
		{kpiResponseTime, SeverityHigh, 2, false, "s", raiseAfter, false},
		{kpiResponseTime, SeverityCritical, 5, false, "s", raiseAfter, false},
		{valueGrowth, SeverityHigh, 10e6, false, "bytes/h", raiseAfter, false},
		{valueFreeDisk, SeverityCritical, 1e9, true, "bytes", 0, false},
		{valueConnections, SeverityHigh, 0.9, false, "1", raiseAfter, false},
		{valueBreaker, SeverityCritical, 0.5, false, "1", 0, false},
		{valueBucket, SeverityCritical, 0.5, false, "1", 0, false},
		{valueUnusable, SeverityCritical, 0.5, false, "1", 0, true},
		{valueLimits, SeverityHigh, 0.5, false, "1", 0, false},
		{valueOldest, SeverityHigh, 60, false, "s", raiseAfter, false},
		{valueOldest, SeverityCritical, 300, false, "s", raiseAfter, false},
		{valueDead, SeverityHigh, 0.5, false, "1", 0, false},
	}
}

// isBroken reports whether a value breaks the rule.
func (r rule) isBroken(v float64) bool {
	if r.below {
		return v < r.limit
	}
	return v > r.limit
}

// isClear reports whether a value is clearly within the limit.
func (r rule) isClear(v float64) bool {
	if r.below {
		return v > r.limit*(1+margin)
	}
	return v < r.limit*(1-margin)
}

// watchedRule is a rule and its state.
type watchedRule struct {
	rule

	value  Value
	raised time.Time // zero means that it is not raised
	since  time.Time // when the value crossed to the other side; zero means that it did not
}

// alerts is the state of all rules. It is safe for concurrent use.
type alerts struct {
	log *slog.Logger

	mu    sync.Mutex
	rules []watchedRule
}

func newAlerts(log *slog.Logger) *alerts {
	a := &alerts{log: log}
	for _, r := range rules() {
		a.rules = append(a.rules, watchedRule{rule: r, value: Value{Absent: notYet}})
	}
	return a
}

// evaluate applies the rules to values and logs changes.
func (a *alerts) evaluate(now time.Time, values map[string]Value) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.rules {
		w := &a.rules[i]
		w.value = values[w.kpi]
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
		if w.isLogged {
			continue
		}
		attrs := []slog.Attr{
			slog.String("kpi", w.kpi), slog.String("severity", string(w.severity)),
			slog.Float64("limit", w.limit),
		}
		if w.value.Absent == "" {
			attrs = append(attrs, slog.Float64("value", w.value.Number))
		}
		a.log.LogAttrs(context.Background(), level, text, attrs...)
	}
}

// changes reports whether the alert should be raised or cleared now.
func (w *watchedRule) changes(now time.Time) bool {
	isRaised, known := !w.raised.IsZero(), w.value.Absent == ""
	lasts, otherwise := w.lasts, known && w.isBroken(w.value.Number)
	if isRaised {
		lasts, otherwise = clearAfter, !known || w.isClear(w.value.Number)
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

// AlertReport has the raised alerts and the state of every rule. It marshals to the reply of GET /api/alerts.
type AlertReport struct {
	Alerts []RaisedAlert `json:"alerts"` // alerts raised now, critical ones first
	Rules  []RuleState   `json:"rules"`
}

// RaisedAlert is an alert that is raised.
type RaisedAlert struct {
	RuleState

	Since string `json:"since"`
}

// RuleState is the state of a rule.
type RuleState struct {
	KPI      string   `json:"kpi"`
	Severity Severity `json:"severity"`
	Op       string   `json:"op"`
	Limit    float64  `json:"limit"`
	Unit     string   `json:"unit"`
	Value    *float64 `json:"value,omitempty"`
	Absent   string   `json:"absent,omitempty"` // why there is no value
	Raised   bool     `json:"raised"`
}

func (w *watchedRule) state() RuleState {
	s := RuleState{
		KPI: w.kpi, Severity: w.severity, Op: ">", Limit: w.limit, Unit: w.unit, Absent: w.value.Absent,
		Raised: !w.raised.IsZero(),
	}
	if w.below {
		s.Op = "<"
	}
	if w.value.Absent == "" {
		number := w.value.Number
		s.Value = &number
	}
	return s
}

// Alerts returns the current report.
func (t *Telemetry) Alerts() AlertReport { return t.alerts.report() }

func (a *alerts) report() AlertReport {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := AlertReport{Alerts: []RaisedAlert{}}
	for i := range a.rules {
		w := &a.rules[i]
		r.Rules = append(r.Rules, w.state())
		if !w.raised.IsZero() {
			r.Alerts = append(r.Alerts, RaisedAlert{w.state(), w.raised.UTC().Format(time.RFC3339)})
		}
	}
	// "critical" < "high"
	slices.SortStableFunc(r.Alerts, func(a, b RaisedAlert) int { return cmp.Compare(a.Severity, b.Severity) })
	return r
}
