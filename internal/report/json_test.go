package report_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

func TestReadReturnsWhatWasWritten(t *testing.T) {
	for name, rep := range map[string]report.Report{
		"full": reporttest.Full(), "pass": report.New(results.Passing(),
			"1.2.3", nil), "no sample": report.New(results.NoSampleResult(), "dev", nil),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := report.Read(bytes.NewReader(reporttest.JSON(t, rep)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(rep, got); diff != "" {
				t.Errorf("(-written +read):\n%s", diff)
			}
		})
	}
}

// TestResultIsKeptWhole makes sure that no field of a Result is forgotten on its way into a report and back.
func TestResultIsKeptWhole(t *testing.T) {
	rep := reporttest.Full()
	res := rep.Result
	for i, v := 0, reflect.ValueOf(res); i < v.NumField(); i++ {
		// A short run has no trend, and the finer series is not saved.
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "Trend" && name != "FineSeries" {
			t.Errorf("Result.%s is empty", name)
		}
	}
	again := report.New(res, "1.2.3", nil)
	again.Alerts, again.Diagnosis = rep.Alerts, rep.Diagnosis
	if diff := cmp.Diff(rep, again); diff != "" {
		t.Errorf("judged again (-first +again):\n%s", diff)
	}
	read, err := report.Read(bytes.NewReader(reporttest.JSON(t, report.New(results.Soak(), "1.2.3", nil))))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(results.Soak().Trend, read.Trend); diff != "" {
		t.Errorf("trend (-measured +read):\n%s", diff)
	}
}

func TestJSONHasNoNull(t *testing.T) {
	text := string(reporttest.JSON(t, report.New(measure.Result{}, "", nil)))
	if strings.Contains(text, "null") {
		t.Errorf("null in %s", text)
	}
}

// Reports that older versions wrote can be read, and are complete when they are written again.
func TestReadTakesOlderVersions(t *testing.T) {
	schema := compile(t)
	files, err := filepath.Glob("testdata/versions/[0-9].json")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rep, err := report.Read(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if rep.Totals.Accepted == 0 || len(rep.Series) == 0 || len(rep.Histograms) != 0 {
			t.Errorf("%s: %d accepted, %d points, %d histograms", name, rep.Totals.Accepted, len(rep.Series),
				len(rep.Histograms))
		}
		if err := schema.Validate(asJSON(t, rep)); err != nil {
			t.Errorf("%s, written again: %v", name, err)
		}
	}
}

// TestFieldOrder keeps the file's parts in the documented order, for people who read it.
func TestFieldOrder(t *testing.T) {
	text := string(reporttest.JSON(t, reporttest.Full()))
	last := 0
	for _, name := range strings.Fields("schema tool run target scenario totals latency service_time steps phases " +
		"guide " +
		"errors error_details thresholds verdict alerts kpis delivery diagnosis series generator") {
		at := strings.Index(text, "\n  \""+name+"\": ")
		if at < last {
			t.Errorf("%s at %d, after the one before at %d", name, at, last)
		}
		last = at
	}
}

func TestReadTakesUnknownFields(t *testing.T) {
	data := bytes.Replace(reporttest.JSON(t, reporttest.Full()), []byte(`"tool": {`),
		[]byte(`"new": [1], "tool": {"new": {},`), 1)
	if _, err := report.Read(bytes.NewReader(data)); err != nil {
		t.Error(err)
	}
}

// Uploads whose times are left out are in no histogram of an interval either.
func TestReadTakesLeftOut(t *testing.T) {
	res := results.Passing()
	res.Histograms = results.HistogramsOf(res.Series)
	rep := report.New(results.Halted(res, 7), "1.2.3", nil)
	if _, err := report.Read(bytes.NewReader(reporttest.JSON(t, rep))); err != nil {
		t.Error(err)
	}
}

func TestReadRefuses(t *testing.T) {
	res := results.Failing()
	res.Histograms = results.HistogramsOf(res.Series)
	text := string(reporttest.JSON(t, report.New(res, "1.2.3", nil)))
	swap := func(from, to string) string {
		if !strings.Contains(text, from) {
			t.Fatalf("no %s in the report", from)
		}
		return strings.Replace(text, from, to, 1)
	}
	phase := func(from, to string) string { // changes the only phase
		before, after, _ := strings.Cut(text, `"phases": [`)
		return before + `"phases": [` + strings.Replace(after, from, to, 1)
	}
	for _, tc := range []struct{ name, text, want string }{
		{"empty", " \n", "not a report: the file is empty"},
		{
			"no JSON", "{\n  \"schema\": x",
			"not a report: line 2, column 13: invalid character 'x' looking for beginning of value",
		},
		{"cut off", swap("}\n", "")[:500], "unexpected end of JSON input"},
		{"more behind", swap("\n}\n", "\n}\n{}"), "invalid character '{' after top-level value"},
		{"a list", "[]", "not a report: it holds a JSON array, not an object"},
		{"no schema", "{}", `not a report: there is no "schema" (want "rdiostress.report/v1")`},
		{
			"another version", `{"schema": "rdiostress.report/v2"}`,
			`a report of another version: its schema is "rdiostress.report/v2", ` +
				`this version reads "rdiostress.report/v1"`,
		},
		{
			"wrong type", swap(`"attempted": 11418`, `"attempted": "many"`),
			"totals.attempted is a JSON string, want a whole number of 0 or more",
		},
		{
			"negative count", swap(`"attempted": 11418`, `"attempted": -1`),
			"totals.attempted is a JSON number -1, want a whole number of 0 or more",
		},
		{
			"totals", swap(`"attempted": 11418`, `"attempted": 11419`),
			"damaged report: totals: 9800 accepted and 1618 failed do not add up to 11419 attempted",
		},
		{
			"impossible count", swap(`"unsent": 0`, `"unsent": 18446744073709551615`),
			"totals: a count of 18446744073709551615 is not possible",
		},
		{
			"errors", swap(`"timeout": 311`, `"timeout": 310`),
			"errors: the counts do not add up to the 1618 failed uploads",
		},
		{
			"errors over", swap(`"timeout": 311`, `"timeout": 400`),
			"errors: the counts do not add up to the 1618 failed uploads",
		},
		{
			"errors far over", swap(`"timeout": 311`, `"timeout": 18446744073709551615`),
			"errors: a count of 18446744073709551615, but only 1618 uploads failed",
		},
		{"no status", swap(`"503": 1204`, `"5x3": 1204`), `errors: http: "5x3" is no HTTP status`},
		{"details", swap(`"count": 311`, `"count": 1`), "error_details: the counts do not add up"},
		{
			"samples", swap(`"count": 9800`, `"count": 9801`),
			"latency: counts 9801 samples, but 9800 uploads were accepted",
		},
		{"histogram", swap(`"histogram": "`, `"histogram": "!`), "latency: histogram: illegal base64 data"},
		{"another histogram", swap(`"histogram": "HISTF`, `"histogram": "HISTA`), "latency: histogram: "},
		{
			"percentiles", swap(`"p50_s": `, `"p50_s": 1`),
			"latency: the percentiles, mean and maximum contradict each other",
		},
		{"mean", swap(`"mean_s": `, `"mean_s": -`), "latency: the percentiles, mean and maximum contradict each other"},
		{"clamped", swap(`"count": 9800,`, `"count": 9800, "clamped": 9801,`), "latency: 9801 of 9800 samples clamped"},
		{
			"series", swap(`"accepted": 4900`, `"accepted": 4901`),
			"series: point 0: 4901 accepted and 0 failed do not add up to 4900 attempted",
		},
		{
			"steps", strings.Replace(text, `"wait": {
      "count": 9800`, `"wait": {
      "count": 9801`, 1), "steps: wait: counts 9801 samples, but 9800 uploads were accepted",
		},
		{
			"step's histogram", strings.Replace(text, `"count": 50,`, `"count": 51,`, 1),
			"steps: connect: histogram: holds 50 samples, the count says 51",
		},
		{
			"phase", phase(`"failed": 1618`, `"failed": 1619`),
			"phases: 0: 9800 accepted and 1619 failed do not add up to 11418 attempted",
		},
		{
			"phase's samples", phase(`"count": 9800`, `"count": 1`),
			"phases: 0: latency: counts 1 samples, but 9800 uploads were accepted",
		},
		{
			"phases and totals", phase(`"scored": true`, `"scored": false`),
			"phases: the scored ones have 0 attempted and 0 accepted uploads, but the totals 11418 and 9800",
		},
		{
			"phases and series", strings.Replace(
				swap(`"attempted": 4900, "accepted": 4900`, `"attempted": 4901, "accepted": 4901`),
				`"histograms": [`, `"later": [`, 1),
			"series: has 11419 attempted and 9801 accepted uploads, but the phases 11418 and 9800",
		},
		{
			"slots", swap(`"slot_waits": 0`, `"slot_waits": 11419`),
			"generator: 11419 uploads waited for a slot, but only 11418 were attempted",
		},
		{
			"interval's count", swap(`"width_s": 60, "count": 4900`, `"width_s": 60, "count": 4901`),
			"histograms: interval 0: latency: histogram: holds 4900 samples, the count says 4901",
		},
		{
			"interval", text[:strings.Index(text, "    {\"t_s\": 60, \"width_s\": 60, \"count\"")-2] + "\n  ]" +
				text[strings.Index(text, ",\n  \"generator\""):],
			"histograms: have 4900 accepted uploads, but the series times of 9800",
		},
		{"grade", swap(`"grade": "fail"`, `"grade": "good"`), `verdict: "good" is no grade`},
		{"exit code", swap(`"exit_code": 1`, `"exit_code": 0`), "verdict: ok is false, but the exit code is 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := report.Read(strings.NewReader(tc.text))
			if err == nil {
				t.Fatal("taken")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%q, want %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
		})
	}
}

func TestReadRefusesFiguresWithoutSample(t *testing.T) {
	text := string(reporttest.JSON(t, report.New(results.NoSampleResult(), "1.2.3", nil)))
	text = strings.Replace(text, `"count": 0,`, `"count": 0, "mean_s": 1,`, 1)
	if _, err := report.Read(strings.NewReader(text)); err == nil ||
		!strings.Contains(err.Error(), "latency: figures without a sample") {
		t.Error(err)
	}
}

func TestReadRefusesBatches(t *testing.T) {
	text := string(reporttest.JSON(t, report.New(results.Guided(), "1.2.3", nil)))
	for _, tc := range []struct{ from, to, want string }{
		{`"breaking_point": 16`, `"breaking_point": 17`, "guide: the breaking point 17 is no batch"},
		{`"accepted": 12,`, `"accepted": 17,`, "guide: batch 3: 17 accepted of 16 attempted uploads"},
	} {
		spoiled := strings.Replace(text, tc.from, tc.to, 1)
		if _, err := report.Read(strings.NewReader(spoiled)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v, want %q", err, tc.want)
		}
	}
}

// TestReadTakesReportsWithoutPhases reads a report from before there were phases and steps.
func TestReadTakesReportsWithoutPhases(t *testing.T) {
	rep := report.New(results.Passing(), "1.2.3", nil)
	rep.Phases, rep.Steps, rep.Scenario.Connections = nil, measure.Steps{}, 0
	got, err := report.Read(bytes.NewReader(reporttest.JSON(t, rep)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Steps.Wait.Absent == "" || got.Verdict.ExitCode != exitcode.OK {
		t.Errorf("%+v, %+v", got.Steps.Wait, got.Verdict)
	}
}

// TestReadTakesWhatIsRecorded makes sure that the checks of Read hold for what a Recorder measures, unscored phases and
// all.
func TestReadTakesWhatIsRecorded(t *testing.T) {
	r := measure.NewRecorder()
	warm := r.AddPhase(measure.Phase{Name: "warm-up", Load: "50 uploaders"})
	scored := r.AddPhase(measure.Phase{Name: "sustained", Scored: true, Load: "50 uploaders"})
	const n = 3_000
	for i := range n {
		at, took := time.Duration(i)*time.Millisecond, time.Duration(1+i*i)*time.Microsecond
		o := measure.Outcome{
			Due: at, Sent: at + took/10, Done: at + took, Lag: measure.NoLag, Phase: scored,
			Bytes: 21_000,
		}
		o.Steps = measure.StepTimes{-1, -1, took / 100, took / 2, took / 200}
		if i < n/3 {
			o.Phase = warm
		}
		if i%10 == 0 {
			o.Class, o.Status = measure.Status, 503
		}
		r.Shard(i).Record(&o)
		if i%1_000 == 999 {
			r.Roll(at, 0, 0)
		}
	}
	res := results.NoDistribution()
	r.FillResult(&res, []measure.TimeSpan{{Length: time.Second}, {Start: time.Second, Length: 2 * time.Second}})
	rep, err := report.Read(bytes.NewReader(reporttest.JSON(t, report.New(res, "1.2.3", nil))))
	if err != nil {
		t.Fatal(err)
	}
	if got := rep.Totals.Attempted; got != n-n/3 {
		t.Errorf("%d uploads in the totals", got)
	}
}

func TestReadSaysWhere(t *testing.T) {
	text := "{\n  \"schema\": \"rdiostress.report/v1\",\n  \"run\": {\"id\": 7}\n}"
	_, err := report.Read(strings.NewReader(text))
	if err == nil || !strings.Contains(err.Error(), "line 3, column 17: run.id is a JSON number, want a string") {
		t.Error(err)
	}
}

func TestReadIsBounded(t *testing.T) {
	_, err := report.Read(endless{})
	if err == nil || err.Error() != "not a report: larger than 64 MiB" {
		t.Error(err)
	}
}

// endless is a reader of whatever is in the buffer, without end.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestReadAndWritePassErrorsOn(t *testing.T) {
	broken := errors.New("broken pipe")
	if _, err := report.Read(failingStream{broken}); !errors.Is(err, broken) {
		t.Errorf("Read: %v", err)
	}
	if err := report.WriteJSON(failingStream{broken}, reporttest.Full()); !errors.Is(err, broken) {
		t.Errorf("WriteJSON: %v", err)
	}
}

// failingStream is a stream that neither gives nor takes.
type failingStream struct{ err error }

func (f failingStream) Read([]byte) (int, error) { return 0, f.err }

func (f failingStream) Write([]byte) (int, error) { return 0, f.err }

// A report of an older version does not say in what its thresholds are measured.
func TestReadThresholdsWithoutUnits(t *testing.T) {
	text := reporttest.JSON(t, report.New(results.Passing(), "1.2.3", nil))
	unit := regexp.MustCompile(`("name": "(?:success_rate|p95_response_time_s)",\s+)"unit": "[a-z]+",\s+`)
	if n := len(unit.FindAll(text, -1)); n != 2 {
		t.Fatalf("%d thresholds with units", n)
	}
	rep, err := report.Read(bytes.NewReader(unit.ReplaceAll(text, []byte("$1"))))
	if err != nil {
		t.Fatal(err)
	}
	for _, threshold := range rep.Thresholds {
		if want := judge.UnitOf(threshold.Name); threshold.Unit != want || want == "" {
			t.Errorf("%s is in %q, want %q", threshold.Name, threshold.Unit, want)
		}
	}
}
