package stt

import (
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/httpserve"
	"rdiostress/internal/share"
)

const (
	// Path is where audio is sent to.
	Path = "/v1/audio/transcriptions"

	// model is the only model there is. Requests may ask for any other.
	model = "whisper-1"

	// maxReaders is how many requests have their audio in memory at the same time. What waits for a worker has none.
	maxReaders = 8

	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute // of a request's form
	idleTimeout   = 2 * time.Minute
)

// Options are how a Server behaves.
type Options struct {
	Delay   time.Duration // of each transcript
	Factor  float64       // of the duration of the recording, in addition
	Fail    share.Share   // of the requests that a worker had: they are answered 500
	Limit   share.Share   // of all requests: they are answered 429 at once
	Workers int           // requests that are worked on at the same time; at least 1
	Queue   int           // requests that may wait for a worker; more are answered 503
	Key     string        // that requests must carry; empty: none
}

// Server is the endpoint.
type Server struct {
	options Options
	mux     *http.ServeMux
	http    httpserve.Server
	places  chan struct{} // of requests that are read, wait or are worked on
	readers chan struct{}
	workers chan struct{}
	counts  counts

	asked, worked atomic.Uint64 // requests, for the shares
}

// New returns a Server that does not listen yet.
func New(o Options) *Server {
	s := &Server{
		options: o, mux: http.NewServeMux(), places: make(chan struct{}, o.Workers+o.Queue),
		readers: make(chan struct{}, maxReaders), workers: make(chan struct{}, o.Workers),
		counts: counts{begun: time.Now()},
	}
	s.mux.HandleFunc("POST "+Path, s.transcribe)
	s.mux.HandleFunc("GET /v1/models", s.models)
	s.mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		_ = writeJSON(w, http.StatusOK, map[string]string{"status": "ok"}) // nobody is left to tell
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Listen listens on an address until Close.
func (s *Server) Listen(ctx context.Context, address string) error {
	return s.http.Start(ctx, address, &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
	})
}

// Addr returns the address that it listens on.
func (s *Server) Addr() net.Addr { return s.http.Addr() }

// Close stops listening. Requests under way may take a while; those that are not done by then are cut off.
func (s *Server) Close(patience time.Duration) error { return s.http.Close(patience) }

// Stats returns what has come so far.
func (s *Server) Stats() Stats { return s.counts.stats() }

// models lists the model.
func (s *Server) models(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		_ = wrongKey().write(w)
		return
	}
	_ = writeJSON(w, http.StatusOK, map[string]any{
		"object": "list",
		"data":   []map[string]any{{"id": model, "object": "model", "created": 0, "owned_by": "rdiostress"}},
	})
}

func (s *Server) authorized(r *http.Request) bool {
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return s.options.Key == "" || subtle.ConstantTimeCompare([]byte(key), []byte(s.options.Key)) == 1
}

// transcribe answers a request with the text of its audio, or with a problem, and counts it.
func (s *Server) transcribe(w http.ResponseWriter, r *http.Request) {
	s.counts.begin()
	end := func(s *Stats) { s.Left++ } // unless it turns out otherwise
	defer func() { s.counts.end(end) }()
	heard, err := s.hear(w, r)
	var p *problem
	switch {
	case errors.As(err, &p):
		if p.write(w) == nil {
			end = p.count
		}
	case err == nil && heard.write(w) == nil:
		end = func(s *Stats) { s.Done++ }
	}
}

// hear reads a request and works on it. An error that is no *problem means that the client is gone.
func (s *Server) hear(w http.ResponseWriter, r *http.Request) (*recording, error) {
	switch {
	case !s.authorized(r):
		return nil, wrongKey()
	case s.options.Limit.Has(s.asked.Add(1)):
		return nil, limited()
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	default:
		return nil, full()
	}
	var heard *recording
	err := s.with(r.Context(), s.readers, func() (err error) {
		heard, err = readRequest(w, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.counts.add(heard)
	return heard, s.with(r.Context(), s.workers, func() error {
		length := time.Duration(float64(heard.length) * s.options.Factor)
		if err := clock.Sleep(r.Context(), s.options.Delay+length); err != nil {
			return err
		}
		if s.options.Fail.Has(s.worked.Add(1)) {
			return failed()
		}
		return nil
	})
}

// with does something while it holds one of a number of places, for which it waits.
func (s *Server) with(ctx context.Context, places chan struct{}, do func() error) error {
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-places }()
	return do()
}
