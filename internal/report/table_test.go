package report

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"rdiostress/internal/measure"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWriteTableGolden(t *testing.T) {
	for _, tc := range []struct {
		name string
		res  measure.Result
		opts TableOptions
	}{
		{"pass", passing(), TableOptions{}},
		{"monitor", monitored(), TableOptions{}},
		{"fail", failing(), TableOptions{}},
		{"fail-wide", failing(), TableOptions{Width: 120}},
		{"fail-color", failing(), TableOptions{Color: true}},
		{"no-sample", noSampleResult(), TableOptions{}},
		{"open-unsent", unsent(), TableOptions{}},
		{"inconclusive", limited(), TableOptions{}},
		{"interrupted", interrupted(), TableOptions{}},
		{"loss", lossy(), TableOptions{}},
		{"behind", behind(), TableOptions{}},
		{"pending", pending(), TableOptions{}},
		{"crashed", crashed(), TableOptions{}},
		{"unreadable", unreadable(), TableOptions{}},
		{"unlooked", unlooked(), TableOptions{}},
		{"explained", explained(), TableOptions{}},
		{"stale", stale(), TableOptions{}},
		{"phases", phased(), TableOptions{}},
		{"phases-wide", phased(), TableOptions{Width: 120}},
		{"guide", guided(), TableOptions{}},
		{"replay", recorded(), TableOptions{}},
		{"duplicates", doubled(), TableOptions{}},
		{"aborted", staged(), TableOptions{}},
		{"aborted-early", thinking(), TableOptions{}},
		{"soak", soak(), TableOptions{}},
		{"mischief", mischievous(), TableOptions{}},
		{"mischief-harmless", harmless(), TableOptions{}},
		{"repeated", repeated(), TableOptions{}},
		{"primed", primed(), TableOptions{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got strings.Builder
			if err := WriteTable(&got, New(tc.res, "1.2.3"), tc.opts); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", tc.name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
			}
			checkFits(t, got.String(), max(tc.opts.Width, defaultWidth))
		})
	}
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
	rep := full()
	rep.Tool.Version, rep.Run.ID, rep.Target.URL = "1\x1b[2J", "2\r\n", evil
	rep.Scenario.Client, rep.Scenario.Systems, rep.Scenario.Talkgroups, rep.Scenario.Model = evil, evil, evil, evil
	rep.ErrorDetails[0].Class, rep.ErrorDetails[1].Sample = evil, evil
	rep.Phases[0].Name, rep.Phases[0].Load, rep.Phases[1].Load = evil, evil, evil
	rep.Scenario.Stages, rep.Scenario.Arrival, rep.Scenario.AbortOn, rep.Scenario.HTTP = evil, evil, []string{evil}, evil
	rep.Scenario.AudioSize, rep.Scenario.AudioDir, rep.Run.Aborted = evil, evil, evil
	rep.Verdict.Text = "evil\x1b[2J"
	rep.Verdict.Reasons, rep.Verdict.Warnings = []string{evil}, []string{strings.Repeat("x", 500)}
	rep.Delivery = measure.Delivery{Method: "none", Absent: evil}
	rep.Latency = measure.Distribution{Absent: evil}
	for _, color := range []bool{false, true} {
		var got strings.Builder
		if err := WriteTable(&got, rep, TableOptions{Color: color}); err != nil {
			t.Fatal(err)
		}
		checkFits(t, got.String(), defaultWidth)
		for _, bad := range []string{"\x1b]", "\x1b[2J", "\r", "\t", "\u202e"} {
			if strings.Contains(got.String(), bad) {
				t.Errorf("%q got through:\n%s", bad, got.String())
			}
		}
	}
}

func TestWriteTableManyKinds(t *testing.T) {
	res := result(100, 13, 1e6, 2e6)
	res.ErrorDetails = nil
	res.Errors.HTTP = map[string]uint64{}
	for i := range 13 {
		res.Errors.HTTP[count(uint64(500+i))] = 1
		detail := measure.ErrorDetail{Class: "http_status", Parent: "http", Status: 500 + i, Count: 1}
		res.ErrorDetails = append(res.ErrorDetails, detail)
	}
	var got strings.Builder
	if err := WriteTable(&got, New(res, "1.2.3"), TableOptions{}); err != nil {
		t.Fatal(err)
	}
	text := got.String()
	if !strings.Contains(text, "And 3 more kinds of errors in 3 uploads.") || strings.Contains(text, "HTTP 510") {
		t.Errorf("got:\n%s", text)
	}
}

// TestWriteTableWidths makes sure that the table fits whatever width it is given, from the least that it is laid out for, even
// with the figures of a run over days.
func TestWriteTableWidths(t *testing.T) {
	res := unsent()
	res.Totals = measure.Totals{
		Attempted: 864_000_000, Accepted: 863_000_000, Failed: 1_000_000, Unsent: 28_800_000, UploadsPerS: 1_000, BytesSent: 18e12,
	}
	res.ErrorDetails[0].Count, res.ErrorDetails[0].LastS = 1_000_000, 864_000
	before(&res, "warm-up", "0 to 12345.5 calls/s", 30, 6_000, 0)
	res.Phases[1].Totals, res.Phases[1].Load, res.Phases[1].DurationS = res.Totals, "12345.5 calls/s", 864_000
	res.Generator.SlotWaits, res.Steps.Connect.Count = 863_000_000, 863_000_000
	rep := New(res, "1.2.3")
	for width := 60; width <= 200; width += 7 {
		var got strings.Builder
		if err := WriteTable(&got, rep, TableOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		checkFits(t, got.String(), max(width, leastWidth))
	}
}
