package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/rdio"
)

// The defaults of Options.
const (
	DefaultMaxUploadBytes = 100 << 20
	DefaultGrace          = 10 * time.Second
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute // trunk-recorder and SDRTrunk keep no connection for longer than that
	headerBytes   = 64 << 10
)

// Options say how a Server serves. Zero values of what has a default mean the default.
type Options struct {
	Store    Store
	SpoolDir string // where long uploads wait; swept when the server starts, so nobody else may use it
	APIKey   string
	Logger   *slog.Logger
	Version  string

	MaxUploadBytes int64         // of one request's body
	Workers        int           // uploads parsed, hashed or spooled at once
	Queue          int           // uploads that may wait for a worker; more are answered 503
	UploadMemory   int64         // bytes that all uploads together may hold; more are answered 503
	MinRate        int64         // bytes/s that an upload must keep to; slower ones are answered 408
	Patience       time.Duration // how long MinRate may be missed
	Grace          time.Duration // how long uploads may take to end when the server is told to stop
	Now            func() time.Time

	Wrap func(http.Handler) http.Handler // put around all requests; nil for nothing
}

// Server takes and lists calls over HTTP. Make one with New.
type Server struct {
	store   Store
	spool   *spool
	keySum  [sha256.Size]byte
	log     *slog.Logger
	version string

	maxBytes int64
	grace    time.Duration
	now      func() time.Time

	minRate  int64
	patience time.Duration

	admission *admission
	readers   sync.Pool // of *bufio.Reader
	stats     counters
	storing   storing
	handler   http.Handler
}

// New makes a server and sweeps its spool folder. The caller keeps the store, and closes it after Serve.
func New(o Options) (*Server, error) {
	switch {
	case o.Store == nil:
		return nil, errors.New("server: no store")
	case o.APIKey == "":
		return nil, errors.New("server: no API key")
	case o.SpoolDir == "":
		return nil, errors.New("server: no spool folder")
	}
	spool, err := openSpool(o.SpoolDir)
	if err != nil {
		return nil, fmt.Errorf("spool folder: %w", err)
	}
	s := &Server{
		store:    o.Store,
		spool:    spool,
		keySum:   sha256.Sum256([]byte(o.APIKey)),
		log:      cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		version:  o.Version,
		maxBytes: cmp.Or(o.MaxUploadBytes, DefaultMaxUploadBytes),
		grace:    cmp.Or(o.Grace, DefaultGrace),
		now:      o.Now,
		minRate:  cmp.Or(o.MinRate, DefaultMinRate),
		patience: cmp.Or(o.Patience, DefaultPatience),
		admission: newAdmission(cmp.Or(o.Workers, DefaultWorkers), cmp.Or(o.Queue, DefaultQueue),
			cmp.Or(o.UploadMemory, DefaultUploadMemory)),
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.handler = s.routes()
	if o.Wrap != nil {
		s.handler = o.Wrap(s.handler)
	}
	return s, nil
}

// ServeHTTP answers one request; it makes a Server an http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recoverPanic(w, r)
	steadyWriter{w}.extend() // the deadline of the connection's last reply is not for this request
	if strings.Contains(r.URL.Path, "//") {
		// trunk-recorder puts its path behind a server address that may end in a slash. The mux would redirect, which no client
		// follows with an upload.
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = path.Clean(r.URL.Path), ""
	}
	s.handler.ServeHTTP(w, r)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(rdio.UploadPath, s.allow(s.handleUpload, http.MethodPost))
	mux.HandleFunc(rdio.TrunkRecorderPath, s.allow(s.handleUpload, http.MethodPost))
	mux.HandleFunc("/api/calls", s.allow(s.handleCalls, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/api/calls/{id}", s.allow(s.handleCall, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/api/calls/{id}/audio", s.allow(s.handleAudio, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/health", s.allow(s.handleHealth, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNoPage) })
	return mux
}

// Serve answers requests on ln until ctx ends. It then takes no more of them, waits for the ones in hand for the grace period
// at most, and returns nil; when it returns, nothing of the server runs any more. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	var conns sync.WaitGroup
	hs := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // what clients do to their connections
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew: // said by Serve itself, so never after it has returned
				conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				conns.Done()
			}
		},
	}
	defer conns.Wait()
	served := make(chan error, 1)
	go func() { served <- hs.Serve(ln) }()
	select {
	case err := <-served:
		hs.Close()
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	s.log.Info("stopping: waiting for uploads to end", "at_most", s.grace)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer cancel()
	if err := hs.Shutdown(grace); err != nil {
		s.log.Warn("uploads cut off: they did not end in time", "error", err)
		hs.Close() // Shutdown has closed the listeners; what is left are connections that are to be cut off
	}
	<-served
	return nil
}
