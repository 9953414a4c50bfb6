package wire

import (
	"context"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"rdiostress/internal/upload"
)

// open opens a connection for an upload, unless too many others are being opened.
func (l *Loop) open(c *conn, now time.Duration) {
	if c.asked = now; !c.to.mayOpen() {
		c.state = queueing
		c.to.waiting = append(c.to.waiting, c)
		return
	}
	l.openNow(c, now)
}

// openWaiting opens connections that waited for others: as many as are allowed now, and those that have waited for
// long.
func (l *Loop) openWaiting(now time.Duration) {
	for _, s := range l.servers {
		for len(s.waiting) > 0 {
			c := s.waiting[0]
			if !s.mayOpen() && now < min(c.asked+openingWait, c.by) {
				break
			}
			s.waiting = s.waiting[1:]
			l.openNow(c, now)
		}
		if len(s.waiting) == 0 {
			s.waiting = nil
		}
	}
}

// anyWaits reports whether any connection waits for others to open.
func (l *Loop) anyWaits() bool {
	for _, s := range l.servers {
		if len(s.waiting) > 0 {
			return true
		}
	}
	return false
}

// mayOpen reports whether another connection may be opened now. While the address of the target is unknown, only one
// connection is opened, which finds it out.
func (s *server) mayOpen() bool {
	return s.opening == 0 || s.opening < maxOpening && s.found.Load() != nil
}

// openNow connects to the address of the last connection. If there is none, or if the last attempt failed, another
// goroutine resolves the name, as that can take long.
func (l *Loop) openNow(c *conn, now time.Duration) {
	c.state, c.asked = connecting, now
	c.to.opening++
	to := c.to.found.Load()
	if to != nil && to.Addr().Zone() == "" {
		l.openAt(c, *to)
		return
	}
	by := min(c.by, now+c.to.connect)
	l.openers.Go(func() {
		ctx, cancel := context.WithDeadline(context.Background(), l.target.start.Add(by))
		defer cancel()
		fd := -1
		tcp, err := c.to.dial(ctx)
		connected := l.target.clock()
		if err == nil {
			fd, err = detach(tcp)
		}
		l.post(func() { l.dialed(c, fd, connected, err) })
	})
}

// detach takes the file descriptor out of a connection of package net, which would poll it too.
func detach(tcp *net.TCPConn) (fd int, err error) {
	defer tcp.Close()
	raw, err := tcp.SyscallConn()
	if err != nil {
		return -1, err
	}
	var dup error
	err = raw.Control(func(own uintptr) {
		fd, dup = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil {
		err = os.NewSyscallError("fcntl", dup)
	}
	return fd, err
}

// dialed continues after another goroutine has tried to connect.
func (l *Loop) dialed(c *conn, fd int, connected time.Duration, err error) {
	if err == nil {
		if err = l.watch(fd, c.index, c.generation); err != nil {
			unix.Close(fd)
		}
	}
	if err != nil {
		l.openFailed(c, err)
		return
	}
	c.fd = fd
	l.opened(c, connected)
}

// openAt starts to connect to an address.
func (l *Loop) openAt(c *conn, to netip.AddrPort) {
	family, address := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Addr: to.Addr().As16(), Port: int(to.Port())})
	if to.Addr().Is4() {
		family, address = unix.AF_INET, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		l.openFailed(c, dialError(to, "socket", err))
		return
	}
	c.fd, c.dialing = fd, to
	c.to.setCongestion(fd, to.Addr())
	// if it fails, requests are sent a little later
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err = unix.Connect(fd, address); err != nil && err != unix.EINPROGRESS {
		c.to.found.Store(nil)
		l.openFailed(c, dialError(to, "connect", err))
		return
	}
	l.by[c.index] = min(c.by, c.asked+c.to.connect)
	if err = l.watch(fd, c.index, c.generation); err != nil {
		l.openFailed(c, err)
	}
}

// dialError is the error that package net would return for a system call that failed while connecting.
func dialError(to netip.AddrPort, call string, err error) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: os.NewSyscallError(call, err)}
}

// connect finds out whether the connection has been opened.
func (l *Loop) connect(c *conn) {
	if c.fd < 0 {
		return
	}
	code, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err != nil {
		c.to.found.Store(nil)
		l.openFailed(c, dialError(c.dialing, "connect", err))
		return
	}
	l.opened(c, l.target.clock())
}

// opened sends the upload for which the connection was opened.
func (l *Loop) opened(c *conn, now time.Duration) {
	c.to.opening--
	c.opened, c.connected, c.keep = true, now-c.asked, 0
	l.layOut(c, &l.drafts[0]) // it is free: nothing is staged while the loop handles events
	l.send(c, false, now)
}

// openFailed ends the upload for which no connection could be opened.
func (l *Loop) openFailed(c *conn, err error) {
	c.to.opening--
	l.fail(c, upload.Classify(err, false), err)
}
