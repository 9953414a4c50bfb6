//go:build unix

package wire

import "golang.org/x/sys/unix"

// prober probes an idle connection. Its function is made once, as making it allocates.
type prober struct {
	look  func(fd uintptr)
	stale bool
}

// stale reads from an idle connection without waiting.
func (s *socket) stale() bool {
	p := &s.probe
	if p.look == nil {
		p.look = func(fd uintptr) {
			var one [1]byte
			_, err := unix.Read(int(fd), one[:])
			for err == unix.EINTR {
				_, err = unix.Read(int(fd), one[:])
			}
			p.stale = err != unix.EAGAIN
		}
	}
	return s.raw.Control(p.look) != nil || p.stale
}
