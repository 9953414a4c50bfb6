package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/report"
)

// document is a file of results.
type document struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Time     string   `xml:"time,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Suites   []*suite `xml:"testsuite"`
}

// suite is a group of cases.
type suite struct {
	Name       string     `xml:"name,attr"`
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Skipped    int        `xml:"skipped,attr"`
	Time       string     `xml:"time,attr"`
	Timestamp  string     `xml:"timestamp,attr,omitempty"`
	Properties []property `xml:"properties>property"`
	Cases      []*outcome `xml:"testcase"`

	took float64
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// outcome is a case, with at most one of failure, error and skip.
type outcome struct {
	Name    string   `xml:"name,attr"`
	Class   string   `xml:"classname,attr"`
	Time    string   `xml:"time,attr"`
	Failure *problem `xml:"failure"`
	Error   *problem `xml:"error"`
	Skipped *problem `xml:"skipped"`
	Output  *output  `xml:"system-out"`
}

// problem says why a case is not met.
type problem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Body    string `xml:",innerxml"` // escaped
}

// output is what a case that is met has to say.
type output struct {
	Text string `xml:",innerxml"` // escaped
}

// kind is how a case ended.
type kind int

const (
	passed kind = iota
	failed
	broken  // it could not be judged
	skipped // it does not count
)

// writer makes a document.
type writer struct {
	document
	about      string // what it is the report of, such as "rdiostress run 7f3a9c21"
	class      string // of the cases
	started    time.Time
	properties []property // of each suite
	took       float64
}

// property adds a property to a suite, unless its value is empty.
func (s *suite) property(name, value string) {
	if value != "" {
		s.Properties = append(s.Properties, property{line(name), line(value)})
	}
}

// number adds a property that is a number, if there is one.
func (s *suite) number(name string, v *float64) {
	if v != nil {
		s.property(name, strconv.FormatFloat(*v, 'g', -1, 64))
	}
}

// count adds a property that is a count, if there is one.
func (s *suite) count(name string, n *uint64) {
	if n != nil {
		s.property(name, strconv.FormatUint(*n, 10))
	}
}

// suite adds a group of cases; it stays out of the file if no case follows.
func (w *writer) suite(name string) *suite {
	s := &suite{Name: line(w.about + ": " + name), Properties: slices.Clone(w.properties)}
	if !w.started.IsZero() {
		s.Timestamp = w.started.UTC().Format("2006-01-02T15:04:05")
	}
	w.Suites = append(w.Suites, s)
	return s
}

// check adds a case: what it is called, how long it took, how it ended, and why, with further lines.
func (s *suite) check(class, name string, took float64, how kind, why string, more ...string) {
	took = possible(took)
	c := &outcome{Name: line(name), Class: line(class), Time: seconds(took)}
	why = line(why)
	body := why
	for _, one := range more {
		if one = line(one); one != "" {
			body += "\n- " + one
		}
	}
	body = escape(body)
	p := &problem{Type: line(class), Message: why, Body: body}
	switch how {
	case failed:
		c.Failure = p
		s.Failures++
	case broken:
		c.Error = p
		s.Errors++
	case skipped:
		c.Skipped = p
		s.Skipped++
	case passed:
		c.Output = &output{body}
	}
	s.Cases = append(s.Cases, c)
	s.Tests++
	s.took += took
}

// write writes the document.
func (w *writer) write(out io.Writer) error {
	w.Name = line(w.about)
	suites := w.Suites[:0:0]
	for _, s := range w.Suites {
		if len(s.Cases) == 0 {
			continue
		}
		s.Time = seconds(s.took)
		w.Tests, w.Failures, w.Errors, w.took = w.Tests+s.Tests, w.Failures+s.Failures, w.Errors+s.Errors, w.took+s.took
		suites = append(suites, s)
	}
	w.Suites, w.Time = suites, seconds(w.took)
	text, err := xml.MarshalIndent(&w.document, "", "  ")
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	if _, err := fmt.Fprintf(out, "%s%s\n", xml.Header, text); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// line returns a text as one line, without characters that XML or a terminal would mind.
func line(s string) string { return report.Line(s) }

// escape escapes a text for XML, and leaves the ends of lines as they are, for people.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // writing to memory cannot fail
	return strings.ReplaceAll(b.String(), "&#xA;", "\n")
}

// possible returns a time in seconds, or 0 for one that no run has.
func possible(s float64) float64 {
	const most = 1e9
	if !(s > 0 && s < most) {
		return 0
	}
	return s
}

// seconds writes a time as readers of such files take it: with a point, and without thousands separators.
func seconds(s float64) string { return strconv.FormatFloat(possible(s), 'f', 3, 64) }
