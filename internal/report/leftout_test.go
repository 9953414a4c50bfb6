package report_test

import (
	"bytes"
	"strings"
	"testing"

	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

// A report of a run whose generator was stopped is sound, and one is not that leaves out more than was accepted.
func TestLeftOut(t *testing.T) {
	res := results.Halted(results.Passing(), 40)
	res.Histograms = results.HistogramsOf(res.Series)
	var buf bytes.Buffer
	if err := report.WriteJSON(&buf, report.New(res, "1.2.3", nil)); err != nil {
		t.Fatal(err)
	}
	text := buf.String()
	read, err := report.Read(strings.NewReader(text))
	if err != nil || read.Latency.LeftOut != 40 || read.Generator.Stops.Accepted != 40 {
		t.Fatalf("%v, %+v", err, read.Generator.Stops)
	}
	for of, to := range map[string]string{
		`"left_out": 40,`: `"left_out": 41,`, `"accepted": 40,`: `"accepted": 39,`, `"failed": 0,`: `"failed": 7,`,
	} {
		spoiled := strings.Replace(text, of, to, 1)
		if strings.Count(text, of) > 1 && of == `"failed": 0,` { // of the stops, which come last
			at := strings.LastIndex(text, of)
			spoiled = text[:at] + to + text[at+len(of):]
		}
		if _, err := report.Read(strings.NewReader(spoiled)); spoiled == text || err == nil {
			t.Errorf("%s for %s is taken", to, of)
		}
	}
}
