package load

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// kernelSleeper sleeps with a timerfd in the runtime's network poller. The poller wakes at once when a descriptor
// becomes readable, while its own timeouts, which timers of Go use, are in milliseconds.
type kernelSleeper struct {
	start time.Time
	file  *os.File
	buf   [8]byte
}

// newSleeper returns the most exact sleeper of the platform.
func newSleeper(start time.Time) (sleeper, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("cannot make a timer: %w", err)
	}
	return &kernelSleeper{start: start, file: os.NewFile(uintptr(fd), "timerfd")}, nil
}

func (s *kernelSleeper) until(t time.Duration) bool {
	left := t - time.Since(s.start)
	if left <= 0 {
		return true
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(left))}
	if err := s.arm(&spec); err != nil {
		return false
	}
	_, err := s.file.Read(s.buf[:])
	return err == nil
}

// arm sets the timer. It goes through the file, so that the descriptor stays valid if the file is closed meanwhile.
func (s *kernelSleeper) arm(spec *unix.ItimerSpec) error {
	conn, err := s.file.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := conn.Control(func(fd uintptr) { set = unix.TimerfdSettime(int(fd), 0, spec, nil) }); err != nil {
		return err
	}
	return set
}

// stop makes every read return at once, now and later. It only fails if the file is closed, which does so too.
func (s *kernelSleeper) stop() { _ = s.file.SetReadDeadline(time.Unix(1, 0)) }

func (s *kernelSleeper) close() { _ = s.file.Close() } // nothing was written
