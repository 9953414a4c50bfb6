package exporter

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"rdiostress/internal/testenv"
	"rdiostress/internal/trial/event"
)

// listen serves the metrics of a run of two calls.
func listen(t *testing.T) *Server {
	t.Helper()
	e := New("dev")
	e.Observe(event.Started{Scenario: open})
	e.Observe(second(uploads([]time.Duration{10 * ms, 20 * ms})))
	s, err := Listen(t.Context(), "127.0.0.1:0", e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// get requests a page with a header.
func (s *Server) get(t *testing.T, path string, header ...string) (*http.Response, string) {
	t.Helper()
	return testenv.Fetch(t, http.MethodGet, "http://"+s.Addr().String()+path, func(r *http.Request) {
		if len(header) > 0 {
			r.Header.Set(header[0], header[1])
		}
	})
}

// Scrapers get the format that they ask for; native histograms come with protobuf.
func TestFormats(t *testing.T) {
	s := listen(t)
	const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	for name, tt := range map[string]struct {
		accept, format string
		native         bool
	}{
		"text":        {"text/plain;version=0.0.4", "text/plain", false},
		"protobuf":    {protobuf, "application/vnd.google.protobuf", true},
		"any":         {"*/*", "text/plain", false},
		"OpenMetrics": {"application/openmetrics-text;version=1.0.0", "application/openmetrics-text", false},
	} {
		resp, body := s.get(t, Path, "Accept", tt.accept)
		if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK ||
			!strings.HasPrefix(kind, tt.format) {
			t.Errorf("%s: %s, %s", name, resp.Status, kind)
		}
		if name == "OpenMetrics" { // which expfmt does not read
			if !strings.HasSuffix(body, "# EOF\n") ||
				!strings.Contains(body, `rdiostress_run_response_time_seconds_bucket{le="3.0"} 2`) {
				t.Errorf("%s: %s", name, body)
			}
			continue
		}
		decoder, families := expfmt.NewDecoder(strings.NewReader(body), expfmt.ResponseFormat(resp.Header)), 0
		for {
			var f dto.MetricFamily
			if err := decoder.Decode(&f); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			families++
			if f.GetName() != "rdiostress_run_response_time_seconds" {
				continue
			}
			h := f.Metric[0].Histogram
			if h.GetSampleCount() != 2 || len(h.Bucket) < 10 || (len(h.PositiveSpan) > 0) != tt.native {
				t.Errorf("%s: %v", name, h)
			}
		}
		if families < 20 {
			t.Errorf("%s: %d metrics", name, families)
		}
	}
	if resp, body := s.get(t, "/"); resp.StatusCode != http.StatusOK || !strings.Contains(body, Path) {
		t.Errorf("the root is %s: %s", resp.Status, body)
	}
	if resp, _ := s.get(t, "/other"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("another path is %s", resp.Status)
	}
}

// An address can be listened on once.
func TestPortInUse(t *testing.T) {
	s := listen(t)
	if other, err := Listen(t.Context(), s.Addr().String(), New("dev")); err == nil {
		other.Close()
		t.Error("two listen on one address")
	}
}

// The end is shown until each scraper has come once more, or should have come.
func TestScrapers(t *testing.T) {
	start := time.Now()
	type scrape struct {
		name string
		says bool
		at   int // seconds
	}
	every6, every8 := []scrape{{"a", true, 95}, {"a", true, 101}}, []scrape{{"b", true, 90}, {"b", true, 98}}
	for name, tt := range map[string]struct {
		scrapes []scrape
		ended   int
		now     int
		want    time.Duration
	}{
		"nobody":                 {nil, 100, 100, 0},
		"a look by hand":         {[]scrape{{"curl", false, 95}}, 100, 100, 0},
		"one scrape":             {[]scrape{{"a", true, 95}}, 100, 100, 75 * time.Second},
		"every 8 s":              {[]scrape{{"a", true, 87}, {"a", true, 95}}, 100, 100, 10 * time.Second},
		"a look by hand again":   {[]scrape{{"curl", false, 87}, {"curl", false, 95}}, 100, 100, 10 * time.Second},
		"has come":               {[]scrape{{"a", true, 87}, {"a", true, 95}, {"a", true, 103}}, 100, 103, 0},
		"has come at the end":    {[]scrape{{"a", true, 92}, {"a", true, 100}}, 100, 100, 0},
		"has left":               {[]scrape{{"a", true, 10}, {"a", true, 18}}, 100, 100, 0},
		"one of two has come":    {slices.Concat(every6, every8), 100, 101, 12 * time.Second},
		"both have come":         {append(slices.Concat(every6, every8), scrape{"b", true, 102}), 100, 102, 0},
		"every hour":             {[]scrape{{"a", true, -3600}, {"a", true, 0}}, 1, 1, 154 * time.Second},
		"waited for long enough": {[]scrape{{"a", true, 87}, {"a", true, 95}}, 100, 110, 0},
	} {
		at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
		var s scrapers
		for _, one := range tt.scrapes {
			s.add(one.name, one.says, at(one.at))
		}
		s.end(at(tt.ended))
		if got := max(s.wait(at(tt.now)), 0); got != tt.want {
			t.Errorf("%s: waits %v, want %v", name, got, tt.want)
		}
	}
	var s scrapers
	for i := range 1000 {
		s.add(strings.Repeat("x", i), true, start)
	}
	if len(s.seen) > maxScrapers {
		t.Errorf("it remembers %d scrapers", len(s.seen))
	}
}

const asScraper = "X-Prometheus-Scrape-Timeout-Seconds"

// The wait ends with the scrape that sees the end, and at once where nobody scrapes, or on an interrupt.
func TestAwaitScrape(t *testing.T) {
	s := listen(t)
	if wait := s.End(0); wait != 0 {
		t.Errorf("without a scraper it waits %v", wait)
	}
	s = listen(t)
	s.get(t, Path, asScraper, "10")
	if wait := s.End(1); wait < 30*time.Second {
		t.Errorf("it waits %v for a scraper", wait)
	}
	var waiter sync.WaitGroup
	began := time.Now()
	waiter.Go(func() { s.AwaitScrape(t.Context()) })
	if _, body := s.get(t, Path, asScraper, "10"); !strings.Contains(body, "rdiostress_run_exit_code 1\n") {
		t.Errorf("the last scrape does not see the end:\n%s", body)
	}
	waiter.Wait()
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it waited for %v", took)
	}

	s = listen(t)
	s.get(t, Path, asScraper, "10")
	s.End(0)
	ctx, interrupt := context.WithCancel(t.Context())
	waiter.Go(func() { s.AwaitScrape(ctx) })
	interrupt()
	waiter.Wait()
}

// brokenPipe is the writer of a connection that breaks.
type brokenPipe struct{ *httptest.ResponseRecorder }

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// Only who has got the metrics has seen the end.
func TestFailedScrapesDoNotCount(t *testing.T) {
	metrics := func(status int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "metrics")
		})
	}
	for name, tt := range map[string]struct {
		method string
		status int
		writer http.ResponseWriter
		counts bool
	}{
		"a scrape":          {http.MethodGet, http.StatusOK, httptest.NewRecorder(), true},
		"a look at headers": {http.MethodHead, http.StatusOK, httptest.NewRecorder(), false},
		"too many":          {http.MethodGet, http.StatusServiceUnavailable, httptest.NewRecorder(), false},
		"a broken one":      {http.MethodGet, http.StatusOK, brokenPipe{httptest.NewRecorder()}, false},
	} {
		s := &Server{scraped: make(chan struct{}, 1)}
		r := httptest.NewRequestWithContext(t.Context(), tt.method, Path, nil)
		s.noting(metrics(tt.status)).ServeHTTP(tt.writer, r)
		if counted := len(s.scrapers.seen) == 1; counted != tt.counts || len(s.scraped) != len(s.scrapers.seen) {
			t.Errorf("%s counts: %t", name, counted)
		}
	}
}
