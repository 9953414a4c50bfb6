package hdrlog_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/hdrlog"
	"rdiostress/internal/testenv"
)

// saved writes a log into a file.
func saved(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "times.hlog")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wholeRun returns both histograms of all intervals together.
func wholeRun(t *testing.T, rep report.Report) map[string][]measured {
	t.Helper()
	counts := map[string]map[time.Duration]uint64{hdrlog.ResponseTime: {}, hdrlog.ServiceTime: {}}
	for _, h := range rep.Histograms {
		response, service, err := h.Decode()
		if err != nil {
			t.Fatal(err)
		}
		for at, n := range response.Buckets() {
			counts[hdrlog.ResponseTime][at] += n
		}
		for at, n := range service.Buckets() {
			counts[hdrlog.ServiceTime][at] += n
		}
	}
	all := map[string][]measured{}
	for tag, list := range counts {
		for at, n := range list {
			all[tag] = append(all[tag], measured{at, n})
		}
	}
	return all
}

// measured is a bucket of a histogram.
type measured struct {
	at    time.Duration
	count uint64
}

// upTo counts the uploads that took no longer than that.
func upTo(list []measured, longest time.Duration) (n uint64) {
	for _, m := range list {
		if m.at <= longest {
			n += m.count
		}
	}
	return n
}

// The tool of HdrHistogram for Java reads the log to the same percentiles: at each that it prints, it has the value
// that so many uploads did not exceed.
func TestReadByJava(t *testing.T) {
	java := testenv.Program(t, "java", "default-jre-headless")
	jar := os.Getenv("RDIOSTRESS_TEST_HDR_JAR")
	if jar == "" {
		jar = "/usr/share/java/hdrhistogram.jar"
	}
	if _, err := os.Stat(jar); err != nil && os.Getenv(testenv.Strict) == "" {
		t.Skipf("install libhdrhistogram-java, or set RDIOSTRESS_TEST_HDR_JAR to hdrhistogram.jar: %v", err)
	}
	rep := timedRun(t, 20)
	path := saved(t, logOf(t, rep))
	for tag, list := range wholeRun(t, rep) {
		out := filepath.Join(t.TempDir(), tag)
		cmd := exec.Command(java, "-cp", jar, "org.HdrHistogram.HistogramLogProcessor", "-i", path, "-o", out, "-tag",
			tag, "-outputValueUnitRatio", "1")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		table, err := os.ReadFile(out + ".hgrm")
		if err != nil {
			t.Fatal(err)
		}
		if want := "StartTime: 1778787000.250"; !strings.Contains(string(table), want) {
			t.Errorf("%s: no %q in\n%.400s", tag, want, table)
		}
		checkPercentiles(t, tag, string(table), list)
	}
}

// checkPercentiles compares a table of percentiles, as HdrHistogram writes it, with a histogram.
func checkPercentiles(t *testing.T, tag, table string, list []measured) {
	t.Helper()
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Fields(line)
		if len(cells) < 3 || strings.HasPrefix(line, "#") || cells[0] == "Value" {
			continue
		}
		value, err1 := strconv.ParseFloat(cells[0], 64)
		share, err2 := strconv.ParseFloat(cells[1], 64)
		count, err3 := strconv.ParseUint(cells[2], 10, 64)
		if err1 != nil || err2 != nil || err3 != nil {
			continue
		}
		rows++
		if got := upTo(list, time.Duration(value)); got != count {
			t.Errorf("%s: Java counts %d uploads up to %s, want %d", tag, count, cells[0], got)
		}
		rank, before := measure.Rank(share, upTo(list, time.Hour)), upTo(list, time.Duration(value)-1)
		if rank > count || rank <= before {
			t.Errorf("%s: Java has %s at %s, which is rank %d", tag, cells[0], cells[1], rank)
		}
	}
	if rows < 30 {
		t.Errorf("%s: only %d rows in\n%s", tag, rows, table)
	}
}

// script prints each interval of a log as HdrHistogram for JavaScript reads it.
const script = `
const hdr = require(process.argv[2]);
const reader = new hdr.HistogramLogReader(require("fs").readFileSync(process.argv[3], "utf8"));
const list = [];
for (let h; (h = reader.nextIntervalHistogram()) != null;) {
  list.push({tag: h.tag, start: h.startTimeStampMsec, end: h.endTimeStampMsec, count: h.totalCount,
    values: [50, 90, 95, 99, 100].map(p => h.getValueAtPercentile(p))});
}
console.log(JSON.stringify(list));
`

// HdrHistogram for JavaScript reads each interval to the same times and percentiles, of a run and of a search.
func TestReadByJavaScript(t *testing.T) {
	node := testenv.Program(t, "node", "nodejs")
	const variable = "RDIOSTRESS_TEST_HDR_JS"
	module := os.Getenv(variable)
	if module == "" && os.Getenv(testenv.Strict) == "" {
		t.Skipf("run npm install hdr-histogram-js, and set %s to its folder node_modules/hdr-histogram-js", variable)
	}
	program := saved(t, script)
	read := func(text string) (list []jsInterval) {
		out, err := exec.Command(node, program, module, saved(t, text)).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", variable, err, out)
		}
		if err := json.Unmarshal(out, &list); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return list
	}
	rep := timedRun(t, 20)
	var want []jsInterval
	for _, h := range rep.Histograms {
		response, service, err := h.Decode()
		if err != nil {
			t.Fatal(err)
		}
		from := rep.Run.StartedAt.UnixMilli() + int64(1000*h.TS+0.5)
		to := from + int64(1000*h.WidthS+0.5)
		want = append(want, intervalOf(hdrlog.ResponseTime, from, to, response),
			intervalOf(hdrlog.ServiceTime, from, to, service))
	}
	compare(t, want, read(logOf(t, rep)))

	search := searchWithTimes()
	want = nil
	for _, s := range search.Steps {
		from := search.Run.StartedAt.UnixMilli() + int64(1000*s.StartS)
		for _, one := range [][2]string{{hdrlog.ResponseTime, s.Histogram}, {hdrlog.ServiceTime, s.ServiceHistogram}} {
			h, err := measure.DecodeHistogram(one[1])
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, intervalOf(one[0], from, from+int64(1000*s.DurationS), h))
		}
	}
	compare(t, want, read(searchLog(t, search)))
}

// jsInterval is an interval as the script prints it.
type jsInterval struct {
	Tag    string  `json:"tag"`
	Start  float64 `json:"start"` // in milliseconds since the epoch
	End    float64 `json:"end"`
	Count  uint64  `json:"count"`
	Values []int64 `json:"values"`
}

func intervalOf(tag string, from, to int64, h *measure.Histogram) jsInterval {
	one := jsInterval{Tag: tag, Start: float64(from), End: float64(to), Count: h.Count()}
	for _, at := range h.Quantiles(0.5, 0.9, 0.95, 0.99, 1) {
		one.Values = append(one.Values, int64(at))
	}
	return one
}

// compare compares what was read. Times may differ by what floating point does to a millisecond.
func compare(t *testing.T, want, got []jsInterval) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d intervals, want %d", len(got), len(want))
	}
	for i := range want {
		got[i].Start, got[i].End = nearest(got[i].Start), nearest(got[i].End)
		if a, b := fmt.Sprint(want[i]), fmt.Sprint(got[i]); a != b {
			t.Errorf("interval %d:\n got %s\nwant %s", i, b, a)
		}
	}
}

func nearest(v float64) float64 { return float64(int64(v + 0.5)) }
