package html

import (
	"fmt"
	"math"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// interval is a part of the run with its histograms.
type interval struct {
	span
	response *measure.Histogram
}

// intervalsOf are the histograms of a run. Damaged ones are left out: reading a report refuses them.
func intervalsOf(rep *report.Report) (list []interval) {
	for i := range rep.Histograms {
		h := &rep.Histograms[i]
		response, _, err := h.Decode()
		if err != nil {
			continue
		}
		list = append(list, interval{span{h.TS, h.TS + h.WidthS}, response})
	}
	return list
}

// times shows percentiles of the response time over the run.
func (t *timeline) times(rep *report.Report, list []interval) *chart {
	if len(list) == 0 {
		return t.seriesTimes(rep)
	}
	quantiles := []float64{0.5, 0.95, 0.99, 1}
	c := t.chart("times", "Response time", inSeconds,
		line{Name: "p50"}, line{Name: "p95"}, line{Name: "p99"}, line{Name: "longest"})
	c.X = nil
	few := false
	for _, part := range list {
		few = few || part.response.Count() > 0 && measure.TooFew(0.99, part.response.Count())
		c.X = append(c.X, (part.From+part.To)/2)
		values := part.response.Quantiles(quantiles...)
		for i := range c.Lines {
			v := math.NaN()
			if n := part.response.Count(); n > 0 && (quantiles[i] == 1 || !measure.TooFew(quantiles[i], n)) {
				v = values[i].Seconds()
			}
			c.Lines[i].Values = append(c.Lines[i].Values, v)
		}
	}
	c.describeTimes(rep, few)
	return c
}

// seriesTimes is times of a report of an older version, which has no histograms of intervals.
func (t *timeline) seriesTimes(rep *report.Report) *chart {
	few := false
	p95 := func(p *measure.Point) (float64, bool) {
		if measure.TooFew(0.95, p.Accepted) {
			few = few || p.Accepted > 0
			return 0, false
		}
		return valueOf(p.P95S)
	}
	c := t.chart("times", "Response time", inSeconds,
		line{Name: "p50", Values: t.means(func(p *measure.Point) (float64, bool) { return valueOf(p.P50S) })},
		line{Name: "p95", Values: t.largest(p95)},
		line{Name: "longest", Values: t.largest(func(p *measure.Point) (float64, bool) { return valueOf(p.MaxS) })})
	c.describeTimes(rep, few)
	return c
}

// describeTimes adds the thresholds and the sentence. few reports whether intervals had too few uploads for a 95th
// percentile.
func (c *chart) describeTimes(rep *report.Report, few bool) {
	c.Log = true
	for _, t := range rep.Thresholds {
		if !t.Own() && (t.Name == judge.MeanResponse || t.Name == judge.P95Response) {
			name := fmt.Sprintf("%s %s", judge.ThresholdTitle(t.Name), judge.LimitText(t))
			c.Limits = append(c.Limits, limit{name, t.Limit})
		}
	}
	c.Sentence = "Response time of accepted uploads, from when each call was due, on a logarithmic scale."
	if f := rep.Latency.Figures; f != nil {
		c.Sentence += fmt.Sprintf(" Over the scored part, half took at most %s, and 95 %% at most %s.",
			units.Seconds(f.P50S), units.Seconds(f.P95S))
	}
	if few {
		c.Sentence += " " + fewSentence("Intervals")
	}
}

// fewSentence says what is left out of lines of percentiles.
func fewSentence(what string) string {
	return what + " with fewer than 20 uploads have no 95th percentile, and those with fewer than 100 no 99th."
}

// The size of a heat map, in cells.
const (
	heatColumns = 100
	heatRows    = 28
)

// heatMap shows how many uploads took how long, over the run.
func (t *timeline) heatMap(list []interval) *chart {
	low, high := math.Inf(1), 0.0
	for _, part := range list {
		for at := range part.response.Buckets() {
			low, high = min(low, at.Seconds()), max(high, at.Seconds())
		}
	}
	if high <= 0 {
		return nil
	}
	low = max(low/1.05, 1e-6)
	c := t.chart("heat", "Response times", inSeconds)
	c.Log, c.low, c.high = true, low, max(high*1.05, low*2)
	h := &heat{Low: low}
	ratio := math.Pow(c.high/low, 1.0/heatRows)
	for i := range heatRows {
		h.Rows = append(h.Rows, low*math.Pow(ratio, float64(i+1)))
	}
	size := (len(list) + heatColumns - 1) / heatColumns
	for rest := list; len(rest) > 0; rest = rest[min(size, len(rest)):] {
		group := rest[:min(size, len(rest))]
		counts := make([]uint64, heatRows)
		for _, part := range group {
			for at, n := range part.response.Buckets() {
				row := int(math.Log(at.Seconds()/low) / math.Log(ratio))
				counts[min(max(row, 0), heatRows-1)] += n
			}
		}
		h.Columns = append(h.Columns, span{group[0].From, group[len(group)-1].To})
		h.Counts = append(h.Counts, counts)
	}
	c.Heat, c.X = h, []float64{0, h.Columns[len(h.Columns)-1].To}
	c.Sentence = "How many accepted uploads took how long, over the run: the stronger the color, the more. Two bands " +
		"at once are two kinds of uploads; a rise to the right is a server that slows down."
	return c
}

// table sums a heat map up in few rows.
func (h *heat) table() table {
	out := table{Header: []string{"Response time", "uploads", "share"}}
	totals, all := make([]uint64, len(h.Rows)), uint64(0)
	for _, column := range h.Counts {
		for i, n := range column {
			totals[i] += n
			all += n
		}
	}
	for i, n := range totals {
		if n > 0 {
			out.Rows = append(out.Rows, []string{
				"up to " + units.Seconds(h.Rows[i]), units.Count(n), units.Percent(float64(n) / float64(all)),
			})
		}
	}
	return out
}

// maxNines is as far as the plot of percentiles goes: five nines are 99.999 %.
const maxNines = 5

// percentiles shows which share of uploads took how long at most, response and service time.
func percentiles(rep *report.Report) *chart {
	if rep.Latency.Count == 0 {
		return nil
	}
	response, err1 := rep.Latency.Decode()
	service, err2 := rep.ServiceTime.Decode()
	if err1 != nil || err2 != nil {
		return nil
	}
	c := &chart{
		ID: "percentiles", Title: "Percentiles", XKind: percentile, Unit: inSeconds, Log: true,
		Lines: []line{{Name: "response time", Style: 1}, {Name: "service time", Style: 2}},
	}
	far := min(maxNines, math.Log10(float64(rep.Latency.Count))) // beyond is less than one upload
	var shares []float64
	for nines := 0.0; nines < far; nines += 0.05 {
		c.X = append(c.X, nines)
		shares = append(shares, 1-math.Pow(10, -nines))
	}
	c.X, shares = append(c.X, far), append(shares, 1-math.Pow(10, -far))
	c.Lines[0].Values = inSecondsAll(response.Quantiles(shares...))
	c.Lines[1].Values = inSecondsAll(service.Quantiles(shares...))
	c.Sentence = "Which share of the accepted uploads took at most how long. Response time counts from when a call " +
		"was due, service time from its first byte: the gap between them is time that calls waited to be sent."
	c.Table = table{Header: []string{"Share of uploads", "response time", "service time"}}
	for _, q := range []float64{0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999} {
		if !measure.TooFew(q, rep.Latency.Count) {
			c.Table.Rows = append(c.Table.Rows, []string{
				units.Given(q*100) + " %", units.Seconds(response.Quantile(q).Seconds()),
				units.Seconds(service.Quantile(q).Seconds()),
			})
		}
	}
	return c
}

func inSecondsAll(list []time.Duration) []float64 {
	out := make([]float64, len(list))
	for i, d := range list {
		out[i] = d.Seconds()
	}
	return out
}
