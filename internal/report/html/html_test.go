package html_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/field"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/html"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

// maxPage is how large a page may be, without the report in it.
const maxPage = 300_000

func page(t *testing.T, rep report.Report) string {
	t.Helper()
	opts := html.Options{Scenario: "# rdiostress run --scenario FILE\nrate: 50\n"}
	return reporttest.Text(t, func(w io.Writer) error { return html.WriteReport(w, rep, opts) })
}

func searchPage(t *testing.T, rep report.Capacity) string {
	t.Helper()
	return reporttest.Text(t, func(w io.Writer) error { return html.WriteCapacity(w, rep, html.Options{}) })
}

// watchedRun is a run of some length at 500 calls/s, of a server that stores fewer than it accepts.
func watchedRun(length time.Duration) report.Report {
	res := results.Passing()
	r := measure.NewRecorder()
	r.AddPhase(measure.Phase{Name: "warm-up", Load: "500 calls/s"})
	r.AddPhase(measure.Phase{Name: "sustained", Scored: true, Load: "500 calls/s"})
	random := rand.New(rand.NewPCG(7, 8))
	step := max(time.Second, length/400).Round(time.Second)
	var seen []*measure.Observation
	for at := time.Duration(0); at < length; at += step {
		for range 500 {
			took := time.Duration(20e6 * math.Exp(0.7*random.NormFloat64()+2*at.Seconds()/length.Seconds()))
			o := measure.Outcome{Due: at, Sent: at + took/9, Done: at + took/9 + took, Bytes: 16_000, Phase: 1}
			if at < length/10 {
				o.Phase = 0
			}
			if random.IntN(100) == 0 {
				o.Class, o.Status = measure.Status, 503
			}
			r.Shard(0).Record(&o)
		}
		r.Roll(at+step, random.IntN(50), 0)
		seen = append(seen, results.ServerAt(len(seen), at.Seconds()))
	}
	res.Phases = nil
	tenth := measure.TimeSpan{Length: length / 10}
	r.FillResult(&res, []measure.TimeSpan{tenth, {Start: length / 10, Length: length - length/10}})
	for i := range res.Series {
		p := &res.Series[i]
		stored, backlog, perS := uint64(200*i), uint64(300*i), 200+10*random.Float64()
		p.Stored, p.Backlog, p.StoredPerS, p.Server = &stored, &backlog, &perS, seen[min(i, len(seen)-1)]
	}
	res.FineSeries = nil
	res.Run.DurationS, res.Run.SendingS = length.Seconds(), length.Seconds()
	res.Delivery = results.Lossy().Delivery
	res.Alerts = []measure.Alert{{
		Severity: judge.Critical, KPI: "error_rate", Unit: "ratio", Value: 0.2, Limit: 0.15,
		FromS: length.Seconds() * 0.6, ToS: length.Seconds() * 0.7,
	}}
	return report.New(res, "1.2.3", field.Namer(nil))
}

// The page has the report in it, whole.
func TestPageHasTheReport(t *testing.T) {
	want := reporttest.Full()
	text := page(t, want)
	m := regexp.MustCompile(`href="data:application/gzip;base64,([^"]*)"`).FindStringSubmatch(text)
	if m == nil {
		t.Fatal("no link to the report")
	}
	packed, err := base64.StdEncoding.DecodeString(strings.NewReplacer("&#43;", "+", "&#61;", "=").Replace(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	got, err := report.Read(plain)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-report +in the page):\n%s", diff)
	}
}

// A page is small, however long the run was, and refers to nothing outside.
func TestPagesAreSmallAndAlone(t *testing.T) {
	for name, text := range map[string]string{
		"full": page(t, reporttest.Full()), "five minutes": page(t, watchedRun(5*time.Minute)),
		"eight hours": page(t, watchedRun(8*time.Hour)), "search": searchPage(t, reporttest.Searched()),
	} {
		report := regexp.MustCompile(`base64,[^"]*"`).FindString(text)
		if n := len(text) - len(report); n > maxPage {
			t.Errorf("%s: the page has %d bytes besides the report, more than %d", name, n, maxPage)
		} else {
			t.Logf("%s: %d bytes and %d of report", name, n, len(report))
		}
		for _, m := range regexp.MustCompile(`(?:src|href|action|data)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "#") && !strings.HasPrefix(m[1], "data:application/gzip;base64,") {
				t.Errorf("%s: refers to %.60s", name, m[1])
			}
		}
		if regexp.MustCompile(`url\(|@import|<link|<iframe|style="`).MatchString(text) {
			t.Errorf("%s: loads something, or has a style that its policy forbids", name)
		}
	}
}

// What the issue of a run is stands in the page, in words.
func TestPageSaysTheVerdict(t *testing.T) {
	for name, tc := range map[string]struct {
		res  measure.Result
		want []string
	}{
		"pass": {results.Passing(), []string{">Pass<", "API handling load well", "100.00 %", "exit code 0"}},
		"fail": {results.Failing(), []string{">Fail<", "limit missed", "HTTP 503", "upload queue full, retry later"}},
		"loss": {results.Lossy(), []string{">Data loss<", "data loss", "exit code 4"}},
		"crash": {
			results.Crashed(), []string{"killed", "server down"},
		},
		"no sample":    {results.NoSampleResult(), []string{"nothing to judge"}},
		"inconclusive": {results.Limited(), []string{">Inconclusive<", "It held the run back"}},
		"pending":      {results.Pending(), []string{"not stored yet"}},
		"nothing":      {results.NoDistribution(), []string{"Interrupted"}},
		"phases":       {results.Phased(), []string{"warm-up", "not scored"}},
	} {
		text := page(t, report.New(tc.res, "1.2.3", nil))
		for _, want := range tc.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page does not say %q", name, want)
			}
		}
	}
}

// What is in flight is counted at the end of an interval alone, so that none does not mean that there never was any.
func TestPageSaysWhatIsInFlight(t *testing.T) {
	rep := watchedRun(10 * time.Second)
	for n, want := range map[int]string{0: "None was in flight then.", 3: "At most 3 in flight."} {
		for i := range rep.Series {
			rep.Series[i].InFlight = n
		}
		if text := page(t, rep); !strings.Contains(text, "at the end of each interval. "+want) {
			t.Errorf("%d in flight: %q is not in the page", n, want)
		}
	}
	rep.Scenario.Model, rep.Scenario.MaxConcurrent = "closed", 1
	if text := page(t, rep); !strings.Contains(text, "1 uploader, which sends as soon as it has a reply") {
		t.Error("one uploader is not in the singular")
	}
}

// The chart of uploads has a line for each of the most frequent kinds of failures, and one for the others.
func TestPageShowsFailuresOverTime(t *testing.T) {
	rep := watchedRun(10 * time.Second)
	rep.ErrorDetails = nil
	for i := range rep.Series {
		rep.Series[i].Failures = nil
	}
	if text := page(t, rep); !strings.Contains(text, " failed.</p>") {
		t.Error("the chart of uploads does not show what failed")
	}
	var list []measure.PointFailure
	for i := range 5 {
		d := measure.ErrorDetail{Class: measure.Status.String(), Status: 500 + i, Count: uint64(20 - i)}
		rep.ErrorDetails = append(rep.ErrorDetails, d)
		list = append(list, measure.PointFailure{Class: d.Class, Status: d.Status, Count: d.Count})
	}
	rep.Series[0].Failed, rep.Series[0].Failures = 90, list
	text := page(t, rep)
	for _, want := range []string{"20/s HTTP 500", "19/s HTTP 501", "51/s other failures"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

func TestPageOfASearch(t *testing.T) {
	text := searchPage(t, reporttest.Searched())
	for _, want := range []string{
		"184 calls/s", "capacity 184/s", "storage fell behind by 4.2 calls/s", "Response time by rate", "confirmed",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for name, rep := range reporttest.Unfound() {
		if text := searchPage(t, rep); !strings.Contains(text, rep.Run.ID) {
			t.Errorf("%s: no page", name)
		} else if w := rep.Warnings; len(w) > 0 && !strings.Contains(text, w[0]) {
			t.Errorf("%s: the page does not say %q", name, w[0])
		}
	}
}

// hostile is a report whose every foreign text is markup, control characters or bidi marks, with huge numbers.
func hostile() report.Report {
	const evil = `</script><script>window.pwned=1</script><img src=x onerror="window.pwned=2"> ` +
		"\x1b[31m\u202Egnp.exe\u2066\x00\r\n" + `'"{{.}}` + "`${1}`"
	res := results.Failing()
	res.Histograms = results.HistogramsOf(res.Series)
	res.Run.ID, res.Target.URL, res.Target.Server = evil, "http://"+evil, evil
	res.Scenario.Client, res.Scenario.Mischief, res.Run.Aborted = evil, evil, evil
	for i := range res.ErrorDetails {
		res.ErrorDetails[i].Class, res.ErrorDetails[i].Sample = evil, strings.Repeat(evil, 50)
	}
	res.Phases[0].Name, res.Phases[0].Load = evil, evil
	for i := range res.Series {
		huge := measure.Observation{}
		for sig := range measure.NumSignals {
			huge.Set(sig, 1.7e308)
		}
		res.Series[i].Server = &huge
	}
	res.Alerts = []measure.Alert{{Severity: evil, KPI: evil, Unit: evil, Value: 1e300, Limit: -1e300, ToS: 1e300}}
	res.Watch.Process, res.Watch.Events = evil, []measure.WatchEvent{{Text: evil}}
	rep := report.New(res, evil, nil)
	rep.Alerts = res.Alerts
	rep.Verdict.Text, rep.Verdict.Reasons, rep.Verdict.Warnings = evil, []string{evil}, []string{evil}
	rep.Thresholds = append(rep.Thresholds, judge.Threshold{Name: evil, Op: evil, Absent: evil, Limit: 1e300})
	rep.Diagnosis = []report.Finding{{ID: evil, Title: evil, Evidence: []string{evil}, Fix: evil, Certainty: "likely"}}
	return rep
}

// Nothing foreign becomes markup, and what cannot be seen is made visible.
func TestHostileReport(t *testing.T) {
	text := page(t, hostile())
	for _, bad := range []string{"<img", "<script>window", "\x1b", "\x00", "\u202E", "\u2066"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, want := range []string{"␛[31m", "[U+202E]", "[U+2066]", "␀", "&lt;img"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if n := strings.Count(text, "</script>"); n != 3 {
		t.Errorf("%d scripts end, want 3", n)
	}
}

// BenchmarkPage renders the page of a run of eight hours, from the saved report on.
func BenchmarkPage(b *testing.B) {
	var saved bytes.Buffer
	if err := report.WriteJSON(&saved, watchedRun(8*time.Hour)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		rep, err := report.Read(bytes.NewReader(saved.Bytes()))
		if err != nil {
			b.Fatal(err)
		}
		if err := html.WriteReport(io.Discard, rep, html.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// Reports of older versions have pages too: without histograms of intervals, times come from the series.
func TestPagesOfOlderVersions(t *testing.T) {
	reporttest.EachVersion(t, func(name string, doc report.Document) {
		var text, chart string
		if doc.Search != nil {
			text, chart = searchPage(t, *doc.Search), "chart-rate-times"
		} else {
			text, chart = page(t, *doc.Run), "chart-times"
		}
		if !strings.Contains(text, `id="`+chart+`"`) || strings.Contains(text, "chart-heat\"") {
			t.Errorf("%s: the page lacks %s, or has a heat map of nothing", name, chart)
		}
	})
}

// A chart has no percentile of too few uploads, and says so.
func TestPercentilesOfFewAreLeftOut(t *testing.T) {
	const sentence = "Intervals with fewer than 20 uploads have no 95th percentile"
	rep := watchedRun(10 * time.Second)
	if strings.Contains(page(t, rep), sentence) {
		t.Error("500 uploads are said to be few")
	}
	rep.Histograms = nil // as in older reports
	p95 := 7.25
	for i := range rep.Series {
		rep.Series[i].Accepted, rep.Series[i].P95S = 19, &p95
	}
	text := page(t, rep)
	chart := text[strings.Index(text, `id="chart-times"`):]
	chart = chart[:strings.Index(chart, "</figure>")]
	if !strings.Contains(chart, sentence) || strings.Contains(chart, "7.25") {
		t.Errorf("the chart shows a 95th percentile of 19 uploads:\n%s", chart)
	}
	search := reporttest.Searched()
	for i := range search.Steps {
		search.Steps[i].Accepted = 19
	}
	if text := searchPage(t, search); !strings.Contains(text, "Rates with fewer than 20 uploads") {
		t.Error("the page of a search does not say which percentiles it leaves out")
	}
}

// The plot of percentiles has the marks that people look for, as far as the uploads go.
func TestPercentileMarks(t *testing.T) {
	marks := func(text string) (list []string) {
		chart := text[strings.Index(text, `id="chart-percentiles"`):]
		chart = chart[:strings.Index(chart, "</figure>")]
		for _, m := range regexp.MustCompile(`class="tick x"[^>]*>([^<]*)<`).FindAllStringSubmatch(chart, -1) {
			list = append(list, m[1])
		}
		return list
	}
	for length, want := range map[time.Duration][]string{ // 500 uploads a second
		10 * time.Second: {"50 %", "90 %", "99 %", "99.9 %"},
		5 * time.Minute:  {"50 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"},
	} {
		if diff := cmp.Diff(want, marks(page(t, watchedRun(length)))); diff != "" {
			t.Errorf("%v (-want +got):\n%s", length, diff)
		}
	}
}

// No chart of a wide page stands beside nothing.
func TestChartsFillTheWidth(t *testing.T) {
	for name, text := range map[string]string{
		"run": page(t, watchedRun(10*time.Second)), "full": page(t, reporttest.Full()),
		"search": searchPage(t, reporttest.Searched()),
	} {
		beside := 0
		for _, m := range regexp.MustCompile(`<figure class="chart( wide)?"`).FindAllStringSubmatch(text, -1) {
			if m[1] == "" {
				beside++
			} else if beside%2 != 0 {
				t.Errorf("%s: a chart is beside nothing", name)
			}
		}
		if beside%2 != 0 {
			t.Errorf("%s: the last chart is beside nothing", name)
		}
	}
}
