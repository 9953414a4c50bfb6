package text

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// FuzzRead makes sure that whatever Read takes can be judged, shown, written and read again, and is the same then.
func FuzzRead(f *testing.F) {
	small := results.Of(3, 1, 1000, 2000) // small seeds make fast fuzzing
	small.Delivery, small.Generator, small.Guide = results.Lossy().Delivery, results.Limited().Generator,
		results.Guided().Guide
	whole := reporttest.Full()
	small.Generator.SlotWaits, small.Scenario, small.Run.Aborted = 1, whole.Scenario, whole.Run.Aborted
	warm := results.Of(1, 1, 1000, 2000).Phases[0]
	warm.Scored = false
	small.Phases = append([]measure.Phase{warm}, small.Phases...)
	small.Series = append(small.Series, measure.Point{TS: 3, Attempted: 2, Accepted: 1, Failed: 1})
	rich := report.New(small, "1.2.3", nil)
	rich.Alerts, rich.Diagnosis = whole.Alerts, whole.Diagnosis
	for _, rep := range []report.Report{
		rich, report.New(results.NoSampleResult(), "1.2.3", nil),
		report.New(results.Opened(0, 1), "1.2.3", nil),
	} {
		data, err := json.Marshal(rep)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Add([]byte(`{"schema": "rdiostress.report/v1", "verdict": {"grade": "pass", "ok": true}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rep, err := report.Read(bytes.NewReader(data))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
			return
		}
		first := reporttest.JSON(t, rep)
		again, err := report.Read(bytes.NewReader(first))
		if err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
		if second := reporttest.JSON(t, again); !bytes.Equal(first, second) {
			t.Errorf("changed by writing and reading:\n%s\n%s", first, second)
		}
		var text strings.Builder
		if err := WriteReport(&text, report.New(rep.Result, "fuzz", nil), Options{}); err != nil {
			t.Fatal(err)
		}
		if err := WriteReport(&text, rep, Options{Color: true}); err != nil {
			t.Fatal(err)
		}
		text.Reset()
		if err := WriteSummary(&text, rep, Options{Width: 80}); err != nil {
			t.Fatal(err)
		}
		checkFits(t, text.String(), 80)
	})
}
