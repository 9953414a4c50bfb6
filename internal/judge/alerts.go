package judge

import (
	"cmp"
	"fmt"
	"slices"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
	"rdiostress/internal/units"
)

// The severities of alerts, and the values that alerts limit.
const (
	High     = "high"
	Critical = "critical"

	AlertErrorRate    = "error_rate"
	AlertResponseTime = "avg_response_time"
	AlertMemoryGrowth = "memory_growth"
	alertDiskFree     = "disk_free"

	// alertWindowS is the length of the sliding windows for error rate and response time.
	alertWindowS = 10
	// clearS is how long a value must be back within its limit before its alert closes.
	clearS = 10
	// maxAlerts limits the alerts of a rule, and so the memory of a run over days: the last one stays open.
	maxAlerts = 100
)

// Sample is an interval of the run, with what alerts need.
type Sample struct {
	EndS, WidthS        float64 // since the start of the run
	Attempted, Accepted uint64
	LeftOut             uint64   // accepted uploads whose times are left out
	ResponseSumS        float64  // sum over the other accepted uploads
	DiskFreeBytes       *float64 // nil if not observed
}

// AlertChange is an alert that has opened or closed.
type AlertChange struct {
	measure.Alert
	Opened bool
}

// AlertWatch checks a run against the limits of alerts while it goes on. It is not safe for concurrent use.
type AlertWatch struct {
	rules  []ruleState
	window []Sample
}

// ruleState is an alert rule with the alerts that it has raised.
type ruleState struct {
	AlertRule
	open  bool
	alert measure.Alert // the last one opened
	past  []measure.Alert
}

// NewAlertWatch returns a watch with the guide's limits.
func NewAlertWatch() *AlertWatch { return Guide().NewAlertWatch() }

// NewAlertWatch returns a watch by these limits.
func (l Limits) NewAlertWatch() *AlertWatch {
	w := &AlertWatch{}
	for _, r := range l.Alerts {
		w.rules = append(w.rules, ruleState{AlertRule: r})
	}
	return w
}

// Add adds the next interval, and returns the alerts that it opens or closes.
func (w *AlertWatch) Add(m Sample) (changes []AlertChange) {
	w.window = append(w.window, m)
	for len(w.window) > 1 && w.window[0].EndS <= m.EndS-alertWindowS {
		w.window = w.window[1:]
	}
	for i := range w.rules {
		r := &w.rules[i]
		value, ok := w.value(r.KPI)
		beyond := ok && (r.Below && value < r.Limit || !r.Below && value > r.Limit)
		switch {
		case beyond && !r.open:
			r.openAlert(m, value)
			changes = append(changes, AlertChange{r.alert, true})
		case beyond:
			r.extend(m, value)
		case ok && r.open && m.EndS-r.alert.ToS >= clearS:
			r.open = false
			changes = append(changes, AlertChange{r.alert, false})
		}
	}
	return changes
}

// value returns a value over the window; false if there is none, because no upload ended in the window.
func (w *AlertWatch) value(kpi string) (float64, bool) {
	var sum Sample
	for _, m := range w.window {
		sum.Attempted += m.Attempted
		sum.Accepted += m.Accepted
		sum.LeftOut += m.LeftOut
		sum.ResponseSumS += m.ResponseSumS
	}
	switch kpi {
	case AlertErrorRate:
		if sum.Attempted == 0 {
			return 0, false
		}
		return stat.Share(sum.Attempted-sum.Accepted, sum.Attempted), true
	case AlertResponseTime:
		if sum.Accepted <= sum.LeftOut {
			return 0, false
		}
		return sum.ResponseSumS / float64(sum.Accepted-sum.LeftOut), true
	default:
		free := w.window[len(w.window)-1].DiskFreeBytes
		if free == nil {
			return 0, false
		}
		return *free, true
	}
}

// openAlert opens an alert, or reopens the last one if there were too many.
func (r *ruleState) openAlert(m Sample, value float64) {
	r.open = true
	if len(r.past) == maxAlerts-1 {
		r.extend(m, value)
		return
	}
	if r.alert.Severity != "" {
		r.past = append(r.past, r.alert)
	}
	r.alert = measure.Alert{
		Severity: r.Severity, KPI: r.KPI, Unit: r.Unit, Limit: r.Limit, Value: value, FromS: m.EndS - m.WidthS,
		ToS: m.EndS,
	}
}

// extend extends the open alert to the end of an interval.
func (r *ruleState) extend(m Sample, value float64) {
	r.alert.ToS = m.EndS
	if r.Below {
		r.alert.Value = min(r.alert.Value, value)
	} else {
		r.alert.Value = max(r.alert.Value, value)
	}
}

// Alerts returns all alerts so far, in the order in which they opened. An open alert ends at the last interval.
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

// AlertsOf returns the alerts of a run: those that were found while it went on, or else those in its series, and the
// alert of memory growth over the whole run.
func AlertsOf(res measure.Result, m Memory) []measure.Alert {
	list := slices.DeleteFunc(slices.Clone(res.Alerts),
		func(a measure.Alert) bool { return a.KPI == AlertMemoryGrowth })
	if res.Alerts == nil {
		list = alertsInSeries(res.Series)
	}
	if from, to, ok := res.Delivery.Crash.Span(); ok { // the crash test killed the server
		list = slices.DeleteFunc(list, func(a measure.Alert) bool {
			return a.KPI != alertDiskFree && a.FromS >= from-1 && a.ToS <= to+alertWindowS
		})
	}
	if m.Stabilises == No {
		list = append(list, MemoryAlert(m))
	}
	sortAlerts(list)
	return list
}

// MemoryAlert returns the alert for growing memory.
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
		m := Sample{
			EndS: p.TS + p.WidthS, WidthS: p.WidthS, Attempted: p.Attempted, Accepted: p.Accepted, LeftOut: p.LeftOut,
		}
		if p.MeanS != nil {
			m.ResponseSumS = *p.MeanS * p.Timed()
		}
		if free, ok := p.Server.Get(measure.DiskFree); ok {
			m.DiskFreeBytes = &free
		}
		w.Add(m)
	}
	return w.Alerts()
}

// AlertTitle returns the title of an alert's value.
func AlertTitle(kpi string) string {
	switch kpi {
	case AlertErrorRate:
		return "error rate"
	case AlertResponseTime:
		return "mean response time"
	case AlertMemoryGrowth:
		return "memory growth"
	case alertDiskFree:
		return "free disk"
	default:
		return kpi
	}
}

// AlertValueText formats the alert's value with its unit.
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

// AlertLimitText formats the limit of an alert, such as "over 5 %".
func AlertLimitText(a measure.Alert) string {
	word := "over "
	if a.KPI == alertDiskFree {
		word = "under "
	}
	return word + units.Trim(AlertValueText(a, a.Limit))
}

// String describes the change in one line.
func (c AlertChange) String() string {
	if c.Opened {
		return fmt.Sprintf("%s alert: %s %s, %s", c.Severity, AlertTitle(c.KPI), AlertValueText(c.Alert, c.Value),
			AlertLimitText(c.Alert))
	}
	return fmt.Sprintf("%s alert over: %s, for %s, at worst %s", c.Severity, AlertTitle(c.KPI),
		units.Duration(c.ToS-c.FromS), AlertValueText(c.Alert, c.Value))
}
