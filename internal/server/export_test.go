package server

// SetMaxUntrusted changes how much audio may be spooled before its key is known.
func (s *Server) SetMaxUntrusted(n int64) { s.spool.maxUntrusted = n }

// Waiting is how many uploads wait for a worker.
func (s *Server) Waiting() int64 { return s.admission.waiting.Load() }

// HeldMemory is what uploads in hand count with.
func (s *Server) HeldMemory() int64 { return s.admission.used.Load() + s.admission.large.Load() }
