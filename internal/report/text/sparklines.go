package text

import (
	"math"
	"slices"
	"strings"

	"rdiostress/internal/glyph"
	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

const (
	fewIntervals   = 4  // a series of fewer shows no course
	mostMarks      = 4  // of one interval, where there are few
	scaleWidth     = 20 // of what stands beside a sparkline
	partOfInterval = 0.5
)

// sparklines draws the accepted rate, the 95th percentile and the backlog of storage over time, one below the other on
// one axis of time.
func (p *page) sparklines(series []measure.Point) {
	room := max(p.inside()-p.labels()-scaleWidth, 1)
	groups := grouped(series, room)
	if len(groups) < fewIntervals {
		return
	}
	marks := min(room/len(groups), mostMarks)
	p95 := func(q *measure.Point) *float64 { return q.P95S }
	backlog := func(q *measure.Point) *float64 {
		if q.Backlog == nil {
			return nil
		}
		n := float64(*q.Backlog)
		return &n
	}
	p.sparkline("accepted/s", values(groups, marks, acceptedRate), units.Rate)
	p.sparkline("p95", values(groups, marks, highestOf(p95)), units.Seconds)
	p.sparkline("backlog", values(groups, marks, highestOf(backlog)), units.Whole)
}

// grouped puts the intervals of a series into at most that many groups of as many each. What is left at the end, and a
// last interval that the end of the run cut short, belongs to the group before.
func grouped(series []measure.Point, most int) (groups [][]measure.Point) {
	size := max((len(series)+most-1)/most, 1)
	for from := 0; from < len(series); from += size {
		groups = append(groups, series[from:min(from+size, len(series))])
	}
	width := func(group []measure.Point) (s float64) {
		for i := range group {
			s += group[i].WidthS
		}
		return s
	}
	if n := len(groups); n > 1 && width(groups[n-1]) < partOfInterval*width(groups[0]) {
		groups[n-2] = series[len(series)-len(groups[n-1])-len(groups[n-2]):]
		groups = groups[:n-1]
	}
	return groups
}

// values returns the value of each group, as often as it has marks.
func values(groups [][]measure.Point, marks int, of func([]measure.Point) float64) (list []float64) {
	for _, group := range groups {
		list = append(list, slices.Repeat([]float64{of(group)}, marks)...)
	}
	return list
}

// acceptedRate is how many uploads a second were accepted.
func acceptedRate(group []measure.Point) float64 {
	n, width := 0.0, 0.0
	for i := range group {
		n, width = n+float64(group[i].Accepted), width+group[i].WidthS
	}
	if width <= 0 {
		return math.NaN()
	}
	return n / width
}

// highestOf returns a function that finds the highest value of those that some of the intervals have.
func highestOf(of func(*measure.Point) *float64) func([]measure.Point) float64 {
	return func(group []measure.Point) float64 {
		highest := math.NaN()
		for i := range group {
			if v := of(&group[i]); v != nil && !(*v <= highest) {
				highest = *v
			}
		}
		return highest
	}
}

// sparkline adds a row with one, and with its highest value. A series without a value has none.
func (p *page) sparkline(label string, series []float64, show func(float64) string) {
	highest := math.NaN()
	for _, v := range series {
		if !math.IsNaN(v) && !(v <= highest) {
			highest = v
		}
	}
	if math.IsNaN(highest) {
		return
	}
	p.line(p.ink.dim(label) + strings.Repeat(" ", p.labels()-len(label)) + glyph.Sparkline(series, p.ascii) +
		p.ink.dim("  at most "+units.Trim(show(highest))))
}
