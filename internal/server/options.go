package server

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/ratelimit"
)

// The defaults of Options, besides those of admission and intake.
const (
	DefaultMaxUploadBytes = 100 << 20
	DefaultGrace          = 10 * time.Second
)

// Options say how a Server serves. A zero value means the default, where there is one.
type Options struct {
	Store    call.Store
	SpoolDir string // where long uploads wait; it is swept at the start, so nobody else may use it
	Logger   *slog.Logger
	Version  string

	APIKey   string            // lets uploads in, from anywhere to everywhere
	KeyFile  string            // of further keys, which is read again when it changes; see apikey.ReadFile
	ReadKey  string            // without which no calls are shown; if empty, they are shown to everybody
	KeyRate  ratelimit.Rate    // for each API key; zero means no limit
	FromRate ratelimit.Rate    // for each client address; zero means no limit
	Limiter  ratelimit.Limiter // counts against the rates; nil means one in memory
	Proxies  []netip.Prefix    // whose X-Forwarded-For is believed
	CertFile string            // certificate chain to serve TLS with; read again when it or its key changes
	CertKey  string            // key of the certificate
	Reload   time.Duration     // how often these files are read
	Sample   time.Duration     // how often the server samples itself; 0 means every second
	// DrainTime is how long uploads are still taken after the server was told to stop, while it is not ready.
	DrainTime time.Duration

	MaxUploadBytes int64 // of one request's body
	InlineAudio    int64 // audio that is kept in memory and in the store's rows; longer audio is a file
	// MinFreeDisk is how many bytes the spool folder's disk must have free; with less, uploads are answered 507.
	MinFreeDisk  int64
	Workers      int   // uploads parsed, hashed or spooled at once
	Queue        int   // uploads that may wait for a worker; more are answered 503
	UploadMemory int64 // bytes that all uploads together may hold; more are answered 503
	// MaxConnections are open at once; more are answered 503 and closed. The limit of open files bounds it, too.
	MaxConnections int
	StoreFiles     int           // that the store has open at most
	MinRate        int64         // bytes/s that an upload must keep to; slower ones are answered 408
	Patience       time.Duration // how long MinRate may be missed
	Grace          time.Duration // how long uploads may take to end after the server was told to stop
	Now            func() time.Time

	Wrap func(http.Handler) http.Handler // wraps the handler of all requests; nil means nothing does
}

// check returns an error if something is missing.
func (o *Options) check() error {
	switch {
	case o.Store == nil:
		return errors.New("server: no store")
	case o.APIKey == "" && o.KeyFile == "":
		return errors.New("server: no API key")
	case o.SpoolDir == "":
		return errors.New("server: no spool folder")
	}
	return nil
}

// loadFiles loads keys and certificates, and remembers where they came from.
func (s *Server) loadFiles(o Options) error {
	if o.ReadKey != "" {
		sum := sha256.Sum256([]byte(o.ReadKey))
		s.readSum = &sum
	}
	if o.CertFile != "" {
		s.cert = &certificate{}
		load := func(text [][]byte) error { return s.cert.load(o.CertFile, o.CertKey, text[0], text[1]) }
		if err := s.files.Load("certificate", load, o.CertFile, o.CertKey); err != nil {
			return err
		}
	}
	var own []apikey.Key
	if o.APIKey != "" {
		own = []apikey.Key{{Label: "api-key", SHA256: sha256.Sum256([]byte(o.APIKey))}}
	}
	s.keys.Replace(own)
	if o.KeyFile == "" {
		return nil
	}
	return s.files.Load("API keys", func(text [][]byte) error {
		more, err := apikey.Parse(text[0])
		if err != nil {
			return fmt.Errorf("%s: %w", o.KeyFile, err)
		}
		s.keys.Replace(slices.Concat(own, more))
		return nil
	}, o.KeyFile)
}
