package wire

import (
	"time"

	"rdiostress/internal/upload"
)

// prober is not needed here.
type prober struct{}

// stale reads from a connection that has nothing to say, for as short as can be waited.
func (s *socket) stale() bool {
	s.expiry = 0
	s.tcp.SetReadDeadline(time.Now().Add(time.Millisecond))
	var one [1]byte
	_, err := s.tcp.Read(one[:])
	return !upload.IsTimeout(err)
}
