package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// SetMaxUntrusted sets how much audio may be spooled before its key is known.
func (s *Server) SetMaxUntrusted(n int64) { s.spool.MaxUntrusted = n }

// Waiting returns how many uploads wait for a worker.
func (s *Server) Waiting() int64 { return s.limits.gate.Usage().Queue }

// HeldMemory returns the memory that is reserved for uploads.
func (s *Server) HeldMemory() int64 { return s.limits.gate.Usage().Memory }

// Sample takes one sample, as the server does each second while it serves.
func (s *Server) Sample(ctx context.Context) { s.sampleOnce(ctx) }

// Registry returns the registry of the server's metrics.
func (s *Server) Registry() *prometheus.Registry { return s.telemetry.Registry() }

// ProbeAlways makes the server probe the store on every check, however recent the last write is.
func (s *Server) ProbeAlways() { s.writes.Fresh = 0 }

// Untrusted returns how much audio is spooled whose key is not known yet.
func (s *Server) Untrusted() int64 { return s.spool.Untrusted() }

// TakeAudioFiles takes all files that long audio may use, until release is called.
func (s *Server) TakeAudioFiles() (release func()) {
	_, limit := s.limits.audioFiles.Usage()
	for range limit {
		s.limits.audioFiles.Acquire()
	}
	return func() {
		for range limit {
			s.limits.audioFiles.Release()
		}
	}
}
