package hdrlog_test

import (
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/hdrlog"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

// logOf returns the log of a run.
func logOf(t *testing.T, rep report.Report) string {
	t.Helper()
	return reporttest.Text(t, func(w io.Writer) error { return hdrlog.WriteReport(w, rep) })
}

// searchLog returns the log of a search for a capacity.
func searchLog(t *testing.T, rep report.Capacity) string {
	t.Helper()
	return reporttest.Text(t, func(w io.Writer) error { return hdrlog.WriteCapacity(w, rep) })
}

// timedRun is a run of some seconds with uploads of log-normal times.
func timedRun(t *testing.T, seconds int) report.Report {
	t.Helper()
	res := results.Passing()
	res.Run.StartedAt = time.Date(2026, 5, 14, 19, 30, 0, 250_900_000, time.UTC)
	r := measure.NewRecorder()
	r.AddPhase(measure.Phase{Name: "sustained", Scored: true, Load: "500 calls/s"})
	random := rand.New(rand.NewPCG(7, 8))
	for s := range seconds {
		at := time.Duration(s) * time.Second
		for range 500 {
			took := time.Duration(20e6 * math.Exp(0.9*random.NormFloat64()))
			r.Shard(0).Record(&measure.Outcome{Due: at, Sent: at + took/9, Done: at + took/9 + took, Bytes: 16_000})
		}
		r.Roll(at+time.Second, 0, 0)
	}
	res.Phases = nil
	length := time.Duration(seconds) * time.Second
	r.FillResult(&res, []measure.TimeSpan{{Length: length}})
	res.Run.DurationS, res.Run.SendingS = length.Seconds(), length.Seconds()
	return report.New(res, "1.2.3", nil)
}

// searchWithTimes is a search whose steps have histograms.
func searchWithTimes() report.Capacity {
	rep := reporttest.Searched()
	for i := range rep.Steps {
		s := &rep.Steps[i]
		s.StartS = float64(20 * i)
		s.Histogram = results.SpreadOut(s.Accepted, 20*time.Millisecond, 90*time.Millisecond).Histogram
		s.ServiceHistogram = results.SpreadOut(s.Accepted, 19*time.Millisecond, 80*time.Millisecond).Histogram
	}
	return rep
}

// encoded is a histogram in a line. It is compressed, and its bytes depend on the version of Go.
var encoded = regexp.MustCompile(`HISTF[A-Za-z0-9+/=]*`)

func TestGolden(t *testing.T) {
	for name, text := range map[string]string{
		"run": logOf(t, timedRun(t, 3)), "capacity": searchLog(t, searchWithTimes()),
		"no-sample": logOf(t, report.New(results.NoSampleResult(), "1.2.3", nil)),
	} {
		text = encoded.ReplaceAllString(text, "HISTF…")
		reporttest.Golden(t, filepath.Join("testdata", name+".golden"), *update, text)
	}
}

// The log says when the run and each interval began, to the millisecond. hdrhistogram-go reads it back as it was.
func TestTimesAreToTheMillisecond(t *testing.T) {
	rep := timedRun(t, 3)
	text := logOf(t, rep)
	if want := "#[StartTime: 1778787000.250 (seconds since epoch), 2026-05-14T19:30:00.250Z]\n"; !strings.Contains(text,
		want) {
		t.Errorf("no %q in\n%.400s", want, text)
	}
	read := hdr.NewHistogramLogReader(strings.NewReader(text))
	start := rep.Run.StartedAt.UnixMilli()
	for i := range rep.Histograms {
		for _, tag := range []string{hdrlog.ResponseTime, hdrlog.ServiceTime} {
			h, err := read.NextIntervalHistogram()
			if err != nil {
				t.Fatal(err)
			}
			from := start + int64(math.Round(rep.Histograms[i].TS*1000))
			to := from + int64(math.Round(rep.Histograms[i].WidthS*1000))
			// The reader rounds down what floating point stores as a little less.
			if h.Tag() != tag || from-h.StartTimeMs() > 1 || to-h.EndTimeMs() > 1 || h.StartTimeMs() > from ||
				uint64(h.TotalCount()) != rep.Histograms[i].Count {
				t.Errorf("interval %d: %s, %d to %d with %d samples; want %s, %d to %d with %d", i, h.Tag(),
					h.StartTimeMs(), h.EndTimeMs(), h.TotalCount(), tag, from, to, rep.Histograms[i].Count)
			}
		}
	}
}

// Reports of older versions have no histograms of intervals, but one of the whole: the log has that.
func TestOlderVersions(t *testing.T) {
	reporttest.EachVersion(t, func(name string, doc report.Document) {
		if doc.Search != nil {
			searchLog(t, *doc.Search)
			return
		}
		text := logOf(t, *doc.Run)
		want := 2 * max(len(doc.Run.Histograms), min(1, int(doc.Run.Latency.Count)))
		if n := strings.Count(text, "\nTag="); n != want {
			t.Errorf("%s: %d lines, want %d", name, n, want)
		}
	})
}

// The single interval of an older report is the scored part of the run.
func TestWholeRunIsTheScoredPart(t *testing.T) {
	rep := report.New(results.Phased(), "1.2.3", nil) // 10 s and 30 s before 120 s
	rep.Histograms = nil
	if text := logOf(t, rep); !strings.Contains(text, "\nTag=response_time,40.000,120.000,") {
		t.Errorf("got\n%.600s", text)
	}
	rep.Phases = nil
	if text := logOf(t, rep); !strings.Contains(text, "\nTag=service_time,0.000,160.000,") {
		t.Errorf("got\n%.600s", text)
	}
}

// Foreign text begins no line of its own.
func TestHostile(t *testing.T) {
	rep := timedRun(t, 1)
	rep.Tool.Name, rep.Tool.Version = "x]\n::error::y\x1b[2J", "\u202e1,2\r\n#[StartTime: 1 "
	rep.Run.ID = "\u2028Tag=z,1,2,3,4"
	text := logOf(t, rep)
	if n := strings.Count(text, "\n"); n != 6+2 {
		t.Errorf("%d lines:\n%.600s", n, text)
	}
	for _, bad := range []string{"\x1b", "\u202e", "\r", "\u2028", "\n::"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q got through:\n%.600s", bad, text)
		}
	}
}

// A histogram that a report has in several lines is in one.
func TestHistogramsWithLineBreaks(t *testing.T) {
	rep, search := timedRun(t, 1), searchWithTimes()
	want, wantOfSearch := logOf(t, rep), searchLog(t, search)
	broken := func(s *string) { *s = (*s)[:20] + "\n" + (*s)[20:40] + "\r\n" + (*s)[40:] + "\n" }
	broken(&rep.Histograms[0].Latency)
	broken(&rep.Histograms[0].ServiceTime)
	if diff := cmp.Diff(want, logOf(t, rep)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range search.Steps {
		broken(&search.Steps[i].Histogram)
	}
	if diff := cmp.Diff(wantOfSearch, searchLog(t, search)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDamagedHistograms(t *testing.T) {
	one, two, search := timedRun(t, 1), timedRun(t, 1), searchWithTimes()
	one.Histograms[0].Latency = "damaged"
	two.Histograms, two.ServiceTime.Histogram = nil, "damaged"
	search.Steps[1].Histogram = "damaged"
	for want, err := range map[string]error{
		"interval 1: latency": hdrlog.WriteReport(&strings.Builder{}, one),
		"service_time":        hdrlog.WriteReport(&strings.Builder{}, two),
		"step 2":              hdrlog.WriteCapacity(&strings.Builder{}, search),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestPassesErrorsOn(t *testing.T) {
	reporttest.PassesErrorsOn(t, func(w io.Writer) error { return hdrlog.WriteReport(w, timedRun(t, 1)) })
}
