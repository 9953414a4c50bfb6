package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// SetMaxUntrusted changes how much audio may be spooled before its key is known.
func (s *Server) SetMaxUntrusted(n int64) { s.spool.MaxUntrusted = n }

// Waiting is how many uploads wait for a worker.
func (s *Server) Waiting() int64 { return s.limits.gate.Usage().Queue }

// HeldMemory is the memory that uploads are counted with.
func (s *Server) HeldMemory() int64 { return s.limits.gate.Usage().Memory }

// Sample has the server sample itself once, as it does each second while it serves.
func (s *Server) Sample(ctx context.Context) { s.sampleOnce(ctx) }

// Registry is where the server's metrics are gathered.
func (s *Server) Registry() *prometheus.Registry { return s.telemetry.Registry() }

// ProbeAlways has the server probe whether calls can be stored each time that it is asked, however old the last write
// is.
func (s *Server) ProbeAlways() { s.writes.Fresh = 0 }

// Untrusted is how much audio is spooled whose key is not known yet.
func (s *Server) Untrusted() int64 { return s.spool.Untrusted() }

// TakeAudioFiles takes all files that long audio may have, until release is called.
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
