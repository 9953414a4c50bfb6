package html

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// maxPoints is how many points a line has at most: a chart is hardly wider on paper.
const maxPoints = 300

// timeline is the series of a run in at most maxPoints groups of intervals.
type timeline struct {
	groups [][]measure.Point
	middle []float64
	end    float64
	bands  []band
	marks  []mark
}

func newTimeline(rep *report.Report) *timeline {
	t := &timeline{bands: bandsOf(rep)}
	end := func(p measure.Point) float64 { return p.TS + p.WidthS }
	t.end = end(rep.Series[len(rep.Series)-1])
	const slack = 0.9 // seconds are never exactly as long as each other
	least := slack * t.end / maxPoints
	for rest := rep.Series; len(rest) > 0; {
		n := 1
		for n < len(rest) && end(rest[n-1])-rest[0].TS < least {
			n++
		}
		t.groups = append(t.groups, rest[:n])
		t.middle = append(t.middle, (rest[0].TS+end(rest[n-1]))/2)
		rest = rest[n:]
	}
	if crash := rep.Delivery.Crash; crash != nil {
		t.marks = append(t.marks, mark{"killed", crash.KilledS})
	}
	for _, e := range rep.Watch.Events {
		if e.Kind == measure.EventProcessEnded && rep.Delivery.Crash == nil {
			t.marks = append(t.marks, mark{"server ended", e.AtS})
		}
	}
	return t
}

// bandsOf are the phases, the alerts, and the time in which a killed server was down.
func bandsOf(rep *report.Report) (bands []band) {
	n := 0
	for _, p := range rep.Phases {
		if p.Separate || p.DurationS <= 0 || len(rep.Phases) == 1 {
			continue
		}
		kind := "unscored"
		if p.Scored {
			kind = []string{"phase", "phase other"}[n%2]
			n++
		}
		bands = append(bands, band{kind, report.Shorten(24, p.Name), p.StartS, p.StartS + p.DurationS})
	}
	const mostAlerts = 50
	for _, a := range rep.Alerts[:min(len(rep.Alerts), mostAlerts)] {
		bands = append(bands, band{"alert", judge.AlertTitle(a.KPI), a.FromS, a.ToS})
	}
	if crash := rep.Delivery.Crash; crash != nil {
		to := rep.Run.DurationS
		if crash.AnsweredS != nil {
			to = *crash.AnsweredS
		}
		bands = append(bands, band{"down", "server down", crash.KilledS, to})
	}
	return bands
}

// chart is a chart of the timeline.
func (t *timeline) chart(id, title string, u unit, lines ...line) *chart {
	c := &chart{
		ID: id, Title: title, X: t.middle, XKind: overTime, Unit: u, Bands: t.bands, Marks: t.marks, Lines: lines,
		end: t.end,
	}
	for i := range c.Lines {
		c.Lines[i].Style = i%4 + 1
	}
	return c
}

// perSecond are counts of a group by the second.
func (t *timeline) perSecond(count func(*measure.Point) uint64) []float64 {
	return t.values(func(group []measure.Point) float64 {
		n, width := 0.0, 0.0
		for i := range group {
			n, width = n+float64(count(&group[i])), width+group[i].WidthS
		}
		if width <= 0 {
			return math.NaN()
		}
		return n / width
	})
}

func (t *timeline) values(of func([]measure.Point) float64) []float64 {
	list := make([]float64, len(t.groups))
	for i, group := range t.groups {
		list[i] = of(group)
	}
	return list
}

// means are the means of what some of the points have.
func (t *timeline) means(of func(*measure.Point) (float64, bool)) []float64 {
	return t.values(func(group []measure.Point) float64 {
		sum, n := 0.0, 0
		for i := range group {
			if v, ok := of(&group[i]); ok {
				sum, n = sum+v, n+1
			}
		}
		if n == 0 {
			return math.NaN()
		}
		return sum / float64(n)
	})
}

// largest are the largest of what some of the points have.
func (t *timeline) largest(of func(*measure.Point) (float64, bool)) []float64 {
	return t.values(func(group []measure.Point) float64 {
		most := math.NaN()
		for i := range group {
			if v, ok := of(&group[i]); ok && !(v <= most) {
				most = v
			}
		}
		return most
	})
}

func (t *timeline) signal(sig measure.Signal) []float64 {
	at := func(p *measure.Point) (float64, bool) { return p.Server.Get(sig) }
	if sig.Info().Aggregate == measure.TakeMost {
		return t.largest(at)
	}
	return t.means(at)
}

func valueOf[T uint64 | float64](v *T) (float64, bool) {
	if v == nil {
		return 0, false
	}
	return float64(*v), true
}

// storing shows accepted against stored, and how far storing was behind.
func (t *timeline) storing(rep *report.Report) []*chart {
	accepted := line{Name: "accepted", Values: t.perSecond(func(p *measure.Point) uint64 { return p.Accepted })}
	stored := t.means(func(p *measure.Point) (float64, bool) { return valueOf(p.StoredPerS) })
	if !anyNumber(stored) {
		return nil
	}
	c := t.chart("stored", "Accepted and stored", inCallsPerS, accepted, line{Name: "stored", Values: stored})
	c.Sentence = fmt.Sprintf("Calls that the server accepted, and calls that it stored, each second. %s.",
		peak("At most", c, 0, 1))
	backlog := t.chart("backlog", "Backlog", inCalls, line{
		Name:   "accepted, not stored",
		Values: t.largest(func(p *measure.Point) (float64, bool) { return valueOf(p.Backlog) }),
	})
	backlog.Sentence = "Calls that the server had accepted and not yet stored: what a crash could lose."
	if n := measure.OrZero(rep.Delivery.BacklogMax); n > 0 {
		backlog.Sentence += fmt.Sprintf(" At most %s.", units.Plural(n, "call"))
	}
	return []*chart{c, backlog}
}

// peak says how high lines of a chart come, whose names follow their figures.
func peak(words string, c *chart, lines ...int) string {
	var parts []string
	for _, i := range lines {
		if most := c.Lines[i].most(); !math.IsNaN(most) {
			parts = append(parts, c.Unit.format(most)+" "+c.Lines[i].Name)
		}
	}
	if len(parts) == 0 {
		return "There is no value"
	}
	return words + " " + strings.Join(parts, ", ")
}

// most is the largest value of a line, NaN if it has none.
func (l *line) most() float64 {
	most := math.NaN()
	for _, v := range l.Values {
		if !math.IsNaN(v) && !(v <= most) {
			most = v
		}
	}
	return most
}

func anyNumber(values []float64) bool {
	for _, v := range values {
		if !math.IsNaN(v) {
			return true
		}
	}
	return false
}

// uploads shows how many uploads ended in each second, and how.
func (t *timeline) uploads(rep *report.Report) *chart {
	lines := append([]line{
		{Name: "accepted", Values: t.perSecond(func(p *measure.Point) uint64 { return p.Accepted })},
	}, t.failures(rep)...)
	c := t.chart("uploads", "Uploads", inCallsPerS, lines...)
	all := make([]int, len(lines))
	for i := range all {
		all[i] = i
	}
	c.Sentence = fmt.Sprintf("Uploads that ended in each second. %s.", peak("At most", c, all...))
	return c
}

// failures returns a line for each of the most frequent kinds of failures, and one for the others; one for all where
// there are none, or a report does not have them by kind.
func (t *timeline) failures(rep *report.Report) []line {
	if !slices.ContainsFunc(rep.Series, func(p measure.Point) bool { return len(p.Failures) > 0 }) {
		return []line{{Name: "failed", Values: t.perSecond(func(p *measure.Point) uint64 { return p.Failed })}}
	}
	kinds := rep.ErrorDetails
	if len(kinds) > 3 { // a chart has four lines
		kinds = kinds[:2]
	}
	var lines []line
	for _, d := range kinds {
		lines = append(lines, line{
			Name:   judge.FailureText(d),
			Values: t.perSecond(func(p *measure.Point) uint64 { return failed(p, d) }),
		})
	}
	if len(kinds) < len(rep.ErrorDetails) {
		lines = append(lines, line{Name: "other failures", Values: t.perSecond(func(p *measure.Point) uint64 {
			n := p.Failed
			for _, d := range kinds {
				n -= min(n, failed(p, d))
			}
			return n
		})})
	}
	return lines
}

// failed returns how many uploads of an interval failed in one way.
func failed(p *measure.Point, kind measure.ErrorDetail) uint64 {
	for _, f := range p.Failures {
		if f.Class == kind.Class && f.Status == kind.Status {
			return f.Count
		}
	}
	return 0
}

// inFlight shows how many uploads waited for a reply.
func (t *timeline) inFlight() *chart {
	c := t.chart("inflight", "Uploads in flight", inCount, line{
		Name:   "in flight",
		Values: t.largest(func(p *measure.Point) (float64, bool) { return float64(p.InFlight), true }),
	})
	c.Sentence = "Uploads that had been sent and not yet answered, at the end of each interval. "
	if slices.ContainsFunc(c.Lines[0].Values, func(n float64) bool { return n > 0 }) {
		c.Sentence += peak("At most", c, 0) + "."
	} else {
		c.Sentence += "None was in flight then."
	}
	return c
}

// server are the charts of what was seen of the server: one for each topic of which something was.
func (t *timeline) server() (list []*chart) {
	for _, topic := range []struct {
		id, title, sentence string
		unit                unit
		signals             []measure.Signal
		names               []string
	}{
		{
			"memory", "Server's memory", "Memory of the server.", inBytes,
			[]measure.Signal{measure.RSS, measure.Heap},
			[]string{"memory", "heap"},
		},
		{
			"processors", "Processors", "Processors that were kept busy; 1 is a whole one.", inProcessors,
			[]measure.Signal{measure.CPU, measure.GeneratorCPU, measure.BackendCPU, measure.OtherCPU},
			[]string{"server", "rdiostress", "its backends", "everything else"},
		},
		{
			"disk", "Disk traffic", "What the server read from disks and wrote to them.", inBytesPerS,
			[]measure.Signal{measure.WriteRate, measure.ReadRate},
			[]string{"written", "read"},
		},
		{
			"data", "Data", "Size of the server's data on disk.", inBytes,
			[]measure.Signal{measure.DataSize, measure.StoredBytes, measure.DBSize},
			[]string{"data folders", "audio stored", "database"},
		},
		{
			"pool", "Database connections",
			"Connections of the server to its database, and requests that waited for one.", inCount,
			[]measure.Signal{measure.PoolInUse, measure.PoolLimit, measure.PoolWaiting, measure.DBWaitingLocks},
			[]string{"pool in use", "pool's limit", "waiting for the pool", "waiting for a lock"},
		},
		{
			"queue", "Server's queues", "Calls that waited inside of the server, by its own figures.", inCalls,
			[]measure.Signal{measure.UploadQueue, measure.UploadQueueLimit, measure.TranscriptionQueue},
			[]string{"uploads", "uploads' limit", "transcriptions"},
		},
	} {
		var lines []line
		for i, sig := range topic.signals {
			if values := t.signal(sig); anyNumber(values) {
				lines = append(lines, line{Name: topic.names[i], Values: values})
			}
		}
		if len(lines) == 0 {
			continue
		}
		c := t.chart(topic.id, topic.title, topic.unit, lines...)
		c.Sentence = fmt.Sprintf("%s At most, %s: %s.", topic.sentence, lines[0].Name, c.Unit.format(lines[0].most()))
		list = append(list, c)
	}
	return list
}
