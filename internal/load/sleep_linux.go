package load

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// kernelSleeper sleeps on a timerfd that the runtime's network poller waits for. The poller's own timeouts, on which
// Go's timers hang, have millisecond grain; a descriptor that becomes readable wakes it at once.
type kernelSleeper struct {
	start time.Time
	file  *os.File
	buf   [8]byte
}

// newSleeper returns the most exact sleeper there is.
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

// arm sets the timer. It goes through the file, which may be closed meanwhile, so that the descriptor stays its own.
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

// stop makes every read return at once, now and later. It fails only if the file is closed, which does so too.
func (s *kernelSleeper) stop() { _ = s.file.SetReadDeadline(time.Unix(1, 0)) }

func (s *kernelSleeper) close() { _ = s.file.Close() } // nothing was written
