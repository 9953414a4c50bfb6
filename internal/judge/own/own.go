// Package own holds a run against thresholds of the user's own. It looks at nothing but what a report saves, so that a
// saved report is judged as the run was.
package own

import (
	"fmt"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
	"rdiostress/internal/threshold"
)

// Thresholds holds a run, as it is saved, against rules.
func Thresholds(res measure.Result, rules []threshold.Rule) []judge.Threshold {
	list := make([]judge.Threshold, 0, len(rules))
	for _, r := range rules {
		t := judge.Threshold{Name: r.Figure, Unit: r.Unit, Limit: r.Limit, Op: r.Op, Expression: r.String()}
		v := valueOf(&res, r)
		if t.Note = v.note; v.absent != "" {
			t.Absent = v.absent
		} else {
			t.Value, t.OK = &v.figure, r.Holds(v.figure)
		}
		list = append(list, t)
	}
	return list
}

// value is the value of a figure, or why there is none.
type value struct {
	figure float64
	absent string
	note   string // how far to trust it, or where it is from
}

func absent(format string, args ...any) value { return value{absent: fmt.Sprintf(format, args...)} }

// valueOf returns what a rule limits.
func valueOf(res *measure.Result, r threshold.Rule) value {
	f, ok := threshold.Named(r.Figure)
	if !ok {
		return absent("there is no such figure")
	}
	q := question{res: res, rule: r, figure: f}
	if r.Phase != "" {
		if q.phase = phaseNamed(res, r.Phase); q.phase == nil {
			return absent("%s", noPhase(res))
		}
	}
	if r.Over > 0 {
		return q.worstWindow()
	}
	return q.whole()
}

// question asks for the value of a figure.
type question struct {
	res    *measure.Result
	rule   threshold.Rule
	figure threshold.Figure
	phase  *measure.Phase // nil for all that is scored
}

func phaseNamed(res *measure.Result, name string) *measure.Phase {
	for i := range res.Phases {
		if res.Phases[i].Name == name {
			return &res.Phases[i]
		}
	}
	return nil
}

func noPhase(res *measure.Result) string {
	if len(res.Phases) == 0 {
		return "the run has no phases"
	}
	var names []string
	for _, p := range res.Phases {
		names = append(names, fmt.Sprintf("%q", p.Name))
	}
	return "the run has no such phase, only " + strings.Join(names, ", ")
}

// The reasons for which there is no value.
const (
	noUpload    = "no upload was made"
	noAccepted  = "no upload was accepted"
	notVerified = "storage was not verified"
	notMeasured = "this run did not measure it"
)

// whole returns the figure of the phase, or of all that is scored.
func (q *question) whole() value {
	totals, response, service := &q.res.Totals, &q.res.Latency, &q.res.ServiceTime
	if q.phase != nil {
		totals, response, service = &q.phase.Totals, &q.phase.Latency, &q.phase.ServiceTime
	}
	switch q.figure.Kind {
	case threshold.Uploads:
		return q.ofTotals(totals)
	case threshold.Response:
		return timeOf(q.figure.Name, response, noAccepted)
	case threshold.Service:
		return timeOf(q.figure.Name, service, noAccepted)
	case threshold.Stored:
		if d := q.res.Delivery.DueToStored; d != nil {
			return timeOf(q.figure.Name, d, "no call was seen to be stored")
		}
		return absent("%s", q.whyNotStored())
	case threshold.Delivery:
		if q.phase != nil {
			return q.ofPoints(q.points())
		}
		return q.ofDelivery()
	default:
		return q.ofPoints(q.points())
	}
}

func (q *question) ofTotals(t *measure.Totals) value {
	if t.Attempted == 0 {
		return absent(noUpload)
	}
	failed := t.Failed
	if len(q.rule.Labels) > 0 {
		if q.phase != nil {
			return q.ofPoints(q.points())
		}
		failed = 0
		for _, d := range q.res.ErrorDetails {
			if matches(q.rule.Labels, d.Class, d.Parent, d.Status) {
				failed += d.Count
			}
		}
	}
	switch q.figure.Name {
	case "success_rate":
		return value{figure: stat.Share(t.Accepted, t.Attempted)}
	case "error_rate":
		return value{figure: stat.Share(failed, t.Attempted)}
	case "attempted":
		return value{figure: float64(t.Attempted)}
	case "accepted":
		return value{figure: float64(t.Accepted)}
	case "failed":
		return value{figure: float64(failed)}
	case "uploads_per_s":
		return value{figure: t.UploadsPerS}
	default:
		return value{figure: stat.Share(t.Accepted, t.Attempted) * t.UploadsPerS}
	}
}

// matches reports whether labels pick a kind of failure.
func matches(labels []threshold.Label, class, parent string, status int) bool {
	for _, l := range labels {
		switch {
		case l.Name == "class" && l.Value != class && l.Value != parent:
			return false
		case l.Name == "status" && l.Value != fmt.Sprint(status):
			return false
		}
	}
	return true
}

// percentile returns the share of a percentile by the beginning of a figure's name; false for a mean or a maximum.
func percentile(figure string) (q float64, ok bool) {
	name, _, _ := strings.Cut(figure, "_")
	q, ok = map[string]float64{"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}[name]
	return q, ok
}

// timeOf returns a figure of a distribution.
func timeOf(figure string, d *measure.Distribution, none string) value {
	f := d.Figures
	if f == nil {
		if d.Absent != "" {
			none = d.Absent
		}
		return absent("%s", none)
	}
	name, _, _ := strings.Cut(figure, "_")
	v := value{figure: map[string]float64{
		"mean": f.MeanS, "p50": f.P50S, "p90": f.P90S, "p95": f.P95S, "p99": f.P99S, "p999": f.P999S, "max": f.MaxS,
	}[name]}
	if share, ok := percentile(figure); ok && measure.TooFew(share, d.Count) {
		v.note = fewText(d.Count)
	}
	return v
}

func (q *question) whyNotStored() string {
	switch d := &q.res.Delivery; {
	case d.Absent != "":
		return d.Absent
	case d.Acknowledged == nil:
		return notVerified
	default:
		return notMeasured
	}
}

func (q *question) ofDelivery() value {
	d := &q.res.Delivery
	counts := map[string]*uint64{
		"stored": d.Stored, "lost": d.Lost, "corrupted": d.Corrupted, "duplicated": d.Duplicated,
		"pending": d.Pending, "backlog_max": d.BacklogMax,
	}
	figures := map[string]*float64{"stored_per_s": d.StoredPerS, "drain_s": d.DrainS}
	switch n, v := counts[q.figure.Name], figures[q.figure.Name]; {
	case d.Acknowledged == nil:
		return absent("%s", q.whyNotStored())
	case *d.Acknowledged == 0:
		return absent("no call was acknowledged")
	case n != nil:
		return value{figure: float64(*n)}
	case v != nil:
		return value{figure: *v}
	default:
		return absent(notMeasured)
	}
}
