package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// SetMaxUntrusted changes how much audio may be spooled before its key is known.
func (s *Server) SetMaxUntrusted(n int64) { s.spool.maxUntrusted = n }

// Waiting is how many uploads wait for a worker.
func (s *Server) Waiting() int64 { return s.admission.waiting.Load() }

// HeldMemory is what uploads in hand count with.
func (s *Server) HeldMemory() int64 { return s.admission.used.Load() + s.admission.large.Load() }

// Look has the server look at itself once, as it does each second while it serves.
func (s *Server) Look(ctx context.Context) { s.look(ctx) }

// Registry is where the server's metrics are gathered.
func (s *Server) Registry() *prometheus.Registry { return s.registry }

// ProbeAlways has the server look whether calls can be stored each time that it is asked, however lately one was.
func (s *Server) ProbeAlways() { s.storing.fresh = 0 }

// Untrusted is how much audio is spooled whose key is not known yet.
func (s *Server) Untrusted() int64 { return s.spool.untrusted.Load() }

// TakeAudioFiles takes all files that long audio may have, until give is called.
func (s *Server) TakeAudioFiles() (give func()) {
	s.audioFiles.open.Add(s.audioFiles.limit)
	return func() { s.audioFiles.open.Add(-s.audioFiles.limit) }
}
