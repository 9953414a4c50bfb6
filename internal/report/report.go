package report

import (
	"cmp"
	"slices"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/field"
	"rdiostress/internal/judge"
	"rdiostress/internal/judge/own"
	"rdiostress/internal/measure"
	"rdiostress/internal/threshold"
)

// Schema identifies the saved form of a Report. It changes only when a field is renamed, removed or changes its
// meaning; fields may be added under the same name.
const Schema = "rdiostress.report/v1"

// toolName is the name of the tool in a report.
const toolName = "rdiostress"

// Report is the saved document of one run: what was measured, and how it was judged. Its alerts are the judged ones.
type Report struct {
	Schema string `json:"schema"`
	Tool   Tool   `json:"tool"`
	measure.Result
	Thresholds []judge.Threshold `json:"thresholds"`
	Verdict    judge.Verdict     `json:"verdict"`
	KPIs       judge.KPIs        `json:"kpis"`
	Memory     judge.Memory      `json:"memory"`
	TrendSpans []judge.TrendSpan `json:"trend"`
	Summary    Summary           `json:"summary"`
	Diagnosis  []Finding         `json:"diagnosis"`
}

// Tool says what wrote a report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Finding is one problem of the server that the run shows, and its fix.
type Finding = diagnose.Finding

// New judges a run and returns its report, as written by the given version of the tool. Its texts have the given names
// of fields.
func New(res measure.Result, version string, names field.Namer) Report {
	return NewJudged(res, version, names, Own{})
}

// Own are a user's own thresholds. The zero Own is none.
type Own struct {
	Rules []threshold.Rule
	Alone bool // without the guide's three
}

// limits returns the limits of a run, as it is saved.
func (o Own) limits(saved measure.Result) judge.Limits {
	limits := judge.Guide()
	if o.Alone {
		limits = limits.WithoutGuide()
	}
	limits.Own = own.Thresholds(saved, o.Rules)
	return limits
}

// Rejudge judges a saved report anew.
func (r *Report) Rejudge(by Own, names field.Namer) {
	r.Thresholds, r.Verdict = by.limits(r.Result).Score(r.Result, names)
	r.fillEmpty()
}

// NewJudged returns the report of a run that has thresholds of the user's own.
func NewJudged(res measure.Result, version string, names field.Namer, by Own) Report {
	saved := res
	saved.FineSeries = nil
	if res.FineSeries != nil {
		res.Series = res.FineSeries // short events show in it, however long the run
	}
	thresholds, verdict := by.limits(saved).Score(res, names)
	rep := Report{
		Schema:     Schema,
		Tool:       Tool{Name: toolName, Version: version},
		Result:     saved,
		Thresholds: thresholds,
		Verdict:    verdict,
		KPIs:       judge.KPIsOf(res),
		Memory:     judge.MemoryOf(res),
		TrendSpans: judge.Trend(res),
	}
	rep.Delivery = delivery(res.Delivery)
	rep.Alerts = judge.AlertsOf(res, rep.Memory)
	rep.Diagnosis = diagnose.Findings(res, rep.Memory.Stabilises == judge.No, names)
	rep.fillEmpty()
	return rep
}

// delivery marks a run that did not verify delivery, so that nobody takes accepted calls for stored ones.
func delivery(d measure.Delivery) measure.Delivery {
	if d.Method == "" {
		d.Method = measure.MethodNone
	}
	if d.Method == measure.MethodNone && d.Absent == "" {
		d.Absent = judge.NotChecked
	}
	return d
}

// NotMeasured is why a step that a report does not mention has no figures.
const NotMeasured = "this run did not measure it"

// fillEmpty replaces nil lists and maps by empty ones, so that the JSON has no null, and completes reports of older
// versions.
func (r *Report) fillEmpty() {
	s := &r.Steps
	for _, d := range []*measure.Distribution{&s.Connect, &s.TLS, &s.Write, &s.Wait, &s.Read} {
		if d.Count == 0 && d.Absent == "" {
			d.Absent = NotMeasured
		}
	}
	r.Phases = orEmpty(r.Phases)
	if r.Guide != nil {
		guide := *r.Guide
		guide.Batches = orEmpty(guide.Batches)
		r.Guide = &guide
	}
	if r.Mischief != nil {
		m := *r.Mischief
		m.Kinds, m.Findings = orEmpty(m.Kinds), orEmpty(m.Findings)
		r.Mischief = &m
	}
	if r.Retries != nil {
		retries := *r.Retries
		retries.Tries = orEmpty(retries.Tries)
		r.Retries = &retries
	}
	r.ErrorDetails = orEmpty(r.ErrorDetails)
	r.Thresholds = orEmpty(r.Thresholds)
	if r.Verdict.Storage == "" { // a report of an older version
		r.Verdict.Storage = judge.StorageOf(r.Result)
	}
	r.Thresholds = slices.Clone(r.Thresholds)
	for i := range r.Thresholds {
		t := &r.Thresholds[i]
		t.Unit = cmp.Or(t.Unit, judge.UnitOf(t.Name)) // of a report of an older version
	}
	r.Verdict.Reasons = orEmpty(r.Verdict.Reasons)
	r.Verdict.Warnings = orEmpty(r.Verdict.Warnings)
	r.Alerts = orEmpty(r.Alerts)
	r.TrendSpans = orEmpty(r.TrendSpans)
	if r.Summary.Server == nil || r.Summary.ErrorShares == nil { // a report of an older version
		r.Summary = summarise(r)
	}
	r.Diagnosis = orEmpty(r.Diagnosis)
	for i := range r.Diagnosis {
		r.Diagnosis[i].Evidence = orEmpty(r.Diagnosis[i].Evidence)
	}
	r.Series = orEmpty(r.Series)
	if r.Memory.Stabilises == "" { // a report of an older version
		r.Memory = judge.MemoryOf(r.Result)
	}
	if r.Errors.HTTP == nil {
		r.Errors.HTTP = map[string]uint64{}
	}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
