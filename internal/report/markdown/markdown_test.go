package markdown_test

import (
	"bytes"
	"flag"
	"html"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/markdown"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

const scenario = "# rdiostress run --scenario FILE\nrate: 50\n"

func summaryOf(t *testing.T, rep report.Report) string {
	t.Helper()
	return written(t, rep, markdown.Options{Scenario: scenario})
}

func written(t *testing.T, rep report.Report, opts markdown.Options) string {
	t.Helper()
	return reporttest.Text(t, func(w io.Writer) error { return markdown.WriteReport(w, rep, opts) })
}

func searchSummary(t *testing.T, rep report.Capacity) string {
	t.Helper()
	return reporttest.Text(t, func(w io.Writer) error {
		return markdown.WriteCapacity(w, rep, markdown.Options{Scenario: scenario})
	})
}

// shown returns what a reader of GitHub's Markdown makes of a text. Markup gets through.
func shown(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	reader := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(renderer.WithUnsafe()))
	if err := reader.Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	texts := map[string]string{
		"full": summaryOf(t, reporttest.Full()), "own": summaryOf(t, reporttest.Own()),
		"capacity": searchSummary(t, reporttest.Searched()),
	}
	for name, rep := range reporttest.Unfound() {
		texts[name] = searchSummary(t, rep)
	}
	for name, res := range map[string]measure.Result{
		"pass": results.Passing(), "fail": results.Failing(), "loss": results.Lossy(), "soak": results.Soak(),
		"phases": results.Phased(), "no-sample": results.NoSampleResult(), "interrupted": results.Interrupted(),
		"inconclusive": results.Limited(), "explained": results.Explained(), "nothing": results.NoDistribution(),
		"mischief": results.Mischievous(), "mischief-harmless": results.Harmless(),
	} {
		texts[name] = summaryOf(t, report.New(res, "1.2.3", reporttest.Flags))
	}
	for name, text := range texts {
		reporttest.Golden(t, filepath.Join("testdata", name+".golden"), *update, text)
		checkShape(t, name, text)
	}
}

// checkShape checks that a reader sees each table as one, with as many cells in each row, and no line too many.
func checkShape(t *testing.T, name, text string) {
	t.Helper()
	page := shown(t, text)
	if n := strings.Count(page, "<table>"); n != strings.Count(text, "\n| --:")+strings.Count(text, "\n| :--") {
		t.Errorf("%s: a reader sees %d tables in\n%s", name, n, text)
	}
	for _, table := range regexp.MustCompile(`(?s)<table>.*?</table>`).FindAllString(page, -1) {
		columns := strings.Count(table, "<th")
		for row := range strings.SplitSeq(table, "<tr>") {
			if n := strings.Count(row, "<td"); n > 0 && n != columns-strings.Count(table, "<thead") {
				t.Errorf("%s: %d cells in a row of %d:\n%s", name, n, columns-1, row)
			}
		}
		if strings.Contains(table, "<p>") {
			t.Errorf("%s: a paragraph is part of a table:\n%s", name, table)
		}
	}
	if strings.Contains(text, "\n\n\n") || strings.HasPrefix(text, "\n") {
		t.Errorf("%s: empty lines:\n%q", name, text)
	}
}

// evil tries to be every kind of markup.
const evil = "</td><script>alert(1)</script><img src=x onerror=alert(2)> **b** _i_ ~~s~~ `c` ``` [l](http://evil) " +
	"![p](http://evil/p.png) http://evil.example www.evil.example a@evil.example @team #1 $x^2$ :tada: a|b " +
	"\\| c\\\\|d &lt;b&gt; \x1b[31m\u202Egnp\u2066\x00\r\n::error::e\n| x | y |\n---\n# h\n- l\n2026. l"

// hostile is a report whose every foreign text is that.
func hostile() report.Report {
	res := results.Failing()
	res.Run.ID, res.Target.URL, res.Target.Server = evil, "http://"+evil, evil
	res.Scenario.Client, res.Scenario.Stages, res.Run.Aborted = evil, evil, evil
	res.Mischief = results.Mischievous().Mischief
	for i := range res.Mischief.Findings {
		f := &res.Mischief.Findings[i]
		f.Kind, f.Title, f.Evidence = evil, evil, evil
	}
	for i := range res.ErrorDetails {
		res.ErrorDetails[i].Class, res.ErrorDetails[i].Sample = evil, strings.Repeat(evil, 50)
	}
	results.Before(&res, evil, evil, 10, 5, 0)
	res.Delivery = results.Explained().Delivery
	res.Delivery.Method, res.Delivery.Source, res.Delivery.Reasons[0].Reason = evil, evil, evil
	rep := report.New(res, evil, nil)
	rep.Alerts = []measure.Alert{{Severity: evil, KPI: evil, Unit: evil, Value: 1e300, Limit: -1e300, ToS: 1e300}}
	rep.Verdict.Text, rep.Verdict.Warnings = evil, []string{evil}
	rep.Verdict.Reasons = []string{evil, "- a", "+ b", "1. c", "2) d", "="}
	rep.Thresholds = append(rep.Thresholds, judge.Threshold{Name: evil, Op: evil, Absent: evil, Limit: 1e300})
	rep.Diagnosis = []report.Finding{{ID: evil, Title: evil, Evidence: []string{evil}, Fix: evil, Certainty: evil}}
	rep.Memory.Reason, rep.Memory.Stabilises = evil, evil
	return rep
}

// Nothing foreign becomes markup, a line, a cell, a link or a command of a CI job.
func TestHostile(t *testing.T) {
	search := reporttest.Searched()
	search.Run.ID, search.Target.URL, search.Target.Server, search.Warnings = evil, evil, evil, []string{evil}
	search.Result.BrokeWords, search.Result.Verified = evil, evil
	search.Objectives[0].Name, search.Steps[1].BrokeWords = evil, evil
	for name, text := range map[string]string{"run": summaryOf(t, hostile()), "search": searchSummary(t, search)} {
		checkShape(t, name, text)
		page := shown(t, text)
		for _, bad := range []string{
			"<script", "<img", "<a ", "<em>b", "<strong>b<", "<del>", "<h1", "<hr", "<ol", "<blockquote", "mailto:",
		} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: a reader makes %s of it:\n%s", name, bad, page)
			}
		}
		if n := strings.Count(page, "<code"); n != 1 {
			t.Errorf("%s: %d pieces of code, want that of the scenario", name, n)
		}
		for _, bad := range []string{"\x1b", "\u202E", "\u2066", "\x00", "\r", "\n::", "##[", "@evil", "@team", "$x"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: %q got through", name, bad)
			}
		}
		words := html.UnescapeString(page)
		for _, want := range []string{
			"</td><script>alert(1)</script>", "**b** _i_ ~~s~~ `c` ```", "[l](http://evil)", `a|b \| c\\|d`,
			"a@evil.example @team #1 $x^2$", "&lt;b&gt;",
		} {
			if !strings.Contains(words, want) {
				t.Errorf("%s: a reader does not see %s", name, want)
			}
		}
	}
}

// The beginning of a list's item is shown as it is, too.
func TestItemsBeginAsTheyAre(t *testing.T) {
	rep := report.New(results.Passing(), "1.2.3", nil)
	for _, start := range []string{
		"- a", "+ b", "* c", "1. d", "2026. e", "3) f", "=== g", "# h", "> i", "--- j", "```k", "|l|", "-5 m", "7.",
	} {
		rep.Verdict.Reasons = []string{start}
		page := html.UnescapeString(shown(t, summaryOf(t, rep)))
		if !strings.Contains(page, "<li>"+start+"</li>") {
			t.Errorf("%q is not shown as it is:\n%.800s", start, page)
		}
	}
}

// A summary that may be only so long ends after a whole part, and says so.
func TestCut(t *testing.T) {
	rep := report.New(results.Soak(), "1.2.3", nil)
	whole := summaryOf(t, rep)
	const cut = "*This summary is cut here, as it may not be longer.*\n"
	seen := map[string]bool{}
	for limit := 1; limit <= len(whole); limit += 37 {
		text := written(t, rep, markdown.Options{Scenario: scenario, MaxBytes: limit})
		if len(text) > limit {
			t.Fatalf("%d bytes, more than %d", len(text), limit)
		}
		seen[text] = true
		if text == "" || text == whole {
			continue
		}
		part, ok := strings.CutSuffix(text, cut)
		if !ok || !strings.HasPrefix(whole, part) {
			t.Fatalf("at %d bytes:\n%s", limit, text)
		}
		if rest := whole[len(part):]; !strings.HasPrefix(rest, "### ") && !strings.HasPrefix(rest, "<details>") {
			t.Errorf("at %d bytes it is cut before %.40q", limit, rest)
		}
		checkShape(t, "cut", text)
	}
	if len(seen) < 8 {
		t.Errorf("only %d lengths", len(seen))
	}
	if text := written(t, rep, markdown.Options{Scenario: scenario, MaxBytes: len(whole)}); text != whole {
		t.Error("what fits is cut")
	}
}

// The code of a scenario ends where the scenario does, whatever is in it.
func TestScenarioStaysCode(t *testing.T) {
	options := markdown.Options{Scenario: "url: '```'\n````\n</details>\x1b[2J\u202E\n"}
	text := written(t, reporttest.Full(), options)
	if strings.ContainsAny(text, "\x1b\u202E") {
		t.Error("what cannot be seen got through")
	}
	page := shown(t, text)
	if !strings.Contains(page, "url: '```'\n````\n&lt;/details&gt; [2J") || strings.Count(page, "</details>") != 1 {
		t.Errorf("got\n%s", page[strings.Index(page, "<details>"):])
	}
}

// No line of a scenario is a command to the runner of a CI job, which also reads a summary that goes to stdout.
func TestScenarioHasNoCommands(t *testing.T) {
	options := markdown.Options{Scenario: "url: http://[::1]:80\n::error::x\n  :::error::x\nname: |\n" +
		"    ::add-mask::y\n\t::z::\na: '##[error]y ###[group]'\n"}
	text := written(t, reporttest.Full(), options)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Errorf("a command: %q", line)
		}
	}
	if !strings.Contains(text, "\nurl: http://[::1]:80\n: :error::x\n") {
		t.Errorf("what is no command is changed:\n%s", text)
	}
}

func TestOlderVersions(t *testing.T) {
	reporttest.EachVersion(t, func(name string, doc report.Document) {
		if doc.Search != nil {
			checkShape(t, name, searchSummary(t, *doc.Search))
		} else {
			checkShape(t, name, summaryOf(t, *doc.Run))
		}
	})
}

func TestPassesErrorsOn(t *testing.T) {
	reporttest.PassesErrorsOn(t, func(w io.Writer) error {
		return markdown.WriteReport(w, reporttest.Full(), markdown.Options{})
	})
}
