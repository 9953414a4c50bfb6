package text

import (
	"errors"
	"flag"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"rdiostress/internal/glyph"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
	"rdiostress/internal/units"
)

var update = flag.Bool("update", false, "write the golden files anew")

// example is a run, and how it is shown.
type example struct {
	name string
	res  measure.Result
	opts Options
}

// cases are runs that end in every way.
func cases() []example {
	return []example{
		{"pass", results.Passing(), Options{}},
		{"monitor", results.Monitored(), Options{}},
		{"fail", results.Failing(), Options{}},
		{"fail-wide", results.Failing(), Options{Width: 120}},
		{"fail-color", results.Failing(), Options{Color: true}},
		{"fail-ascii", results.Failing(), Options{ASCII: true}},
		{"no-sample", results.NoSampleResult(), Options{}},
		{"open-unsent", results.Unsent(), Options{}},
		{"inconclusive", results.Limited(), Options{}},
		{"interrupted", results.Interrupted(), Options{}},
		{"loss", results.Lossy(), Options{}},
		{"behind", results.Behind(), Options{}},
		{"pending", results.Pending(), Options{}},
		{"transcribed", results.Transcribed(), Options{}},
		{"untranscribed", results.Untranscribed(), Options{}},
		{"crashed", results.Crashed(), Options{}},
		{"unreadable", results.Unreadable(), Options{}},
		{"unlooked", results.Unlooked(), Options{}},
		{"explained", results.Explained(), Options{}},
		{"stale", results.Stale(), Options{}},
		{"phases", results.Phased(), Options{}},
		{"phases-wide", results.Phased(), Options{Width: 120}},
		{"guide", results.Guided(), Options{}},
		{"replay", results.Recorded(), Options{}},
		{"duplicates", results.Doubled(), Options{}},
		{"aborted", results.Staged(), Options{}},
		{"aborted-early", results.Thinking(), Options{}},
		{"soak", results.Soak(), Options{}},
		{"mischief", results.Mischievous(), Options{}},
		{"mischief-harmless", results.Harmless(), Options{}},
		{"repeated", results.Repeated(), Options{}},
		{"primed", results.Primed(), Options{}},
		{"generator-short", results.Short(results.Passing()), Options{}},
		{"generator-stopped", results.Halted(results.Passing(), 400), Options{}},
	}
}

func TestWriteTableGolden(t *testing.T) {
	for _, tc := range cases() {
		t.Run(tc.name, func(t *testing.T) {
			tc.opts.Names = reporttest.Flags
			got := written(t, report.New(tc.res, "1.2.3", reporttest.Flags), tc.opts)
			reporttest.Golden(t, filepath.Join("testdata", tc.name+".golden"), *update, got)
			checkFits(t, got, max(tc.opts.Width, defaultWidth))
		})
	}
}

// Thresholds of the user's own are shown as they were written, in the summary and in full.
func TestOwnThresholdsGolden(t *testing.T) {
	for name, summary := range map[string]bool{"own": false, "own-summary": true} {
		opts := Options{Names: reporttest.Flags}
		rep := reporttest.Own()
		got := reporttest.Text(t, func(w io.Writer) error {
			if summary {
				return WriteSummary(w, rep, opts)
			}
			return WriteReport(w, rep, opts)
		})
		reporttest.Golden(t, filepath.Join("testdata", name+".golden"), *update, got)
		checkFits(t, got, defaultWidth)
	}
}

func written(t *testing.T, rep report.Report, opts Options) string {
	t.Helper()
	return reporttest.Text(t, func(w io.Writer) error { return WriteReport(w, rep, opts) })
}

// checkFits finds lines that a terminal would break, and characters that it would obey.
func checkFits(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := twwidth.Width(line); n > width {
			t.Errorf("%d columns wide, over %d: %q", n, width, line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("blanks at the end: %q", line)
		}
		for _, r := range twwidth.Filter().ReplaceAllString(line, "") {
			if unicode.IsControl(r) {
				t.Errorf("control character in %q", line)
			}
		}
	}
}

// TestWriteTableHostile shows a report whose every text tries to break out of the table.
func TestWriteTableHostile(t *testing.T) {
	const evil = "\x1b]0;title\x07\x1b[2J\r\n\tevil 中文 \u202e" +
		"wide wide wide wide wide wide wide wide wide wide wide wide wide"
	rep := reporttest.Full()
	rep.Tool.Version, rep.Run.ID, rep.Target.URL = "1\x1b[2J", "2\r\n", evil
	rep.Scenario.Client, rep.Scenario.Systems, rep.Scenario.Talkgroups, rep.Scenario.Model = evil, evil, evil, evil
	rep.ErrorDetails[0].Class, rep.ErrorDetails[1].Sample = evil, evil
	rep.Phases[0].Name, rep.Phases[0].Load, rep.Phases[1].Load = evil, evil, evil
	rep.Scenario.Stages, rep.Scenario.Arrival, rep.Scenario.AbortOn, rep.Scenario.HTTP = evil, evil, []string{evil},
		evil
	rep.Scenario.AudioSize, rep.Scenario.AudioDir, rep.Run.Aborted = evil, evil, evil
	rep.Verdict.Text = "evil\x1b[2J"
	rep.Verdict.Reasons, rep.Verdict.Warnings = []string{evil}, []string{strings.Repeat("x", 500)}
	rep.Delivery = measure.Delivery{Method: "none", Absent: evil}
	rep.Latency = measure.Distribution{Absent: evil}
	for _, opts := range []Options{{}, {Color: true}, {ASCII: true}, {ASCII: true, Color: true}} {
		got := written(t, rep, opts)
		if opts.ASCII && glyph.ASCII(got) != got {
			t.Errorf("not in ASCII:\n%s", got)
		}
		checkFits(t, got, defaultWidth)
		for _, bad := range []string{"\x1b]", "\x1b[2J", "\r", "\t", "\u202e"} {
			if strings.Contains(got, bad) {
				t.Errorf("%q got through:\n%s", bad, got)
			}
		}
	}
}

// No text from outside is a command to the runner of a CI job, wherever a line breaks.
func TestWriteTableCommands(t *testing.T) {
	evil := strings.Repeat("::error::x ##[error]y :::add-mask::z \u0301::group::v ", 12)
	rep := reporttest.Full()
	rep.ErrorDetails[0].Class, rep.ErrorDetails[1].Sample, rep.Run.Aborted = evil, evil, evil
	rep.Verdict.Text, rep.Verdict.Reasons, rep.Verdict.Warnings = evil, []string{evil}, []string{evil}
	rep.Diagnosis = []report.Finding{{Title: evil, Evidence: []string{evil}, Fix: evil}}
	rep.Delivery.Method, rep.Delivery.Source, rep.Delivery.Examples = evil, evil, []string{evil}
	search := reporttest.Unfound()["capacity-limited"]
	search.Warnings, search.Result.BrokeWords = []string{evil}, evil
	for width := 76; width <= 120; width += 4 {
		var got strings.Builder
		opts := Options{Width: width, ASCII: width%8 == 0}
		if err := errors.Join(WriteReport(&got, rep, opts), WriteSummary(&got, rep, opts),
			WriteCapacity(&got, search, opts), WriteCapacitySummary(&got, search, opts)); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(got.String()) {
			if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
				t.Errorf("%d columns: a command: %q", width, line)
			}
		}
	}
}

func TestWriteTableManyKinds(t *testing.T) {
	res := results.Of(100, 13, 1e6, 2e6)
	res.ErrorDetails = nil
	res.Errors.HTTP = map[string]uint64{}
	for i := range 13 {
		res.Errors.HTTP[units.Count(uint64(500+i))] = 1
		detail := measure.ErrorDetail{Class: "http_status", Parent: "http", Status: 500 + i, Count: 1}
		res.ErrorDetails = append(res.ErrorDetails, detail)
	}
	text := written(t, report.New(res, "1.2.3", nil), Options{})
	if !strings.Contains(text, "And 3 more kinds of errors in 3 uploads.") || strings.Contains(text, "HTTP 510") {
		t.Errorf("got:\n%s", text)
	}
}

// TestWriteTableWidths makes sure that the table fits whatever width it is given, from the least that it is laid out
// for, even with the figures of a run over days.
func TestWriteTableWidths(t *testing.T) {
	res := results.Unsent()
	res.Totals = measure.Totals{
		Attempted: 864_000_000, Accepted: 863_000_000, Failed: 1_000_000, Unsent: 28_800_000, UploadsPerS: 1_000,
		BytesSent: 18e12,
	}
	res.ErrorDetails[0].Count, res.ErrorDetails[0].LastS = 1_000_000, 864_000
	results.Before(&res, "warm-up", "0 to 12345.5 calls/s", 30, 6_000, 0)
	res.Phases[1].Totals, res.Phases[1].Load, res.Phases[1].DurationS = res.Totals, "12345.5 calls/s", 864_000
	res.Generator.SlotWaits, res.Steps.Connect.Count = 863_000_000, 863_000_000
	rep := report.New(res, "1.2.3", nil)
	for width := 60; width <= 200; width += 7 {
		checkFits(t, written(t, rep, Options{Width: width}), max(width, minWidth))
	}
}

func TestWriteTablePassesErrorsOn(t *testing.T) {
	reporttest.PassesErrorsOn(t, func(w io.Writer) error { return WriteReport(w, reporttest.Full(), Options{}) })
}

// The tables cut no row of what was asked for, however long it is.
func TestTablesCutNoSetting(t *testing.T) {
	rep := reporttest.Full()
	rep.Scenario.Mischief = "truncated=1,wrong-key=0.5,stalled=0.1,oversize=0.5,no-audio=0.5,bad-date=0.5,last-one=0.1"
	rep.Scenario.AbortOn = []string{"error_rate>0.5 for 10s", "success_rate<0.2 for 5s", "p95>4s for 1m", "mean>3s"}
	got := reporttest.Text(t, func(w io.Writer) error { return WriteReport(w, rep, Options{Names: reporttest.Flags}) })
	text := strings.Join(strings.Fields(got), " ")
	for _, want := range []string{"last-one=0.1 %", "or mean>3s"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	checkFits(t, got, defaultWidth)
}

// The tables of a search say as much of the server and the generator as its summary.
func TestTablesOfASearchHaveItsServer(t *testing.T) {
	rep := reporttest.Searched()
	opts := Options{Names: reporttest.Flags}
	full := reporttest.Text(t, func(w io.Writer) error { return WriteCapacity(w, rep, opts) })
	summary := reporttest.Text(t, func(w io.Writer) error { return WriteCapacitySummary(w, rep, opts) })
	for line := range strings.Lines(summary) {
		if label := strings.TrimSpace(line); (strings.HasPrefix(label, "Server ") ||
			strings.HasPrefix(label, "Generator ")) && !strings.Contains(full, label) {
			t.Errorf("no %q in:\n%s", label, full)
		}
	}
	if !strings.Contains(full, "  Server ") || !strings.Contains(full, "  Generator ") {
		t.Errorf("no server or generator in:\n%s", full)
	}
}
