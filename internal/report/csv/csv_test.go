package csv_test

import (
	"bytes"
	encoding "encoding/csv"
	"flag"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/csv"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

func tableOf(t *testing.T, rep report.Report) string {
	t.Helper()
	return reporttest.Text(t, func(w io.Writer) error { return csv.WriteReport(w, rep) })
}

func searchTable(t *testing.T, rep report.Capacity) string {
	t.Helper()
	return reporttest.Text(t, func(w io.Writer) error { return csv.WriteCapacity(w, rep) })
}

// read reads a table, whose rows must all have as many cells as its header.
func read(t *testing.T, text string) (header []string, rows [][]string) {
	t.Helper()
	all, err := encoding.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return all[0], all[1:]
}

func TestGolden(t *testing.T) {
	for name, text := range map[string]string{
		"run": tableOf(t, report.New(results.Failing(), "1.2.3", nil)), "full": tableOf(t, reporttest.Full()),
		"no-sample": tableOf(t, report.New(results.NoSampleResult(), "1.2.3", nil)),
		"capacity":  searchTable(t, reporttest.Searched()),
		"cut":       searchTable(t, reporttest.Unfound()["capacity-cut"]),
	} {
		reporttest.Golden(t, filepath.Join("testdata", name+".golden"), *update, text)
	}
}

// Each column's name ends in its unit, and each line as RFC 4180 has it.
func TestNamesAndLineEnds(t *testing.T) {
	unit := regexp.MustCompile(`_(s|utc|bytes|bytes_per_s|s_per_s|uploads|uploads_per_s|calls|calls_per_s|count|` +
		`ratio|number|bool|text)$`)
	for _, text := range []string{tableOf(t, reporttest.Full()), searchTable(t, reporttest.Searched())} {
		header, _ := read(t, text)
		seen := map[string]bool{}
		for _, name := range header {
			if !unit.MatchString(name) || seen[name] {
				t.Errorf("column %q has no unit, or is there twice", name)
			}
			seen[name] = true
		}
		if n := strings.Count(text, "\n"); n != strings.Count(text, "\r\n") || !strings.HasSuffix(text, "\r\n") {
			t.Errorf("of %d lines, some do not end in CR LF", n)
		}
	}
}

// Every value of the series is in the table as it is in JSON, and what was not observed is empty.
func TestValues(t *testing.T) {
	rep := reporttest.Full()
	header, rows := read(t, tableOf(t, rep))
	if len(rows) != len(rep.Series) {
		t.Fatalf("%d rows, want %d", len(rows), len(rep.Series))
	}
	at := func(row int, name string) string {
		for i := range header {
			if header[i] == name {
				return rows[row][i]
			}
		}
		t.Fatalf("no column %q", name)
		return ""
	}
	for i, p := range rep.Series {
		cpu, ok := p.Server.Get(measure.CPU)
		began := rep.Run.StartedAt.Add(time.Duration(math.Round(p.TS*1e3)) * time.Millisecond)
		for name, want := range map[string]string{
			"t_s": floatText(&p.TS), "accepted_uploads": strconv.FormatUint(p.Accepted, 10),
			"response_p95_s": floatText(p.P95S), "response_mean_s": floatText(p.MeanS),
			"server_cpu_s_per_s": map[bool]string{true: floatText(&cpu), false: ""}[ok],
			"start_utc":          began.Format("2006-01-02T15:04:05.000Z"),
		} {
			if got := at(i, name); got != want {
				t.Errorf("row %d: %s is %q, want %q", i, name, got, want)
			}
		}
	}
	if at(0, "stored_calls") == "" || at(1, "stored_calls") != "" || at(0, "server_transcription_queue_calls") != "" {
		t.Error("what was not observed is not empty, or what was is")
	}
}

// Floating point stores many times as a little less, which has no interval begin a millisecond early.
func TestStartIsToTheMillisecond(t *testing.T) {
	rep := reporttest.Full()
	for _, within := range []int{250_000_000, 250_900_000} { // the log of histograms leaves out the rest, too
		rep.Run.StartedAt = time.Date(2026, 5, 14, 19, 30, 0, within, time.UTC)
		for ts, want := range map[float64]string{
			0: "30:00.250Z", 8.2: "30:08.450Z", 1.001: "30:01.251Z", 4.35: "30:04.600Z", -0.001: "30:00.249Z",
		} {
			rep.Series = rep.Series[:1]
			rep.Series[0].TS = ts
			if _, rows := read(t, tableOf(t, rep)); rows[0][1] != "2026-05-14T19:"+want {
				t.Errorf("%v s after the start is %s, want %s", ts, rows[0][1], want)
			}
		}
	}
}

func floatText(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// What report writes of a saved report is what run wrote.
func TestSavedReportIsTheSame(t *testing.T) {
	rep := reporttest.Full()
	for i, v := range []float64{1.0 / 3, 0.000_123_456_789, 1_234_567.891, 1e-9} {
		rep.Series[i%2].Server.Set(measure.Signal(i), v)
	}
	saved, err := report.Read(bytes.NewReader(reporttest.JSON(t, rep)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tableOf(t, rep), tableOf(t, saved)); diff != "" {
		t.Errorf("(-run +report):\n%s", diff)
	}
	if text := tableOf(t, rep); !strings.Contains(text, ",0.333333,") || !strings.Contains(text, ",1234568,") {
		t.Errorf("got\n%s", text)
	}
}

// No foreign text becomes a formula, a line or a column of its own, and no number is damaged.
func TestHostile(t *testing.T) {
	const evil = "@SUM(1+1)*cmd|'/C calc'!A0\",\n::error::x\x1b[31m\u202Egnp\r\n|`"
	rep := reporttest.Searched()
	for i := range rep.Steps {
		s := &rep.Steps[i]
		s.Broke, s.BrokeWords, s.Unseen, s.Limits = "="+evil, "\t=1+1", "＝1", []string{evil, evil}
		s.AcceptedPerS, s.StartS = 1.7e308, -1e-300
	}
	text := searchTable(t, rep)
	header, rows := read(t, text)
	for _, row := range rows {
		for i, cell := range row {
			if strings.HasSuffix(header[i], "_text") && !strings.HasPrefix(cell, "'") {
				t.Errorf("%s: %q may be a formula", header[i], cell)
			}
		}
	}
	if n := strings.Count(text, "\n"); n != len(rep.Steps)+1 {
		t.Errorf("%d lines", n)
	}
	for _, bad := range []string{"\x1b", "\u202E", "\t"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q got through", bad)
		}
	}
	if !strings.Contains(text, ",1.7e+308,") || !strings.Contains(text, ",-1e-300,") {
		t.Errorf("large and small numbers are not what they were:\n%s", text)
	}
}

func TestOlderVersions(t *testing.T) {
	reporttest.EachVersion(t, func(name string, doc report.Document) {
		text, want := "", 0
		if doc.Search != nil {
			text, want = searchTable(t, *doc.Search), len(doc.Search.Steps)
		} else {
			text, want = tableOf(t, *doc.Run), len(doc.Run.Series)
		}
		if _, rows := read(t, text); len(rows) != want || want == 0 {
			t.Errorf("%s: %d rows, want %d", name, len(rows), want)
		}
	})
}

func TestPassesErrorsOn(t *testing.T) {
	reporttest.PassesErrorsOn(t, func(w io.Writer) error { return csv.WriteReport(w, reporttest.Full()) })
	reporttest.PassesErrorsOn(t, func(w io.Writer) error { return csv.WriteCapacity(w, reporttest.Searched()) })
}
