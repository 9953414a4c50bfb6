package web

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/html"
	"rdiostress/internal/units"
)

// resultSoFar returns what is known of a run, as a result, and what is done. The document must be locked.
func (d *Document) resultSoFar() (measure.Result, html.Running) {
	running := html.Running{Head: d.doing}
	var res measure.Result
	res.Run.StartedAt = d.began
	if d.started == nil {
		return res, running
	}
	s := &d.started.Scenario
	res.Run.ID, res.Run.StartedAt = d.started.RunID, d.started.At
	res.Run.DurationS, res.Run.SendingS = d.elapsed.Seconds(), d.elapsed.Seconds()
	res.Target.URL, res.Target.URLs, res.Scenario = s.URL, s.PublicURLs(), s.Record()
	if d.doing == sending {
		running.Head += ": " + units.Duration(d.elapsed.Round(time.Second).Seconds())
		if s.Duration > 0 && s.Total == 0 && d.phases <= 1 && len(s.Stages) == 0 {
			running.Head += " of " + units.Duration(s.Duration.Seconds())
		}
	}
	running.Notes = append(running.Notes, "These are the figures so far.")
	if len(s.Phases()) > 1 {
		running.Notes = append(running.Notes,
			"They are of all phases, also those that are not scored, so that those of the report will differ.")
	}
	if d.dropped > 0 {
		running.Notes = append(running.Notes, fmt.Sprintf("%s before the last %d are not shown.",
			units.Plural(uint64(d.dropped), "alert"), maxAlerts))
	}
	d.fillTotals(&res)
	d.fillDelivery(&res)
	d.series.fill(&res)
	res.Alerts = append([]measure.Alert{}, d.alerts...)
	return res, running
}

// fillTotals writes counts and times to a result.
func (d *Document) fillTotals(res *measure.Result) {
	c, failed := &d.last, failures(&d.last)
	t := &res.Totals
	t.Attempted, t.Accepted, t.Failed, t.BytesSent = c.Accepted+failed, c.Accepted, failed, c.BytesSent
	if t.Attempted > 0 {
		success, failure := float64(t.Accepted)/float64(t.Attempted), float64(failed)/float64(t.Attempted)
		t.SuccessRate, t.ErrorRate = &success, &failure
		t.UploadsPerS = float64(t.Attempted) / max(d.elapsed.Seconds(), 1e-3)
	}
	const none = "no upload was accepted yet"
	res.Latency, res.ServiceTime = c.Response.Histogram().Distribution(none), c.Service.Histogram().Distribution(none)
	res.Latency.LeftOut, res.ServiceTime.LeftOut = c.LeftOut, c.LeftOut
	res.Generator.SlotWaits, res.Generator.Connects = c.SlotWaits, c.Connects
	if c.Lag.Count > 0 {
		q := c.Lag.Histogram().Quantiles(0.5, 0.99, 1)
		p50, p99, longest := q[0].Seconds(), q[1].Seconds(), q[2].Seconds()
		res.Generator.LagP50S, res.Generator.LagP99S, res.Generator.LagMaxS = &p50, &p99, &longest
	}
	res.Errors, res.ErrorDetails = measure.ReportFailures(d.seen)
}

// fillDelivery writes how storing stands to a result.
func (d *Document) fillDelivery(res *measure.Result) {
	switch p := d.storage; {
	case d.account != nil:
		res.Delivery = *d.account
	case p != nil && p.At > 0:
		acknowledged, stored := p.Acknowledged, p.Stored
		res.Delivery = measure.Delivery{Method: "so far", Acknowledged: &acknowledged, Stored: &stored}
	}
}

// searchSoFar returns what is known of a search, and what is done. The document must be locked.
func (d *Document) searchSoFar() (report.Capacity, html.Running) {
	rep := *d.search
	rep.Run.DurationS = time.Since(d.began).Seconds()
	rep.Steps = slices.Clone(rep.Steps)
	return rep, html.Running{Head: cmp.Or(d.step, "Preparing")}
}

// holding says how a rate is held.
func holding(e *capacity.Holding) string {
	return fmt.Sprintf("Holding %s for %s: %s accepted, %s failed", units.PerSecond(e.RatePerS),
		units.Duration(e.Elapsed.Round(time.Second).Seconds()), units.Count(e.Accepted), units.Count(e.Failed))
}
