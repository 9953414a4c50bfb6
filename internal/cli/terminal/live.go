package terminal

import (
	"fmt"
	"math"
	"strings"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/plain"
	"rdiostress/internal/trial/verification"
	"rdiostress/internal/units"
)

// live is how a load stands, and stood in the last seconds.
type live struct {
	now     measure.Snapshot
	server  measure.Observation
	storage *verification.Progress // nil: storage is not verified

	acceptedPerS float64 // no number: not known
	p95, backlog history
	storing      storing
	read         time.Time // when storage was last found to have been read anew
}

func newLive() live { return live{acceptedPerS: math.NaN()} }

// add notes how the load stands after one more second, or more of them.
func (l *live) add(now measure.Snapshot, server measure.Observation, storage *verification.Progress) {
	before := l.now
	l.now, l.server = now, server
	took := (now.Elapsed - before.Elapsed).Seconds()
	l.acceptedPerS = math.NaN()
	if took > 0 && now.Accepted >= before.Accepted {
		l.acceptedPerS = float64(now.Accepted-before.Accepted) / took
	}
	seconds := int(math.Round(took))
	l.p95.add(p95Of(&now), seconds)
	l.addStorage(storage, seconds)
}

// addStorage notes how storage stands.
func (l *live) addStorage(storage *verification.Progress, seconds int) {
	l.storage = storage
	if l.storing.add(storage) {
		l.read = time.Now()
	}
	backlog := math.NaN()
	if storage != nil && storage.Err == nil && storage.At > 0 && !l.isStale() {
		backlog = float64(storage.Backlog)
	}
	l.backlog.add(backlog, seconds)
}

// isStale reports whether storage could not be read for a while, as when the server keeps its database locked: what was
// read then is no longer so.
func (l *live) isStale() bool {
	return l.storage != nil && time.Since(l.read) > max(staleAfter, 3*l.storage.Every)
}

// staleAfter is how long a reading of storage is taken to be so: storage is read every second or less often.
const staleAfter = 5 * time.Second

// rows returns the figures, given how many calls are wanted per second and how many uploads may be in flight.
func (l *live) rows(p pen, columns int, wanted, most string) []ranked {
	room := columns - 1 - labelWidth
	return []ranked{
		{1, labeled("calls", span{text: joinParts(room, []part{
			{2, wanted}, {0, perSecond("accepted", l.acceptedPerS)}, {1, l.storedPerS()},
		})})},
		{3, labeled("so far", span{text: joinParts(room, l.totals())})},
		{2, l.p95Row(p, room)},
		{2, l.backlogRow(p, room)},
		{5, labeled("in flight", span{text: units.Count(uint64(max(l.now.InFlight, 0))) + " of at most " + most})},
		{4, l.failuresRow(room)},
		{6, l.serverRow(room)},
	}
}

// perSecond writes a rate with its name; empty where it is not known.
func perSecond(name string, rate float64) string {
	if math.IsNaN(rate) {
		return ""
	}
	return name + " " + units.PerSecond(rate)
}

func (l *live) storedPerS() string {
	rate, ok := l.storing.perSecond()
	if !ok || l.storage == nil || l.storage.Err != nil || l.isStale() {
		return ""
	}
	return perSecond("stored", rate)
}

// totals are the figures of the load so far.
func (l *live) totals() []part {
	stored, accepted := l.formatStored()
	return []part{
		{0, units.Count(accepted) + " accepted"},
		{2, units.Count(l.now.Failed) + " failed"},
		{1, stored},
		{3, "p95 " + formatP95(l.now.P95, l.now.P95Of)},
	}
}

func (l *live) p95Row(p pen, room int) row {
	figure := "– (too few uploads)"
	if last := l.p95.last(1); len(last) > 0 && !math.IsNaN(last[0]) {
		figure = units.Seconds(last[0])
	}
	return labeled("p95", p.chart(figure, "", &l.p95, units.Seconds, room)...)
}

func (l *live) backlogRow(p pen, room int) row {
	switch s := l.storage; {
	case s == nil && l.now.Elapsed == 0:
		return labeled("backlog", span{text: "not known yet"})
	case s == nil:
		return labeled("backlog", span{text: "not known: storage is not verified"})
	case s.Err != nil:
		return labeled("backlog", span{"not known: " + plain.Reason(s.Err), yellow})
	case s.At == 0:
		return labeled("backlog", span{text: "not read yet"})
	default:
		note := ""
		if l.isStale() {
			note = "  read " + units.Elapsed(time.Since(l.read)) + " ago"
		}
		return labeled("backlog", p.chart(units.Count(s.Backlog), note, &l.backlog, units.Whole, room)...)
	}
}

// The widths of the parts of a chart.
const (
	figureWidth = 10
	scaleWidth  = 25 // "  up to 70.8 ms in 1m40s"
	leastCells  = 8  // of a sparkline beside its scale
)

// chart returns a figure with a sparkline of its last seconds, and a note, or else the highest value of those, where
// there is room.
func (p pen) chart(figure, note string, h *history, format func(float64) string, room int) []span {
	figure = p.plain(figure)
	figure += strings.Repeat(" ", max(figureWidth-width(figure), 1))
	cells := room - width(figure)
	withScale := cells-scaleWidth >= leastCells
	if withScale {
		cells -= scaleWidth
	}
	values := h.last(max(cells, 0))
	spans := []span{{text: figure}, {text: p.sparkline(values)}}
	switch top, ok := highest(values); {
	case note != "" && withScale:
		spans = append(spans, span{note, yellow})
	case ok && withScale:
		spans = append(spans, span{
			fmt.Sprintf("  up to %s in %s", format(top), units.Elapsed(time.Duration(len(values))*time.Second)), faint,
		})
	}
	return spans
}

// failuresRow returns the failures by kind, as many as there is room for.
func (l *live) failuresRow(room int) row {
	list := l.now.Failures
	switch {
	case l.now.Failed == 0:
		return labeled("failures", span{text: "none"})
	case len(list) == 0:
		return labeled("failures", span{units.Count(l.now.Failed), yellow})
	}
	text := ""
	for n := len(list); n > 0; n-- {
		var parts []string
		for _, f := range list[:n] {
			parts = append(parts, units.Count(f.Count)+" "+failureText(f))
		}
		if rest := list[n:]; len(rest) > 0 {
			more := uint64(0)
			for _, f := range rest {
				more += f.Count
			}
			parts = append(parts, units.Count(more)+" other")
		}
		if text = strings.Join(parts, ", "); width(text) <= room {
			break
		}
	}
	return labeled("failures", span{text, yellow})
}

// failureText says in what way calls failed.
func failureText(f measure.FailureCount) string {
	switch f.Class {
	case measure.Status, measure.Unauthorised, measure.Incomplete:
		return fmt.Sprintf("HTTP %d", f.Status)
	case measure.Timeout:
		return "without a reply in time"
	case measure.ConnectTimeout:
		return "without a connection in time"
	case measure.DNS:
		return "host not found"
	case measure.Refused:
		return "connection refused"
	case measure.TLS:
		return "TLS failed"
	case measure.Write:
		return "not sent whole"
	case measure.Reset:
		return "connection reset"
	case measure.Malformed:
		return "malformed reply"
	case measure.Exhausted:
		return "no port or file left on this machine"
	case measure.Duplicate:
		return "dropped as duplicate"
	default:
		return plain.Text(strings.ReplaceAll(f.Class.String(), "_", " "))
	}
}

// serverRow returns what is observed of the server; what is not observed is left out.
func (l *live) serverRow(room int) row {
	seen := &l.server
	var parts []part
	add := func(rank int, text string) { parts = append(parts, part{rank, text}) }
	if v, ok := seen.Get(measure.CPU); ok {
		word := " processors busy"
		if v == 1 {
			word = " processor busy"
		}
		add(0, units.Number(v)+word)
	}
	if v, ok := seen.Get(measure.RSS); ok {
		add(1, units.Bytes(v)+" memory")
	}
	if v, ok := seen.Get(measure.UploadQueue); ok {
		add(2, units.Whole(v)+" uploads queued")
	}
	if text := l.toTranscribe(); text != "" {
		add(2, text)
	}
	if v, ok := seen.Get(measure.DiskFree); ok {
		add(3, units.Bytes(v)+" disk free")
	}
	switch {
	case len(parts) > 0:
		return labeled("server", span{text: joinParts(room, parts)})
	case l.now.Elapsed == 0 && l.storage == nil:
		return labeled("server", span{text: "not known yet"})
	default:
		return labeled("server", span{text: "not observed"})
	}
}

// toTranscribe returns how many calls wait at the server to be transcribed; empty if none do, or if that is not known.
func (l *live) toTranscribe() string {
	v, ok := l.server.Get(measure.TranscriptionQueue)
	if !ok || v < 1 {
		return ""
	}
	return units.Whole(v) + " to transcribe"
}

// part is a part of a line that can be left out.
type part struct {
	rank int // the higher, the sooner it is left out
	text string
}

// joinParts joins the parts that have a text, without those of the highest ranks if they need more columns than there
// are. The first rank stays.
func joinParts(columns int, parts []part) string {
	for limit := len(parts); ; limit-- {
		var texts []string
		for _, p := range parts {
			if p.text != "" && p.rank <= limit {
				texts = append(texts, p.text)
			}
		}
		if line := strings.Join(texts, ", "); limit <= 0 || width(line) <= columns {
			return line
		}
	}
}

// formatStored returns how many calls were stored when that was last read, and how many were accepted, whichever was
// seen last; an empty text where storage is not read.
func (l *live) formatStored() (text string, accepted uint64) {
	switch p := l.storage; {
	case p == nil, p.At == 0 && p.Acknowledged == 0: // it is not read, or not yet
		return "", l.now.Accepted
	case p.Err != nil:
		return "storage cannot be read", l.now.Accepted
	default:
		return fmt.Sprintf("%s of %s stored", units.Count(p.Stored), units.Count(p.Acknowledged)),
			max(p.Acknowledged, l.now.Accepted)
	}
}

// formatP95 writes a 95th percentile, or a dash where its uploads are too few for it.
func formatP95(p95 time.Duration, uploads uint64) string {
	if measure.TooFew(0.95, uploads) {
		return "–"
	}
	return units.Seconds(p95.Seconds())
}
