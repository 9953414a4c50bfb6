package exporter

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"rdiostress/internal/clock"
	"rdiostress/internal/httpserve"
	"rdiostress/internal/selfmetrics"
)

// Path is where the metrics are.
const Path = "/metrics"

const (
	headerTimeout = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 5 * time.Minute
	stopTimeout   = time.Second // for scrapes under way at the end
	maxScrapes    = 8           // at the same time
	maxHeader     = 16 << 10    // bytes
)

// Server serves the metrics of an Exporter.
type Server struct {
	http     httpserve.Server
	exporter *Exporter
	scrapers scrapers
	scraped  chan struct{}
}

// Listen serves the metrics of an exporter on an address until Close.
func Listen(ctx context.Context, address string, e *Exporter) (*Server, error) {
	s := &Server{exporter: e, scraped: make(chan struct{}, 1)}
	registry := prometheus.NewRegistry()
	registry.MustRegister(e, selfmetrics.Process())
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, MaxRequestsInFlight: maxScrapes,
	})
	mux := http.NewServeMux()
	mux.Handle("GET "+Path, s.noting(metrics))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, "rdiostress %s: the metrics are at %s\n", e.version, Path)
	})
	err := s.http.Start(ctx, address, &http.Server{
		Handler: mux, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Addr returns the address that it listens on.
func (s *Server) Addr() net.Addr { return s.http.Addr() }

// noting notes who has got the metrics.
func (s *Server) noting(metrics http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		out := scrapeWriter{ResponseWriter: w, status: http.StatusOK}
		metrics.ServeHTTP(&out, r)
		if r.Method != http.MethodGet || !out.taken() {
			return
		}
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		s.scrapers.add(host+" "+r.UserAgent(), r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds") != "", began)
		select {
		case s.scraped <- struct{}{}:
		default:
		}
	})
}

// scrapeWriter notes whether a scrape got the metrics.
type scrapeWriter struct {
	http.ResponseWriter
	status int
	err    error
}

// WriteHeader implements [http.ResponseWriter].
func (w *scrapeWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *scrapeWriter) Write(text []byte) (int, error) {
	n, err := w.ResponseWriter.Write(text)
	if err != nil {
		w.err = err
	}
	return n, err
}

// Unwrap is for [http.ResponseController].
func (w *scrapeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// taken reports whether all was sent without an error.
func (w *scrapeWriter) taken() bool {
	if err := http.NewResponseController(w.ResponseWriter).Flush(); w.err == nil {
		w.err = err
	}
	return w.status == http.StatusOK && w.err == nil
}

// End shows the end of the run, with its exit code, and returns how long [Server.AwaitScrape] would wait at most: 0 if
// nobody has scraped the metrics.
func (s *Server) End(exitCode int) time.Duration {
	s.exporter.End(exitCode)
	now := time.Now()
	s.scrapers.end(now)
	return s.scrapers.wait(now)
}

// AwaitScrape waits, after End, until those who have scraped the metrics have done so once more, or do not come when
// they should, or ctx ends.
func (s *Server) AwaitScrape(ctx context.Context) {
	for ctx.Err() == nil {
		wait := s.scrapers.wait(time.Now())
		if wait <= 0 {
			return
		}
		clock.Wait(wait, ctx.Done(), s.scraped)
	}
}

// Close stops serving.
func (s *Server) Close() { _ = s.http.Close(stopTimeout) }
