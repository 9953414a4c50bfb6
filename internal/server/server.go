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

	"github.com/prometheus/client_golang/prometheus"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute // trunk-recorder and SDRTrunk keep no connection for longer than that
	headerBytes   = 64 << 10        // of a request's head; net/http takes up to 8 kB more
)

// Server takes and lists calls over HTTP. Make one with New.
type Server struct {
	store   call.Store
	spool   *spool
	disk    *diskGuard
	log     *slog.Logger
	version string

	keys        atomic.Pointer[keyring]
	readSum     *[sha256.Size]byte // of the key to read with; nil is that none is needed
	keyRate     Rate
	fromRate    Rate
	limiter     Limiter
	proxies     []netip.Prefix
	door        *door
	audioFiles  *fileRoom
	cert        *certificate // nil without TLS
	watched     []*watched
	reloadEvery time.Duration

	maxBytes  int64
	draining  atomic.Bool
	drainTime time.Duration
	grace     time.Duration
	now       func() time.Time

	minRate  int64
	patience time.Duration

	admission *admission
	reading   readingRoom
	refusals  *refusalLog
	readers   sync.Pool // of *bufio.Reader
	stats     counters
	stages    stages
	vitals    vitals
	alerts    *alertBook
	registry  *prometheus.Registry

	vitalsEvery time.Duration
	storing     storing
	handler     http.Handler
}

// New makes a server and sweeps its spool folder. The caller keeps the store, and closes it after Serve.
func New(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	shares, err := shareFiles(openFilesLimit(), cmp.Or(o.StoreFiles, DefaultStoreFiles))
	if err != nil {
		return nil, err
	}
	audioFiles := &fileRoom{limit: int64(shares.audio)}
	disk := newDiskGuard(o.SpoolDir, o.MinFreeDisk)
	spool, err := openSpool(o.SpoolDir, cmp.Or(o.InlineAudio, DefaultInlineAudio), audioFiles, disk)
	if err != nil {
		return nil, fmt.Errorf("spool folder: %w", err)
	}
	s := &Server{
		store:       o.Store,
		spool:       spool,
		disk:        disk,
		log:         cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		version:     o.Version,
		keyRate:     o.KeyRate,
		fromRate:    o.FromRate,
		limiter:     o.Limiter,
		proxies:     o.Proxies,
		door:        newDoor(min(cmp.Or(o.MaxConnections, DefaultMaxConnections), shares.connections)),
		audioFiles:  audioFiles,
		reloadEvery: cmp.Or(o.Reload, reloadEvery),
		maxBytes:    cmp.Or(o.MaxUploadBytes, DefaultMaxUploadBytes),
		minRate:     cmp.Or(o.MinRate, DefaultMinRate),
		patience:    cmp.Or(o.Patience, DefaultPatience),
		admission: newAdmission(cmp.Or(o.Workers, DefaultWorkers), cmp.Or(o.Queue, DefaultQueue),
			cmp.Or(o.UploadMemory, DefaultUploadMemory)),
		reading:     newReadingRoom(),
		stages:      newStages(),
		vitalsEvery: cmp.Or(o.Look, vitalsEvery),
		drainTime:   o.DrainTime,
		grace:       cmp.Or(o.Grace, DefaultGrace),
		now:         o.Now,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.limiter == nil {
		s.limiter = newMemoryLimiter(s.now)
	}
	if err := s.loadFiles(o); err != nil {
		return nil, err
	}
	s.storing.store, s.storing.log, s.storing.fresh = s.store, s.log, probeFresh
	s.refusals = newRefusalLog(s.log)
	s.alerts = newAlertBook(s.log)
	s.registry = newRegistry(s)
	s.handler = s.routes()
	if o.Wrap != nil {
		s.handler = o.Wrap(s.handler)
	}
	return s, nil
}

// ServeHTTP answers one request; it makes a Server an http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recoverPanic(w, r)
	steadyWriter{ResponseWriter: w}.extend() // the deadline of the connection's last reply is not for this request
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
	mux.HandleFunc("/api/calls", s.allow(s.forReaders(s.handleCalls), http.MethodGet, http.MethodHead))
	mux.HandleFunc("/api/calls/{id}", s.allow(s.forReaders(s.handleCall), http.MethodGet, http.MethodHead))
	mux.HandleFunc("/api/calls/{id}/audio", s.allow(s.forReaders(s.handleAudio), http.MethodGet, http.MethodHead))
	mux.HandleFunc("/api/alerts", s.allow(s.handleAlerts, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/metrics", s.allow(s.handleMetrics(), http.MethodGet, http.MethodHead))
	mux.HandleFunc("/openapi.yaml", s.allow(s.handleOpenAPI, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/health", s.allow(s.handleHealth, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/ready", s.allow(s.handleReady, http.MethodGet, http.MethodHead))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNoPage) })
	return mux
}

// Serve answers requests on ln until ctx ends. It then takes no more of them, waits for the ones in hand for the grace period
// at most, and returns nil; when it returns, nothing of the server runs any more. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	var conns sync.WaitGroup
	hs := &http.Server{
		Handler:           s,
		Protocols:         protocols(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // what clients do to their connections
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew: // said by Serve itself, so never after it has returned
				conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.door.left()
				conns.Done()
			}
		},
	}
	defer s.door.leaving.Wait()
	defer func() { s.refusals.flush(s.now(), true) }()
	defer conns.Wait()
	served := make(chan error, 1)
	go func() { served <- s.serve(hs, ln) }()
	var keeper sync.WaitGroup
	defer keeper.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	keeper.Go(func() { s.keepLoaded(ctx) })
	keeper.Go(func() { s.keepVitals(ctx) })
	keeper.Go(func() { s.storing.keep(ctx) })
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
		hs.Close() // Shutdown has closed the listeners; what is left are connections that are to be cut off
	}
	<-served
	return nil
}

// serve takes connections, over TLS where there is a certificate.
func (s *Server) serve(hs *http.Server, ln net.Listener) error {
	guarded := &guardedListener{Listener: ln, door: s.door, text: s.cert == nil}
	if s.cert == nil {
		return hs.Serve(guarded)
	}
	hs.TLSConfig = s.cert.config()
	return hs.ServeTLS(guarded, "", "")
}

// protocols are HTTP/1.1, and HTTP/2 with TLS or without. A request that offers to change to h2c, as Java's client does with each,
// is answered over HTTP/1.1, as it may be.
func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return p
}
