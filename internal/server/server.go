package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/disk"
	"rdiostress/internal/server/intake"
	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/server/refusallog"
	"rdiostress/internal/server/reload"
	"rdiostress/internal/server/telemetry"
	"rdiostress/internal/server/transcribe"
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute // trunk-recorder and SDRTrunk keep no connection longer than that
	headerBytes   = 64 << 10        // of a request's head; net/http accepts up to 8 kB more
)

// Server receives and lists calls over HTTP. Create one with New.
type Server struct {
	store   call.Store
	intake  *intake.Intake
	spool   *intake.Spool
	writes  *intake.Writes
	log     *slog.Logger
	version string
	now     func() time.Time

	keys    apikey.Ring
	readSum *[sha256.Size]byte // hash of the read key; nil means that none is required
	proxies []netip.Prefix
	cert    *certificate // nil without TLS
	files   *reload.Set

	limits  limits
	limiter ratelimit.Limiter

	pool        *transcribe.Pool // nil if calls are not transcribed
	counters    *telemetry.Counters
	telemetry   *telemetry.Telemetry
	sampleEvery time.Duration
	refusals    *refusallog.Log

	draining  atomic.Bool
	drainTime time.Duration
	grace     time.Duration
	handler   http.Handler
}

// New returns a server and sweeps its spool folder. The caller keeps the store, and closes it after Serve.
func New(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	shares, err := admission.ShareFiles(cmp.Or(o.StoreFiles, admission.DefaultStoreFiles))
	if err != nil {
		return nil, err
	}
	log := cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	s := &Server{
		store:       o.Store,
		writes:      intake.NewWrites(o.Store, log),
		log:         log,
		version:     o.Version,
		now:         o.Now,
		proxies:     o.Proxies,
		files:       reload.New(log, cmp.Or(o.Reload, reload.DefaultEvery)),
		limits:      newLimits(o, shares),
		counters:    telemetry.NewCounters(),
		sampleEvery: cmp.Or(o.Sample, time.Second),
		refusals:    refusallog.New(log),
		drainTime:   o.DrainTime,
		grace:       cmp.Or(o.Grace, DefaultGrace),
	}
	if s.now == nil {
		s.now = time.Now
	}
	inline := cmp.Or(o.InlineAudio, intake.DefaultInlineAudio)
	s.spool, err = intake.OpenSpool(o.SpoolDir, inline, s.limits.audioFiles, s.limits.disk)
	if err != nil {
		return nil, fmt.Errorf("spool folder: %w", err)
	}
	if err := s.loadFiles(o); err != nil {
		return nil, err
	}
	if s.limiter = o.Limiter; s.limiter == nil {
		s.limiter = ratelimit.NewMemory(s.now)
	}
	s.intake = s.newIntake(o)
	s.pool = s.newPool(o.Transcribe)
	s.telemetry = s.newTelemetry()
	s.handler = s.routes()
	if o.Wrap != nil {
		s.handler = o.Wrap(s.handler)
	}
	return s, nil
}

func (s *Server) newIntake(o Options) *intake.Intake {
	return intake.New(intake.Options{
		Store: s.store, Spool: s.spool, Gate: s.limits.gate, Disk: s.limits.disk, Writes: s.writes,
		Counters: s.counters, Log: s.log, Refusals: s.refusals, Keys: &s.keys, Proxies: s.proxies, Now: s.now,
		PerKey:     ratelimit.Policy{Name: "key", Rate: o.KeyRate, Limiter: s.limiter},
		PerAddress: ratelimit.Policy{Name: "address", Rate: o.FromRate, Limiter: s.limiter},
		FailClosed: o.LimitFailClosed,
		MaxBytes:   cmp.Or(o.MaxUploadBytes, DefaultMaxUploadBytes),
		MinRate:    cmp.Or(o.MinRate, admission.DefaultMinRate),
		Patience:   cmp.Or(o.Patience, admission.DefaultPatience),
	})
}

// newTelemetry passes telemetry the values that it cannot count itself.
func (s *Server) newTelemetry() *telemetry.Telemetry {
	return telemetry.New(telemetry.Options{
		Version: s.version, Log: s.log, Counters: s.counters, State: s.state,
		Usage: func(ctx context.Context) (call.Usage, error) {
			u, err := s.store.Usage(ctx)
			if err == nil {
				s.limits.disk.SetInside(u.FreeBytes)
			}
			return u, err
		},
		FreeDisk: func() (uint64, error) { return disk.Free(s.spool.Dir()) },
	})
}

// state returns the current state of the server.
func (s *Server) state() telemetry.State {
	open, limit := s.limits.audioFiles.Usage()
	return telemetry.State{
		Gate: s.limits.gate.Usage(), Connections: s.limits.connections.Usage(), AudioFiles: open, AudioFileLimit: limit,
		SpoolFiles: s.spool.Open(), FreeInside: s.limits.disk.Inside(), Store: s.store.Stats(),
		Unusable: s.writes.Failing() || s.store.Gone() != nil, LimitsUnknown: s.limiter.Err() != nil,
		Transcription: s.transcription(),
	}
}

// Stats returns the upload counts so far.
func (s *Server) Stats() telemetry.Stats {
	stats := s.counters.Stats()
	stats.Reading = int(s.limits.gate.Uploads())
	return stats
}

// Reload reloads the files of keys and certificates. What cannot be loaded stays as it was, and the log says so.
func (s *Server) Reload() { s.files.Reload() }

// ReplaceKeys replaces the keys of a database. Those of the options and of their file stay. It needs Options.MoreKeys.
func (s *Server) ReplaceKeys(keys []apikey.Key) { s.keys.Replace(apikey.SourceDatabase, keys) }

// sample samples the server until ctx ends.
func (s *Server) sample(ctx context.Context) {
	tick := time.NewTicker(s.sampleEvery)
	defer tick.Stop()
	for {
		s.sampleOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) sampleOnce(ctx context.Context) {
	now := s.now()
	s.telemetry.Sample(ctx, now)
	s.refusals.Flush(now, false)
}

// ServeHTTP answers one request. It implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recoverPanic(w, r)
	// the deadline of the connection's last reply does not apply to this request
	admission.DeadlineWriter{ResponseWriter: w}.Extend()
	if strings.Contains(r.URL.Path, "//") || len(r.URL.Path) > 1 && strings.HasSuffix(r.URL.Path, "/") {
		// trunk-recorder appends its path to a server address that may end in a slash, and users end an upload's
		// address in one. The mux would redirect or answer 404, and the call would be lost.
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = path.Clean(r.URL.Path), ""
	}
	s.handler.ServeHTTP(w, r)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(rdio.UploadPath, s.allowMethods(s.handleUpload, http.MethodPost))
	mux.HandleFunc(rdio.TrunkRecorderPath, s.allowMethods(s.handleUpload, http.MethodPost))
	mux.HandleFunc("/api/calls", s.allowMethods(s.forReaders(s.handleCalls), http.MethodGet, http.MethodHead))
	mux.HandleFunc("/api/calls/{id}", s.allowMethods(s.forReaders(s.handleCall), http.MethodGet, http.MethodHead))
	mux.HandleFunc("/api/calls/{id}/audio", s.allowMethods(s.forReaders(s.handleAudio), http.MethodGet,
		http.MethodHead))
	mux.HandleFunc("/api/alerts", s.allowMethods(s.handleAlerts, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/metrics", s.allowMethods(s.handleMetrics(), http.MethodGet, http.MethodHead))
	mux.HandleFunc("/openapi.yaml", s.allowMethods(s.handleOpenAPI, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/health", s.allowMethods(s.handleHealth, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/ready", s.allowMethods(s.handleReady, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNoPage) })
	return mux
}

// Serve answers requests on ln until ctx ends. Then it accepts no more requests, waits for active ones for at most the
// grace period, and returns nil. When it returns, no goroutine of the server is running. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	var conns sync.WaitGroup
	hs := &http.Server{
		Handler:           s,
		Protocols:         protocols(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // connection errors
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew: // Serve itself reports this, so never after it has returned
				conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.limits.connections.Closed()
				conns.Done()
			}
		},
	}
	defer s.limits.connections.Wait()
	defer func() { s.refusals.Flush(s.now(), true) }()
	defer conns.Wait()
	served := make(chan error, 1)
	go func() { served <- s.serve(hs, ln) }()
	var background sync.WaitGroup
	defer background.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	background.Go(func() { s.files.Run(ctx) })
	background.Go(func() { s.sample(ctx) })
	background.Go(func() { s.writes.Run(ctx) })
	background.Go(func() { s.transcribe(ctx) })
	select {
	case err := <-served:
		hs.Close()
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	if s.drainTime > 0 {
		s.log.Info("stopping: no longer ready", "for", s.drainTime)
		select {
		case err := <-served:
			hs.Close()
			return fmt.Errorf("serving: %w", err)
		case <-time.After(s.drainTime):
		}
	}
	s.log.Info("stopping: waiting for uploads to end", "at_most", s.grace)
	grace, cancelGrace := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer cancelGrace()
	if err := hs.Shutdown(grace); err != nil {
		s.log.Warn("uploads cut off: they did not end in time", "error", err)
		hs.Close() // Shutdown has closed the listeners; only connections remain
	}
	<-served
	return nil
}

// serve accepts connections, over TLS if there is a certificate.
func (s *Server) serve(hs *http.Server, ln net.Listener) error {
	limited := s.limits.connections.Listener(ln, s.cert == nil)
	if s.cert == nil {
		return hs.Serve(limited)
	}
	hs.TLSConfig = s.cert.config()
	return hs.ServeTLS(limited, "", "")
}

// protocols returns HTTP/1.1, and HTTP/2 with and without TLS. A request that offers h2c, as Java's client always does,
// is answered over HTTP/1.1, as RFC 9113 allows.
func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return p
}
