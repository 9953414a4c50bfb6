package html

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// runPage is the page of a run.
func runPage(rep *report.Report, opts Options) *page {
	v := rep.Verdict
	p := &page{
		Title: "Run " + rep.Run.ID, Kind: "run", Tool: rep.Tool.Name + " " + rep.Tool.Version,
		When: whenText("run", rep.Run.ID, rep.Run.StartedAt), Head: v.Text, Reasons: v.Reasons, Warnings: v.Warnings,
		Exit: fmt.Sprintf("exit code %d", v.ExitCode), Findings: rep.Diagnosis, Scenario: opts.Scenario,
		NoFinding: "No problem of the server shows in this run.",
	}
	p.Badge, p.Tone = v.Word(), tone(v)
	if slices.ContainsFunc(rep.Thresholds, func(t judge.Threshold) bool { return !t.OK }) {
		p.NoFinding = "Why a threshold was missed does not show in this run."
	}
	p.goesOn(opts.Running)
	p.Title = fmt.Sprintf("%s: run %s of %s", p.Badge, rep.Run.ID, report.TargetText(&rep.Target))
	if opts.Running != nil && rep.Target.URL == "" { // it is prepared
		return p
	}
	p.runFacts(rep)
	if opts.Running != nil && rep.Totals.Attempted == 0 {
		return p
	}
	p.runTiles(rep, opts.Running != nil)
	p.runCharts(rep)
	p.thresholds(rep)
	p.uploads(rep)
	p.storage(rep)
	p.transcripts(rep)
	p.failures(rep)
	p.serverSection(rep)
	p.generator(rep, opts.Running)
	return p
}

// whenText says what was made, and when.
func whenText(kind, id string, at time.Time) string {
	return kind + " " + id + " · " + at.UTC().Format("2 January 2006, 15:04:05 UTC")
}

// tone is the tone of a verdict.
func tone(v judge.Verdict) string {
	switch v.Word() {
	case "Pass":
		return toneGood
	case "Interrupted", "Inconclusive", "Monitor":
		return toneWarn
	default:
		return toneBad
	}
}

func (p *page) runFacts(rep *report.Report) {
	s := &rep.Scenario
	p.fact("Target", report.TargetText(&rep.Target))
	p.fact("Server", rep.Target.Server)
	p.fact("Load", report.LoadText(s))
	p.fact("Duration", units.Duration(rep.Run.SendingS))
	if wait := rep.Summary.ReplyWaitS; wait >= 1 {
		p.fact("Last reply", units.Duration(wait)+" after the last call was sent")
	}
	p.fact("Client", s.Client)
	p.fact("Mischief", s.Mischief)
	if rep.Run.Aborted != "" {
		p.fact("Stopped early", rep.Run.Aborted)
	}
	if len(rep.Phases) > 1 {
		var phases []string
		for _, phase := range rep.Phases {
			words := fmt.Sprintf("%s (%s", phase.Name, phase.Load)
			if !phase.Scored {
				words += ", not scored"
			}
			phases = append(phases, words+")")
		}
		p.fact("Phases", strings.Join(phases, ", "))
	}
}

func (p *page) runTiles(rep *report.Report, goesOn bool) {
	t := &rep.Totals
	add := func(name, value, note, tone string) {
		mark := map[string]string{toneBad: "limit missed", toneWarn: "not all"}[tone]
		p.Tiles = append(p.Tiles, tile{name, value, note, tone, mark})
	}
	if t.SuccessRate != nil {
		add("Accepted", units.Percent(*t.SuccessRate), fmt.Sprintf("%s of %s", units.Count(t.Accepted),
			units.Plural(t.Attempted, "upload")), toneOf(rep, judge.SuccessRate))
	}
	if rep.Summary.AcceptedPerS != nil {
		add("Rate", units.PerSecond(*rep.Summary.AcceptedPerS), "accepted", "")
	}
	switch d := &rep.Delivery; {
	case d.Acknowledged == nil && goesOn: // it may be seen later
	case d.Acknowledged == nil:
		add("Stored", "unknown", "it was not looked at", "")
	case measure.OrZero(d.Lost) > 0:
		add("Lost", units.Count(*d.Lost), "of "+units.Count(*d.Acknowledged)+" acknowledged", toneBad)
		p.Tiles[len(p.Tiles)-1].Mark = "data loss"
	case d.Stored != nil:
		add("Stored", units.Count(*d.Stored), "of "+units.Count(*d.Acknowledged)+" acknowledged",
			map[bool]string{true: toneGood, false: toneWarn}[*d.Stored == *d.Acknowledged])
		if goesOn && *d.Stored < *d.Acknowledged { // the others may only not be stored yet
			last := &p.Tiles[len(p.Tiles)-1]
			last.Tone, last.Mark = "", ""
		}
	}
	if f := rep.Latency.Figures; f != nil {
		add("Mean", units.Seconds(f.MeanS), "response time", toneOf(rep, judge.MeanResponse))
		name, note := "p95", "95 % took at most this"
		if judge.FewFor95(rep.Latency.Count) {
			name, note = "Slowest", "too few uploads for a 95th percentile"
		}
		add(name, units.Seconds(f.P95S), note, toneOf(rep, judge.P95Response))
	}
}

// toneOf is whether a threshold was met.
func toneOf(rep *report.Report, name string) string {
	for _, t := range rep.Thresholds {
		switch {
		case t.Name != name || t.Own():
		case t.OK:
			return toneGood
		default:
			return toneBad
		}
	}
	return ""
}

func (p *page) runCharts(rep *report.Report) {
	if len(rep.Series) == 0 {
		return
	}
	t, list := newTimeline(rep), intervalsOf(rep)
	p.chart(t.storing(rep)...)
	p.chart(t.transcripts()...)
	p.chart(t.times(rep, list), t.heatMap(list), percentiles(rep), t.uploads(rep), t.inFlight())
	p.chart(t.server()...)
}

func (p *page) thresholds(rep *report.Report) {
	limits := grid{Caption: "Thresholds", Header: []string{"", "measured", "must be", ""}}
	for _, t := range rep.Thresholds {
		state, why := t.State()
		tone := map[bool]string{true: toneGood, false: toneBad}[t.OK]
		if why != "" {
			limits.Text = true
			state += ": " + why
		}
		limits.Rows = append(limits.Rows, row{
			[]string{t.Title(), judge.ValueText(t), judge.LimitText(t), state}, tone,
		})
	}
	alerts := grid{Caption: "Alerts", Header: []string{"", "severity", "when", "worst", "limit"}}
	for _, a := range rep.Alerts[:min(len(rep.Alerts), tableRows)] {
		tone := toneWarn
		if a.Severity == judge.Critical {
			tone = toneBad
		}
		alerts.Rows = append(alerts.Rows, row{[]string{
			judge.AlertTitle(a.KPI), a.Severity, units.Interval(a.FromS, a.ToS), judge.AlertValueText(a, a.Value),
			judge.AlertLimitText(a),
		}, tone})
	}
	p.section(section{ID: "thresholds", Title: "Thresholds and alerts", Tables: []grid{limits, alerts}})
}

func (p *page) uploads(rep *report.Report) {
	times := grid{
		Caption: "Times of accepted uploads",
		Header:  []string{"", "mean", "p50", "p90", "p95", "p99", "p99.9", "longest"},
	}
	add := func(name string, d *measure.Distribution) {
		if d.Figures != nil {
			times.Rows = append(times.Rows, row{Cells: append([]string{name}, timeCells(d)...)})
		}
	}
	add("Response time", &rep.Latency)
	add("Service time", &rep.ServiceTime)
	for _, step := range report.UploadSteps(&rep.Steps) {
		add("of it: "+step.Title, step.Distribution)
	}
	clients := grid{Caption: "By client", Header: []string{"", "attempted", "accepted", "failed"}}
	for _, c := range rep.Clients {
		clients.Rows = append(clients.Rows, row{Cells: []string{
			c.Client, units.Count(c.Attempted), units.Count(c.Accepted), units.Count(c.Failed),
		}})
	}
	p.section(section{
		ID: "times-table", Title: "Uploads", Tables: []grid{times, serversGrid(rep), clients},
		Notes: append([]string{
			"Response time counts from when a call was due; service time from its first byte. A dash stands for a " +
				"percentile that has less than one upload beyond it.",
		}, serverNotes(rep)...),
	})
}

// serverNotes say how uploads to several servers failed, and what was seen of each.
func serverNotes(rep *report.Report) []string {
	_, _, failed, seen := report.ServersTable(rep)
	return append(failed, seen...)
}

// serversGrid is the table of several servers, which is empty if there is one.
func serversGrid(rep *report.Report) grid {
	header, rows, _, _ := report.ServersTable(rep)
	g := grid{Caption: report.ServersTitle, Header: header}
	for _, cells := range rows {
		g.Rows = append(g.Rows, row{Cells: cells})
	}
	return g
}

// timeCells are the figures of a distribution.
func timeCells(d *measure.Distribution) []string {
	f, few := d.Figures, measure.FewSamples(d.Count)
	cell := func(name string, s float64) string {
		if slices.Contains(few, name) {
			return "–"
		}
		return units.Seconds(s)
	}
	return []string{
		units.Seconds(f.MeanS), cell("p50_s", f.P50S), cell("p90_s", f.P90S), cell("p95_s", f.P95S),
		cell("p99_s", f.P99S), cell("p999_s", f.P999S), units.Seconds(f.MaxS),
	}
}

func (p *page) failures(rep *report.Report) {
	g := grid{
		Caption: "Failed uploads by kind", Header: []string{"", "uploads", "share", "seen", "for example"}, Text: true,
	}
	for i, d := range rep.ErrorDetails[:min(len(rep.ErrorDetails), tableRows)] {
		share := "–"
		if i < len(rep.Summary.ErrorShares) {
			share = units.Percent(rep.Summary.ErrorShares[i])
		}
		g.Rows = append(g.Rows, row{Cells: []string{
			judge.FailureText(d), units.Count(d.Count), share, units.Interval(d.FirstS, d.LastS),
			report.Shorten(300, d.Sample),
		}})
	}
	p.section(section{ID: "failures", Title: "Failures", Tables: []grid{g}})
}
