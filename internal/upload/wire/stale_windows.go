package wire

import (
	"time"

	"rdiostress/internal/upload"
)

// prober is empty on Windows.
type prober struct{}

// stale reads from an idle connection, waiting as little as possible.
func (s *socket) stale() bool {
	s.expiry = 0
	s.tcp.SetReadDeadline(time.Now().Add(time.Millisecond))
	var one [1]byte
	_, err := s.tcp.Read(one[:])
	return !upload.IsTimeout(err)
}
