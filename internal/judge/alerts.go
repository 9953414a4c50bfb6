package judge

import (
	"cmp"
	"fmt"
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
	"rdiostress/internal/units"
)

// The guide's alerts.
const (
	High     = "high"
	Critical = "critical"

	AlertErrorRate    = "error_rate"
	AlertResponseTime = "avg_response_time"
	AlertMemoryGrowth = "memory_growth"
	AlertDiskFree     = "disk_free"

	// AlertWindowS is the length of the sliding windows that error rate and response time are of.
	AlertWindowS = 10
	// clearS is for how long a figure must be back within its limit for an alert to close: less is the same alert.
	clearS = 10
	// mostAlerts of a rule are told apart; after that many, the last one goes on. It bounds what a run of days
	// remembers.
	mostAlerts = 100
)

// alertRule is a limit of the guide's. Memory growth is judged by [Memory], over the run.
type alertRule struct {
	severity, kpi, unit string
	limit               float64
	below               bool // beyond is under the limit
}

// alertRules are the guide's limits, but for memory growth.
func alertRules() []alertRule {
	return []alertRule{
		{High, AlertErrorRate, "ratio", 0.05, false},
		{Critical, AlertErrorRate, "ratio", 0.15, false},
		{High, AlertResponseTime, "s", 2, false},
		{Critical, AlertResponseTime, "s", 5, false},
		{Critical, AlertDiskFree, "bytes", 1e9, true},
	}
}

// Sample is what alerts look at: an interval of the run.
type Sample struct {
	EndS, WidthS        float64 // since the start of the run
	Attempted, Accepted uint64
	ResponseSumS        float64  // of the accepted uploads
	DiskFreeBytes       *float64 // nil where it was not seen
}

// AlertChange is an alert that has opened or closed.
type AlertChange struct {
	measure.Alert
	Opened bool
}

// AlertWatch holds the guide's limits against a run as it goes. It is not safe for concurrent use.
type AlertWatch struct {
	rules  []ruleState
	window []Sample
}

// ruleState is how a rule stands.
type ruleState struct {
	alertRule
	open  bool
	alert measure.Alert // the last to open
	past  []measure.Alert
}

// NewAlertWatch returns a watch that has seen nothing.
func NewAlertWatch() *AlertWatch {
	w := &AlertWatch{}
	for _, r := range alertRules() {
		w.rules = append(w.rules, ruleState{alertRule: r})
	}
	return w
}

// Add takes in the next interval, and returns the alerts that it opens or closes.
func (w *AlertWatch) Add(m Sample) (changes []AlertChange) {
	w.window = append(w.window, m)
	for len(w.window) > 1 && w.window[0].EndS <= m.EndS-AlertWindowS {
		w.window = w.window[1:]
	}
	for i := range w.rules {
		r := &w.rules[i]
		value, ok := w.value(r.kpi)
		beyond := ok && (r.below && value < r.limit || !r.below && value > r.limit)
		switch {
		case beyond && !r.open:
			r.begin(m, value)
			changes = append(changes, AlertChange{r.alert, true})
		case beyond:
			r.goOn(m, value)
		case ok && r.open && m.EndS-r.alert.ToS >= clearS:
			r.open = false
			changes = append(changes, AlertChange{r.alert, false})
		}
	}
	return changes
}

// value is a figure over the window; false if it has none. A window in which nothing ended says nothing, for or
// against.
func (w *AlertWatch) value(kpi string) (float64, bool) {
	var sum Sample
	for _, m := range w.window {
		sum.Attempted += m.Attempted
		sum.Accepted += m.Accepted
		sum.ResponseSumS += m.ResponseSumS
	}
	switch kpi {
	case AlertErrorRate:
		if sum.Attempted == 0 {
			return 0, false
		}
		return stat.Share(sum.Attempted-sum.Accepted, sum.Attempted), true
	case AlertResponseTime:
		if sum.Accepted == 0 {
			return 0, false
		}
		return sum.ResponseSumS / float64(sum.Accepted), true
	default:
		free := w.window[len(w.window)-1].DiskFreeBytes
		if free == nil {
			return 0, false
		}
		return *free, true
	}
}

// begin opens an alert, or goes on with the last where there have been too many.
func (r *ruleState) begin(m Sample, value float64) {
	r.open = true
	if len(r.past) == mostAlerts-1 {
		r.goOn(m, value)
		return
	}
	if r.alert.Severity != "" {
		r.past = append(r.past, r.alert)
	}
	r.alert = measure.Alert{
		Severity: r.severity, KPI: r.kpi, Unit: r.unit, Limit: r.limit, Value: value, FromS: m.EndS - m.WidthS,
		ToS: m.EndS,
	}
}

func (r *ruleState) goOn(m Sample, value float64) {
	r.alert.ToS = m.EndS
	if r.below {
		r.alert.Value = min(r.alert.Value, value)
	} else {
		r.alert.Value = max(r.alert.Value, value)
	}
}

// Alerts are all so far, the first to open first, and those that are still open with how far they have come.
func (w *AlertWatch) Alerts() []measure.Alert {
	list := []measure.Alert{}
	for _, r := range w.rules {
		list = append(list, r.past...)
		if r.alert.Severity != "" {
			list = append(list, r.alert)
		}
	}
	sortAlerts(list)
	return list
}

func sortAlerts(list []measure.Alert) {
	slices.SortFunc(list, func(a, b measure.Alert) int {
		return cmp.Or(cmp.Compare(a.FromS, b.FromS), cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.KPI, b.KPI))
	})
}

// AlertsOf are those of a run: as they were found while it went, or by its series where nobody looked then; and memory
// growth by the whole of it.
func AlertsOf(res measure.Result, m Memory) []measure.Alert {
	list := slices.DeleteFunc(slices.Clone(res.Alerts),
		func(a measure.Alert) bool { return a.KPI == AlertMemoryGrowth })
	if res.Alerts == nil {
		list = alertsInSeries(res.Series)
	}
	if from, to, ok := res.Delivery.Crash.Span(); ok { // what the run did itself is nothing to be alarmed at
		list = slices.DeleteFunc(list, func(a measure.Alert) bool {
			return a.KPI != AlertDiskFree && a.FromS >= from-1 && a.ToS <= to+AlertWindowS
		})
	}
	if m.Stabilises == No {
		list = append(list, MemoryAlert(m))
	}
	sortAlerts(list)
	return list
}

// MemoryAlert is the alert of memory that grows.
func MemoryAlert(m Memory) measure.Alert {
	return measure.Alert{
		Severity: High, KPI: AlertMemoryGrowth, Unit: "bytes/h", Value: *m.GrowthBytesPerH, Limit: memoryLimit,
		FromS: m.FromS, ToS: m.ToS,
	}
}

// alertsInSeries finds the alerts in a series.
func alertsInSeries(series []measure.Point) []measure.Alert {
	w := NewAlertWatch()
	for _, p := range series {
		m := Sample{EndS: p.TS + p.WidthS, WidthS: p.WidthS, Attempted: p.Attempted, Accepted: p.Accepted}
		if p.MeanS != nil {
			m.ResponseSumS = *p.MeanS * float64(p.Accepted)
		}
		if free, ok := p.Server.Get(measure.DiskFree); ok {
			m.DiskFreeBytes = &free
		}
		w.Add(m)
	}
	return w.Alerts()
}

// AlertTitle is what people call the figure of an alert.
func AlertTitle(kpi string) string {
	switch kpi {
	case AlertErrorRate:
		return "error rate"
	case AlertResponseTime:
		return "mean response time"
	case AlertMemoryGrowth:
		return "memory growth"
	case AlertDiskFree:
		return "free disk"
	default:
		return kpi
	}
}

// AlertValueText renders a value in the alert's unit.
func AlertValueText(a measure.Alert, v float64) string {
	switch a.Unit {
	case "ratio":
		return units.Percent(v)
	case "s":
		return units.Seconds(v)
	case "bytes":
		return units.Bytes(v)
	case "bytes/h":
		return units.Bytes(v) + "/h"
	default:
		return units.Number(v) + " " + a.Unit
	}
}

func AlertLimitText(a measure.Alert) string {
	word := "over "
	if a.KPI == AlertDiskFree {
		word = "under "
	}
	return word + units.Trim(AlertValueText(a, a.Limit))
}

// String says an alert in a line, as it opens or closes.
func (c AlertChange) String() string {
	if c.Opened {
		return fmt.Sprintf("%s alert: %s %s, %s", c.Severity, AlertTitle(c.KPI), AlertValueText(c.Alert, c.Value),
			AlertLimitText(c.Alert))
	}
	return fmt.Sprintf("%s alert over: %s, for %s, at worst %s", c.Severity, AlertTitle(c.KPI),
		units.Duration(c.ToS-c.FromS), AlertValueText(c.Alert, c.Value))
}
