package server

// SetMaxUntrusted changes how much audio may be spooled before its key is known.
func (s *Server) SetMaxUntrusted(n int64) { s.spool.maxUntrusted = n }
