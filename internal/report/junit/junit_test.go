package junit_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/junit"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

func resultsOf(t *testing.T, rep report.Report) string {
	t.Helper()
	text := reporttest.Text(t, func(w io.Writer) error { return junit.WriteReport(w, rep) })
	checkSchema(t, text)
	return text
}

func searchResults(t *testing.T, rep report.Capacity) string {
	t.Helper()
	text := reporttest.Text(t, func(w io.Writer) error { return junit.WriteCapacity(w, rep) })
	checkSchema(t, text)
	return text
}

// runs are reports of runs of every kind.
func runs() map[string]report.Report {
	list := map[string]report.Report{"full": reporttest.Full(), "own": reporttest.Own()}
	for name, res := range map[string]measure.Result{
		"pass": results.Passing(), "monitor": results.Monitored(), "fail": results.Failing(),
		"no-sample": results.NoSampleResult(), "unsent": results.Unsent(), "inconclusive": results.Limited(),
		"interrupted": results.Interrupted(), "loss": results.Lossy(), "behind": results.Behind(),
		"pending": results.Pending(), "crashed": results.Crashed(), "unreadable": results.Unreadable(),
		"unlooked": results.Unlooked(), "explained": results.Explained(), "stale": results.Stale(),
		"phases": results.Phased(), "guide": results.Guided(), "replay": results.Recorded(),
		"duplicates": results.Doubled(), "aborted": results.Staged(), "soak": results.Soak(),
		"mischief": results.Mischievous(), "harmless": results.Harmless(), "repeated": results.Repeated(),
		"nothing": results.NoDistribution(), "transcribed": results.Transcribed(),
		"untranscribed": results.Untranscribed(),
	} {
		list[name] = report.New(res, "1.2.3", reporttest.Flags)
	}
	required := results.Passing()
	required.Scenario.MustVerify = true
	list["required"] = report.New(required, "1.2.3", reporttest.Flags)
	silent := results.Passing()
	silent.Scenario.Transcripts = "require"
	list["without-transcripts"] = report.New(silent, "1.2.3", reporttest.Flags)
	return list
}

func TestResults(t *testing.T) {
	all := runs()
	t.Run("golden", func(t *testing.T) { checkGolden(t, all) })
	t.Run("exit codes", func(t *testing.T) { checkExitCodes(t, all) })
	t.Run("cases", func(t *testing.T) { checkCases(t, all) })
}

func checkGolden(t *testing.T, all map[string]report.Report) {
	texts := map[string]string{
		"capacity":      searchResults(t, reporttest.Searched()),
		"capacity-none": searchResults(t, unheld()),
	}
	for _, name := range []string{
		"pass", "fail", "loss", "crashed", "mischief", "no-sample", "soak", "untranscribed", "own",
	} {
		texts[name] = resultsOf(t, all[name])
	}
	for name, text := range texts {
		reporttest.Golden(t, filepath.Join("testdata", name+".golden"), *update, text)
	}
}

// unheld is a search whose server held no rate.
func unheld() report.Capacity {
	rep := reporttest.Unfound()["capacity-none"]
	slow := reporttest.Searched().Steps[2]
	slow.RatePerS, slow.Broke, slow.AllBroke = 0.05, judge.P95Response, []string{judge.P95Response}
	p95 := 7.5
	slow.P95S, slow.BrokeWords = &p95, "95th percentile 7.5 s, must be under 3 s"
	rep.Steps = []report.CapacityStep{slow}
	return rep
}

// read is a file of results as tools read it.
type read struct {
	Suites []struct {
		Name       string `xml:"name,attr"`
		Properties []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"properties>property"`
		Cases []struct {
			Name    string    `xml:"name,attr"`
			Class   string    `xml:"classname,attr"`
			Time    float64   `xml:"time,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func parse(t *testing.T, text string) (all read, bad int) {
	t.Helper()
	if err := xml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all.Suites {
		for _, c := range s.Cases {
			if c.Failure != nil || c.Error != nil {
				bad++
			}
		}
	}
	return all, bad
}

// checkExitCodes checks that a gate by the file and one by the exit code agree, whatever the run was.
func checkExitCodes(t *testing.T, all map[string]report.Report) {
	for name, rep := range all {
		if _, bad := parse(t, resultsOf(t, rep)); (bad > 0) != (rep.Verdict.ExitCode != 0) {
			t.Errorf("%s: %d failures, but the exit code is %d", name, bad, rep.Verdict.ExitCode)
		}
	}
	searches := reporttest.Unfound()
	searches["found"], searches["unheld"] = reporttest.Searched(), unheld()
	for name, rep := range searches {
		if _, bad := parse(t, searchResults(t, rep)); (bad > 0) != (rep.Result.ExitCode != 0) {
			t.Errorf("%s: %d failures, but the exit code is %d", name, bad, rep.Result.ExitCode)
		}
	}
}

// checkCases checks that there is a case for each threshold, alert and finding, and that no two of a class have one
// name.
func checkCases(t *testing.T, reports map[string]report.Report) {
	for name, rep := range reports {
		all, _ := parse(t, resultsOf(t, rep))
		count, seen := map[string]int{}, map[string]bool{}
		for _, s := range all.Suites {
			if len(s.Properties) == 0 || !strings.Contains(s.Name, rep.Run.ID) {
				t.Errorf("%s: suite %q has %d properties", name, s.Name, len(s.Properties))
			}
			for _, c := range s.Cases {
				count[c.Class]++
				if seen[c.Class+" "+c.Name] {
					t.Errorf("%s: %s %q is there twice", name, c.Class, c.Name)
				}
				seen[c.Class+" "+c.Name] = true
			}
		}
		mischief := 0
		if rep.Mischief != nil {
			mischief = len(rep.Mischief.Findings)
		}
		for class, want := range map[string]int{
			"rdiostress.run": 1, "rdiostress.run.thresholds": len(rep.Thresholds),
			"rdiostress.run.findings": len(rep.Diagnosis), "rdiostress.run.findings.mischief": mischief,
		} {
			if count[class] != want {
				t.Errorf("%s: %d cases of %s, want %d", name, count[class], class, want)
			}
		}
		if n := count["rdiostress.run.alerts"]; n < len(rep.Alerts) || n < len(judge.Guide().Alerts) {
			t.Errorf("%s: %d cases for %d alerts and %d rules", name, n, len(rep.Alerts), len(judge.Guide().Alerts))
		}
		if count["rdiostress.run.delivery"] == 0 {
			t.Errorf("%s: no account of delivery", name)
		}
		if got := all.Suites[0].Cases[0].Time; fmt.Sprintf("%.3f", got) != fmt.Sprintf("%.3f", rep.Run.DurationS) {
			t.Errorf("%s: the run took %v s, want %v", name, got, rep.Run.DurationS)
		}
	}
}

// An alert or a finding of a run that passes breaks no gate, and is seen.
func TestWarningsOfAPass(t *testing.T) {
	rep := report.New(results.Passing(), "1.2.3", nil)
	rep.Alerts = []measure.Alert{
		{Severity: "high", KPI: "error_rate", Unit: "ratio", Value: 0.14, Limit: 0.05, FromS: 10, ToS: 21.5},
		{Severity: "high", KPI: "error_rate", Unit: "ratio", Value: 0.2, Limit: 0.05, FromS: 50, ToS: 60},
	}
	rep.Diagnosis = []report.Finding{{ID: "memory-leak", Title: "Memory grows", Certainty: diagnose.Likely, Fix: "f"}}
	text := resultsOf(t, rep)
	for _, want := range []string{
		`name="error_rate high" classname="rdiostress.run.alerts" time="0.000"`,
		`name="error_rate high 2" classname="rdiostress.run.alerts" time="0.000"`,
		`<property name="error_rate high 2.to_s" value="60">`, `(50–60 s)`,
		`<skipped type="rdiostress.run.findings" message="Memory grows (likely)">`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if _, bad := parse(t, text); bad > 0 {
		t.Errorf("%d failures", bad)
	}
}

// No foreign text changes the structure, and no reader refuses the file.
func TestHostile(t *testing.T) {
	const evil = "</failure><testcase name=\"x\"/>]]>&#27;\x1b[31m\u202Egnp\x00\r\n::error::y ##[error]z|`1e309`\uFFFE"
	rep := reporttest.Full()
	rep.Tool.Name, rep.Run.ID, rep.Target.URL, rep.Target.Server, rep.Scenario.Client = evil, evil, evil, evil, evil
	rep.Run.DurationS = 1e300
	rep.Verdict.Text, rep.Verdict.Reasons, rep.Verdict.Warnings = evil, []string{evil}, []string{evil}
	rep.Thresholds = append(rep.Thresholds, judge.Threshold{Name: evil, Op: evil, Absent: evil, Limit: 1e300})
	rep.Alerts = []measure.Alert{{Severity: evil, KPI: evil, Unit: evil, Value: 1e300, Limit: -1e300, ToS: 1e300}}
	rep.Diagnosis = []report.Finding{{ID: evil, Title: evil, Evidence: []string{evil}, Fix: evil, Certainty: evil}}
	rep.Delivery.Source, rep.Delivery.Examples, rep.Delivery.Absent = evil, []string{evil}, evil
	want, _ := parse(t, resultsOf(t, reporttest.Full()))
	text := resultsOf(t, rep)
	got, _ := parse(t, text)
	if len(got.Suites) != len(want.Suites) || len(got.Suites[1].Cases) != len(want.Suites[1].Cases)+1 {
		t.Errorf("another structure:\n%s", text)
	}
	for _, bad := range []string{"\x1b", "&#27;[", "\u202E", "\x00", "\n::", "##[", "\uFFFE", "\r"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q got through", bad)
		}
	}
}

func TestOlderVersions(t *testing.T) {
	reporttest.EachVersion(t, func(_ string, doc report.Document) {
		if doc.Search != nil {
			searchResults(t, *doc.Search)
		} else {
			resultsOf(t, *doc.Run)
		}
	})
}

func TestPassesErrorsOn(t *testing.T) {
	reporttest.PassesErrorsOn(t, func(w io.Writer) error { return junit.WriteReport(w, reporttest.Full()) })
}

// element is what the schema of Jenkins' xUnit plugin, junit-10, allows of an element that is used here.
type element struct {
	required, optional, children []string
}

func schema() map[string]element {
	problem := element{optional: []string{"type", "message"}}
	return map[string]element{
		"testsuites": {
			optional: []string{"name", "time", "tests", "failures", "errors"}, children: []string{"testsuite"},
		},
		"testsuite": {
			required: []string{"name", "tests", "failures", "errors"},
			optional: []string{
				"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url",
			},
			children: []string{"testsuite", "properties", "testcase", "system-out", "system-err"},
		},
		"properties": {children: []string{"property"}},
		"property":   {required: []string{"name", "value"}},
		"testcase": {
			required: []string{"name"}, optional: []string{"time", "classname", "group"},
			children: []string{"skipped", "error", "failure", "system-out", "system-err"},
		},
		"skipped": problem, "error": problem, "failure": problem,
		"system-out": {}, "system-err": {},
	}
}

// checkSchema checks a file by the schema, and that its counts and times are those of its cases.
func checkSchema(t *testing.T, text string) {
	t.Helper()
	allowed := schema()
	var open []string
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			parent := element{children: []string{"testsuites"}}
			if len(open) > 0 {
				parent = allowed[open[len(open)-1]]
			}
			if !slices.Contains(parent.children, name) {
				t.Errorf("<%s> within %v", name, open)
			}
			checkAttributes(t, name, allowed[name], token.Attr)
			open = append(open, name)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && len(allowed[open[len(open)-1]].children) > 0 &&
				strings.TrimSpace(string(token)) != "" {
				t.Errorf("text %q in %v", token, open)
			}
		}
		if len(open) == 0 {
			break
		}
	}
	checkCounts(t, text)
}

func checkAttributes(t *testing.T, name string, e element, list []xml.Attr) {
	t.Helper()
	have := map[string]string{}
	for _, a := range list {
		have[a.Name.Local] = a.Value
		if !slices.Contains(e.required, a.Name.Local) && !slices.Contains(e.optional, a.Name.Local) {
			t.Errorf("<%s> has no attribute %s", name, a.Name.Local)
		}
	}
	for _, required := range e.required {
		if _, ok := have[required]; !ok {
			t.Errorf("<%s> lacks %s", name, required)
		}
	}
	if took, ok := have["time"]; ok {
		if _, err := strconv.ParseFloat(took, 64); err != nil || strings.Trim(took, "0123456789.") != "" {
			t.Errorf("<%s> has the time %q", name, took)
		}
	}
}

// checkCounts checks that what suites say of their cases is true.
func checkCounts(t *testing.T, text string) {
	t.Helper()
	var all struct {
		counts
		Suites []struct {
			counts
			Cases []struct {
				Time    float64   `xml:"time,attr"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	var sum counts
	for _, s := range all.Suites {
		var own counts
		for _, c := range s.Cases {
			own.Tests++
			own.Time += c.Time
			if c.Failure != nil {
				own.Failures++
			}
			if c.Error != nil {
				own.Errors++
			}
		}
		own.check(t, s.counts)
		sum = counts{
			sum.Tests + own.Tests, sum.Failures + own.Failures, sum.Errors + own.Errors, sum.Time + own.Time,
		}
	}
	sum.check(t, all.counts)
}

type counts struct {
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Errors   int     `xml:"errors,attr"`
	Time     float64 `xml:"time,attr"`
}

func (c counts) check(t *testing.T, says counts) {
	t.Helper()
	if d := c.Time - says.Time; c.Tests != says.Tests || c.Failures != says.Failures || c.Errors != says.Errors ||
		d > 0.01 || d < -0.01 {
		t.Errorf("the file says %+v, and it is %+v", says, c)
	}
}
