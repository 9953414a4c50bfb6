package server

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"rdiostress/internal/server/call"
)

// The defaults of Options.
const (
	DefaultMaxUploadBytes = 100 << 20
	DefaultGrace          = 10 * time.Second
)

// Options say how a Server serves. Zero values of what has a default mean the default.
type Options struct {
	Store    call.Store
	SpoolDir string // where long uploads wait; swept when the server starts, so nobody else may use it
	Logger   *slog.Logger
	Version  string

	APIKey    string         // lets uploads in, from anywhere to everywhere
	KeyFile   string         // of further keys, which is read again when it changes; see ReadKeys
	ReadKey   string         // without which no calls are shown; empty is to show them to everybody
	KeyRate   Rate           // for each API key; zero is no limit
	FromRate  Rate           // for each client address; zero is no limit
	Limiter   Limiter        // counts against the rates; nil is one in memory
	Proxies   []netip.Prefix // whose X-Forwarded-For is believed
	CertFile  string         // certificate chain to serve TLS with, and its key; read again when they change
	CertKey   string
	Reload    time.Duration // how often files are looked at
	Look      time.Duration // how often the server looks at its own figures; 0 is every second
	DrainTime time.Duration // how long uploads are still taken after the server was told to stop and has stopped to be ready

	MaxUploadBytes int64         // of one request's body
	InlineAudio    int64         // audio that is kept in memory and in the store's rows; longer audio is a file
	MinFreeDisk    int64         // bytes that the spool folder's disk must have free; with less, uploads are answered 507
	Workers        int           // uploads parsed, hashed or spooled at once
	Queue          int           // uploads that may wait for a worker; more are answered 503
	UploadMemory   int64         // bytes that all uploads together may hold; more are answered 503
	MaxConnections int           // open at once; more are answered 503 and closed. Never more than the limit of open files has room for
	StoreFiles     int           // that the store has open at most
	MinRate        int64         // bytes/s that an upload must keep to; slower ones are answered 408
	Patience       time.Duration // how long MinRate may be missed
	Grace          time.Duration // how long uploads may take to end when the server is told to stop
	Now            func() time.Time

	Wrap func(http.Handler) http.Handler // put around all requests; nil for nothing
}

// check tells what is missing.
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
		if err := s.watch("certificate", load, o.CertFile, o.CertKey); err != nil {
			return err
		}
	}
	var own []Key
	if o.APIKey != "" {
		own = []Key{{Label: "api-key", SHA256: sha256.Sum256([]byte(o.APIKey))}}
	}
	if o.KeyFile == "" {
		return s.loadKeys(own, "", nil)
	}
	return s.watch("API keys", func(text [][]byte) error { return s.loadKeys(own, o.KeyFile, text[0]) }, o.KeyFile)
}
