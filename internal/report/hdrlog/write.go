// Package hdrlog writes the times of a report as a log of HdrHistogram, version 1.3, which the tools of HdrHistogram
// for Java and JavaScript read. Each interval has a line tagged [ResponseTime] and one tagged [ServiceTime].
//
// The lines are written here, since the writer of hdrhistogram-go cuts the start time to whole seconds. The histograms
// are those of the report, unchanged.
package hdrlog

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
)

// The tags of the lines.
const (
	ResponseTime = "response_time"
	ServiceTime  = "service_time"
)

// WriteReport writes the histograms of a run's intervals. A report of an older version has none: then there is one
// interval, the scored part of the run.
func WriteReport(w io.Writer, rep report.Report) error {
	l := &log{}
	l.head(rep.Tool, "run", rep.Run.ID, rep.Run.StartedAt)
	for i := range rep.Histograms {
		h := &rep.Histograms[i]
		if h.Count == 0 {
			continue
		}
		response, service, err := h.Decode()
		if err != nil {
			return fmt.Errorf("write histograms: interval %d: %w", i+1, err)
		}
		l.line(ResponseTime, h.TS, h.WidthS, response, h.Latency)
		l.line(ServiceTime, h.TS, h.WidthS, service, h.ServiceTime)
	}
	if len(rep.Histograms) == 0 {
		from, to := scored(&rep)
		err := cmp.Or(l.whole(ResponseTime, from, to-from, rep.Latency.Histogram),
			l.whole(ServiceTime, from, to-from, rep.ServiceTime.Histogram))
		if err != nil {
			return fmt.Errorf("write histograms: %w", err)
		}
	}
	return l.write(w)
}

// WriteCapacity writes the histograms of a search's steps, in the order in which they were made.
func WriteCapacity(w io.Writer, rep report.Capacity) error {
	l := &log{}
	l.head(rep.Tool, "capacity", rep.Run.ID, rep.Run.StartedAt)
	for i := range rep.Steps {
		s := &rep.Steps[i]
		err := cmp.Or(l.whole(ResponseTime, s.StartS, s.DurationS, s.Histogram),
			l.whole(ServiceTime, s.StartS, s.DurationS, s.ServiceHistogram))
		if err != nil {
			return fmt.Errorf("write histograms: step %d: %w", i+1, err)
		}
	}
	return l.write(w)
}

// scored returns when the scored part of a run began and ended, in seconds since the start of the run.
func scored(rep *report.Report) (from, to float64) {
	found := false
	for _, p := range rep.Phases {
		if !p.Scored {
			continue
		}
		if !found {
			from, found = p.StartS, true
		}
		to = p.StartS + p.DurationS
	}
	if !found {
		return 0, rep.Run.SendingS
	}
	return from, to
}

// log collects the lines of a log.
type log struct{ text bytes.Buffer }

// head writes the comments at the start of a log. Times of intervals count from the base time.
func (l *log) head(tool report.Tool, made, id string, start time.Time) {
	start = start.UTC().Truncate(time.Millisecond)
	at := millis(float64(start.UnixMilli()) / 1000)
	text := fmt.Sprintf("%s %s, %s %s", tool.Name, tool.Version, made, id)
	fmt.Fprintf(&l.text, "#[Logged with %s]\n", report.Line(text))
	l.text.WriteString("#[Values are nanoseconds, of accepted uploads; Interval_Max is in milliseconds]\n")
	l.text.WriteString("#[Histogram log format version 1.3]\n")
	fmt.Fprintf(&l.text, "#[StartTime: %s (seconds since epoch), %s]\n", at, start.Format("2006-01-02T15:04:05.000Z"))
	fmt.Fprintf(&l.text, "#[BaseTime: %s (seconds since epoch)]\n", at)
	l.text.WriteString(`"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"` + "\n")
}

// whole is line for a histogram that has yet to be decoded. It writes nothing if there is none.
func (l *log) whole(tag string, from, length float64, encoded string) error {
	if encoded == "" {
		return nil
	}
	h, err := measure.DecodeHistogram(encoded)
	if err != nil {
		return fmt.Errorf("%s: %w", tag, err)
	}
	l.line(tag, from, length, h, encoded)
	return nil
}

// line writes one interval. A foreign report may have line breaks in its histograms, which no log may have.
func (l *log) line(tag string, from, length float64, h *measure.Histogram, encoded string) {
	longest := millis(float64(h.Max()) / float64(time.Millisecond))
	encoded = strings.NewReplacer("\r", "", "\n", "").Replace(encoded)
	fmt.Fprintf(&l.text, "Tag=%s,%s,%s,%s,%s\n", tag, millis(from), millis(length), longest, encoded)
}

// millis writes a number with three decimals, as the readers expect it.
func millis(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

func (l *log) write(w io.Writer) error {
	if _, err := l.text.WriteTo(w); err != nil {
		return fmt.Errorf("write histograms: %w", err)
	}
	return nil
}
