package text

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/glyph"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// watched adds to a run what is seen of a server on the same machine: second by second, how many calls it accepted and
// stored, how fast, and what it used.
func watched(res measure.Result) measure.Result {
	res.Delivery = results.DeliveryOf(res.Totals.Accepted, 0, 0, 0, 0)
	none, most := uint64(0), uint64(40)
	d := &res.Delivery
	d.Duplicated, d.RejectedStored, d.UnansweredStored, d.BacklogMax, d.BacklogEnd = &none, &none, &none, &most, &none
	d.DrainS = nil
	res.Watch = results.Soak().Watch
	res.Watch.Events = nil
	res.Series = nil
	for i := range 120 {
		p95, backlog := 0.1+0.08*math.Sin(float64(i)/9), uint64(20+20*math.Sin(float64(i)/9))
		p := measure.Point{
			TS: float64(i), WidthS: 1, Attempted: 103, Accepted: 103, P95S: &p95, Backlog: &backlog,
			Server: results.ServerAt(i, float64(i)),
		}
		res.Series = append(res.Series, p)
	}
	res.Series = append(res.Series, measure.Point{TS: 120, WidthS: 0.1, Attempted: 1, Accepted: 1})
	return res
}

const seeMore = "--full shows every table"

func summaryOf(t *testing.T, rep report.Report, opts Options) string {
	t.Helper()
	opts.Names, opts.More = reporttest.Flags, seeMore
	return reporttest.Text(t, func(w io.Writer) error { return WriteSummary(w, rep, opts) })
}

func TestSummaryGolden(t *testing.T) {
	all := append(
		cases(),
		example{"watched", watched(results.Passing()), Options{}},
		example{"watched-wide", watched(results.Passing()), Options{Width: 120}},
		example{"watched-color", watched(results.Passing()), Options{Color: true}},
		example{"watched-wide-color", watched(results.Passing()), Options{Width: 120, Color: true}},
		example{"watched-ascii", watched(results.Passing()), Options{ASCII: true}},
		example{"watched-wide-ascii", watched(results.Passing()), Options{Width: 120, ASCII: true}},
		example{"watched-narrow", watched(results.Passing()), Options{Width: 48}},
		example{"fail-wide-color", results.Failing(), Options{Width: 120, Color: true}},
		example{"fail-ascii-color", results.Failing(), Options{ASCII: true, Color: true}},
	)
	for _, tc := range all {
		t.Run(tc.name, func(t *testing.T) {
			got := summaryOf(t, report.New(tc.res, "1.2.3", reporttest.Flags), tc.opts)
			reporttest.Golden(t, filepath.Join("testdata", "summary", tc.name+".golden"), *update, got)
			width := tc.opts.Width
			if width == 0 {
				width = defaultWidth
			}
			checkFits(t, got, width)
			if n := strings.Count(got, "\n"); width >= defaultWidth && n > screen {
				t.Errorf("%d lines, over %d:\n%s", n, screen, got)
			}
			if tc.opts.ASCII && glyph.ASCII(got) != got {
				t.Errorf("not in ASCII:\n%s", got)
			}
		})
	}
}

// The summary of a run that passes fits on a screen, with everything that is known of it.
func TestSummaryFitsOneScreen(t *testing.T) {
	full := reporttest.Full()
	rep := report.New(watched(results.Passing()), "1.2.3", reporttest.Flags)
	rep.Scenario, rep.Phases, rep.Steps = full.Scenario, full.Phases, full.Steps
	rep.Generator = results.Passing().Generator
	got := summaryOf(t, rep, Options{Width: 80})
	if n := strings.Count(got, "\n"); n > screen {
		t.Errorf("%d lines, over %d:\n%s", n, screen, got)
	}
	checkFits(t, got, 80)
	for _, want := range []string{
		"PASS  API handling load well", "exit code 0", "12,345 of 12,345 accepted (100.00 %)",
		"12,345 of 12,345 acknowledged calls stored", "met: success rate over 95 %, mean under 1 s, p95 under 3 s",
		"due → reply   43.7 ms", "accepted/s    ██", "p95           ", "backlog       ",
		"No problem of the server shows",
		"rdio-scanner (4711)", "Generator     not the limit", seeMore,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}

// unbroken is a text without colors, borders, and the breaks of its lines.
func unbroken(text string) string {
	text = strings.ReplaceAll(twwidth.Filter().ReplaceAllString(text, ""), "│", " ")
	return strings.Join(strings.Fields(text), " ")
}

// Whatever decides a verdict, or how far its figures can be trusted, is in the summary.
func TestSummaryShowsWhatDecides(t *testing.T) {
	for _, tc := range cases() {
		rep := report.New(tc.res, "1.2.3", reporttest.Flags)
		got := unbroken(summaryOf(t, rep, Options{Color: tc.opts.Color}))
		v := rep.Verdict
		for _, want := range slices.Concat([]string{v.Text}, v.Reasons, v.Warnings) {
			if want = unbroken(want); !strings.Contains(got, want) {
				t.Errorf("%s: no %q in:\n%s", tc.name, want, got)
			}
		}
		missed := false
		for _, threshold := range rep.Thresholds {
			missed = missed || !threshold.OK
		}
		if strings.Contains(got, "Thresholds missed: ") != missed {
			t.Errorf("%s: thresholds missed %v in:\n%s", tc.name, missed, got)
		}
		for i, f := range rep.Diagnosis {
			if !strings.Contains(got, f.Title) || i == 0 && !strings.Contains(got, "To do (phase") {
				t.Errorf("%s: no %q in:\n%s", tc.name, f.Title, got)
			}
		}
		if strings.Contains(got, "at its limit") != rep.Generator.Limited {
			t.Errorf("%s: the generator was the limit: %v in:\n%s", tc.name, rep.Generator.Limited, got)
		}
		if strings.Contains(got, " Alerts ") != (len(rep.Alerts) > 0) {
			t.Errorf("%s: %d alerts in:\n%s", tc.name, len(rep.Alerts), got)
		}
	}
}

// However much there is to say, a summary says it on a screen: every reason that there is room for, and how much of
// everything it leaves out.
func TestSummaryCountsWhatItLeavesOut(t *testing.T) {
	rep := reporttest.Full()
	rep.Verdict.Reasons, rep.Verdict.Warnings, rep.Watch.Events = nil, nil, nil
	for i := range 7 {
		long := strings.Repeat(" in so many words", 3+i%2)
		rep.Verdict.Reasons = append(rep.Verdict.Reasons, fmt.Sprintf("reason %d%s", i, long))
		rep.Verdict.Warnings = append(rep.Verdict.Warnings, fmt.Sprintf("warning %d%s", i, long))
		rep.Watch.Events = append(rep.Watch.Events, measure.WatchEvent{
			AtS: float64(i), Kind: measure.EventProcessEnded, PID: int32(100 + i),
		})
		rep.Diagnosis = append(rep.Diagnosis, diagnose.Finding{
			ID: fmt.Sprint("finding-", i), Title: fmt.Sprint("Finding number ", i), GuidePhase: 3,
			Certainty: diagnose.Certain, Evidence: []string{"seen"},
			Fix: "Do this. " + strings.Repeat("And that. ", 40),
		})
	}
	opts := Options{Width: 80, Full: "--all"}
	got := summaryOf(t, rep, opts)
	text := unbroken(got)
	if n := strings.Count(got, "\n"); n > screen+4 { // reasons come first
		t.Errorf("%d lines:\n%s", n, got)
	}
	for _, want := range []string{
		"• reason 0", "• reason 3", "• 3 more reasons with --all", "! warning 0", "! 6 more notes with --all",
		fmt.Sprintf("%d more findings with --all", len(rep.Diagnosis)-1), "ended; 6 more",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	for _, bad := range []string{"reason 4", "warning 1", "And that"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q in:\n%s", bad, got)
		}
	}
}

// The generator's limit is told by the verdict, and not again by its finding's evidence nor its row.
func TestSummarySaysACauseOnce(t *testing.T) {
	for name, res := range map[string]measure.Result{
		"both processors were busy":    results.Limited(),
		"short of processor time":      results.Short(results.Passing()),
		"generator itself was stopped": results.Halted(results.Passing(), 400),
		"stopped early after 2 min":    results.Staged(),
	} {
		rep := report.New(res, "1.2.3", reporttest.Flags)
		if got := unbroken(summaryOf(t, rep, Options{})); strings.Count(got, name) != 1 {
			t.Errorf("%q stands %d times in:\n%s", name, strings.Count(got, name), got)
		}
	}
}

// evilReport is a report whose every text tries to break out, and whose figures are larger than any run's.
func evilReport(evil string) report.Report {
	rep := reporttest.Full()
	rep.Tool.Version, rep.Run.ID, rep.Target.URL, rep.Run.Aborted = evil, evil, evil, evil
	rep.Scenario.Client, rep.Scenario.Stages, rep.Scenario.Arrival, rep.Scenario.Model = evil, evil, evil, evil
	rep.Verdict.Text, rep.Verdict.Reasons = evil, []string{evil, evil}
	rep.Verdict.Warnings = []string{strings.Repeat("x", 500), evil}
	for i := range rep.ErrorDetails {
		rep.ErrorDetails[i].Class, rep.ErrorDetails[i].Sample = evil, evil
	}
	for i := range rep.Thresholds {
		rep.Thresholds[i].Name, rep.Thresholds[i].Absent, rep.Thresholds[i].OK = evil, evil, i%2 == 0
	}
	for i := range rep.Alerts {
		rep.Alerts[i].Severity, rep.Alerts[i].KPI, rep.Alerts[i].Unit = evil, evil, evil
		rep.Alerts[i].Value = math.MaxFloat64
	}
	for i := range rep.Phases {
		rep.Phases[i].Name, rep.Phases[i].Load = evil, evil
	}
	for i := range rep.Diagnosis {
		f := &rep.Diagnosis[i]
		f.Title, f.Evidence, f.Fix = evil, []string{evil}, evil
	}
	for i := range rep.ClientBehavior {
		rep.ClientBehavior[i].Client = evil
	}
	for i := range rep.Mischief.Findings {
		rep.Mischief.Findings[i].Kind, rep.Mischief.Findings[i].Title = evil, evil
	}
	rep.Watch.Process, rep.Memory.Reason, rep.Delivery.Method = evil, evil, evil
	rep.Priming.Refused, rep.Priming.Unseen, rep.Generator.Reasons = evil, evil, []string{evil}
	rep.Totals.Attempted, rep.Totals.Accepted, rep.Totals.Failed = math.MaxUint64, math.MaxUint64, math.MaxUint64
	most := uint64(math.MaxUint64)
	rep.Delivery.Acknowledged, rep.Delivery.Stored, rep.Delivery.BacklogMax = &most, &most, &most
	huge := math.MaxFloat64
	rep.Delivery.StoredPerS, rep.Summary.AcceptedPerS, rep.Summary.SentBytesPerS = &huge, &huge, &huge
	if f := rep.Latency.Figures; f != nil {
		figures := *f
		figures.MeanS, figures.MaxS, figures.P95S = huge, huge, huge
		rep.Latency.Figures = &figures
	}
	for i := range 40 {
		rep.Series = append(rep.Series, measure.Point{
			TS: float64(200 + i), WidthS: 1, Accepted: most, P95S: &huge, Backlog: &most,
		})
	}
	return rep
}

const evil = "\x1b]0;title\x07\x1b[2J\r\n\tevil 中文 \u202e\u200b<b>|`" +
	"wide wide wide wide wide wide wide wide wide wide wide wide wide"

// checkHarmless finds what would change the look of a terminal beyond the text, or is not as wide as it seems.
func checkHarmless(t *testing.T, got string, opts Options) {
	t.Helper()
	for _, bad := range []string{"\x1b]", "\x1b[2J", "\r", "\t", "\a", "\u202e", "\u200b"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q got through:\n%s", bad, got)
		}
	}
	if !opts.Color && strings.Contains(got, "\x1b") {
		t.Errorf("an escape sequence got through:\n%q", got)
	}
	if opts.ASCII && glyph.ASCII(got) != got {
		t.Errorf("not in ASCII:\n%s", got)
	}
	checkFits(t, got, opts.Width)
}

func TestSummaryHostile(t *testing.T) {
	rep := evilReport(evil)
	for _, width := range []int{40, 60, 80, 120} {
		for _, opts := range []Options{{}, {Color: true}, {ASCII: true}, {ASCII: true, Color: true}} {
			opts.Width = width
			checkHarmless(t, summaryOf(t, rep, opts), opts)
		}
	}
}

// No line of a summary is wider than its terminal, down to a narrow one.
func TestSummaryWidths(t *testing.T) {
	reports := []report.Report{
		reporttest.Full(), report.New(watched(results.Passing()), "1.2.3", reporttest.Flags),
	}
	for width := minSummaryWidth; width <= maxWidth+10; width += 7 {
		for _, rep := range reports {
			checkFits(t, summaryOf(t, rep, Options{Width: width}), width)
		}
	}
}

func TestSummaryPassesErrorsOn(t *testing.T) {
	reporttest.PassesErrorsOn(t, func(w io.Writer) error { return WriteSummary(w, reporttest.Full(), Options{}) })
	reporttest.PassesErrorsOn(t, func(w io.Writer) error {
		return WriteCapacitySummary(w, reporttest.Searched(), Options{})
	})
}
