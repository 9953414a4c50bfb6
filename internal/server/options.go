package server

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"rdiostress/internal/server/apikey"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/server/transcribe"
)

// Defaults of Options, besides those of admission and intake.
const (
	DefaultMaxUploadBytes = 100 << 20
	DefaultGrace          = 10 * time.Second
)

// Options are the options of a Server. A zero value means the default, if there is one.
type Options struct {
	Store    call.Store
	SpoolDir string // holds long uploads; swept at the start, so no other program may use it
	Logger   *slog.Logger
	Version  string

	APIKey  string // accepted from every address and for every call
	KeyFile string // file of more keys, which is reloaded when it changes; see apikey.ReadFile
	// MoreKeys means that keys come by ReplaceKeys, too.
	MoreKeys bool
	ReadKey  string            // required to see calls; if empty, everybody sees them
	KeyRate  ratelimit.Rate    // for each API key; zero means no limit
	FromRate ratelimit.Rate    // for each client address; zero means no limit
	Limiter  ratelimit.Limiter // counts against the rates; nil means a limiter in memory
	// LimitFailClosed refuses uploads whose rate limit cannot be looked up. Otherwise they are allowed.
	LimitFailClosed bool
	Proxies         []netip.Prefix // trusted proxies, whose X-Forwarded-For counts
	CertFile        string         // certificate chain for TLS; reloaded when it or its key changes
	CertKey         string         // key of the certificate
	Reload          time.Duration  // how often these files are read
	Sample          time.Duration  // interval of samples; 0 means every second
	// DrainTime is how long uploads are still accepted after the server is told to stop, while it is not ready.
	DrainTime time.Duration

	MaxUploadBytes int64 // of one request's body
	InlineAudio    int64 // audio kept in memory and in the store's rows; longer audio is a file
	// MinFreeDisk is how many bytes the spool folder's disk must have free; with less, uploads get 507.
	MinFreeDisk  int64
	Workers      int   // uploads parsed, hashed or spooled at once
	Queue        int   // uploads that may wait for a worker; more get 503
	UploadMemory int64 // bytes that all uploads together may hold; more uploads get 503
	// MaxConnections is the maximum of open connections; more get 503 and are closed. The limit of open files also
	// applies.
	MaxConnections int
	StoreFiles     int           // maximum of files that the store has open
	MinRate        int64         // minimum rate in bytes/s; slower uploads get 408
	Patience       time.Duration // how long the rate may be below MinRate
	Grace          time.Duration // how long uploads may continue after the server is told to stop
	Now            func() time.Time

	// Transcribe has stored calls transcribed in the background; nil means not. The server sets its Audio, Grace and
	// Log.
	Transcribe *transcribe.Options

	Wrap func(http.Handler) http.Handler // wraps the handler of all requests; nil means no wrapper
}

// check returns an error if a required option is missing.
func (o *Options) check() error {
	switch {
	case o.Store == nil:
		return errors.New("server: no store")
	case o.APIKey == "" && o.KeyFile == "" && !o.MoreKeys:
		return errors.New("server: no API key")
	case o.SpoolDir == "":
		return errors.New("server: no spool folder")
	}
	return nil
}

// loadFiles loads keys and certificates and records their files for reloading.
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
	if o.APIKey != "" {
		s.keys.Replace(apikey.SourceOption,
			[]apikey.Key{{Label: "api-key", SHA256: sha256.Sum256([]byte(o.APIKey))}})
	}
	if o.KeyFile == "" {
		return nil
	}
	return s.files.Load("API keys", func(text [][]byte) error {
		more, err := apikey.Parse(text[0])
		if err != nil {
			return fmt.Errorf("%s: %w", o.KeyFile, err)
		}
		s.keys.Replace(apikey.SourceFile, more)
		return nil
	}, o.KeyFile)
}
