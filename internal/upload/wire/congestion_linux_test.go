package wire

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// congestionControl returns the congestion control of a connection of the target's dialer.
func congestionControl(t *testing.T, target *Target) string {
	t.Helper()
	conn, err := target.dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var name string
	if err := raw.Control(func(fd uintptr) {
		name,
			err = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
	}); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestLoopbackIsNotPaced(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	target := &Target{addr: ln.Addr().String()}
	target.dialer.Control = target.control
	usual := congestionControl(t, target)
	if usual == loopbackCongestion {
		t.Skipf("the system's congestion control is %s itself: set net.ipv4.tcp_congestion_control to another to tell "+
			"them apart", loopbackCongestion)
	}
	target.bbr = true
	if got := congestionControl(t, target); got != loopbackCongestion {
		t.Errorf("over the loopback, where the system paces: %s, want %s", got, loopbackCongestion)
	}
	target.bbr = false
	if got := congestionControl(t, target); got != usual {
		t.Errorf("where it does not: %s, want the system's own, %s", got, usual)
	}
}

func TestOnlyLoopbackIsUnpaced(t *testing.T) {
	target := &Target{bbr: true}
	for address, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "192.0.2.1": false,
		"2001:db8::1": false,
	} {
		t.Run(address, func(t *testing.T) {
			to := netip.MustParseAddr(address)
			family := unix.AF_INET
			if to.Is6() {
				family = unix.AF_INET6
			}
			fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Skipf("no socket for %s here: %v", address, err)
			}
			defer unix.Close(fd)
			usual, _ := unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION)
			if usual == loopbackCongestion {
				t.Skipf("the system's congestion control is %s itself: set net.ipv4.tcp_congestion_control to another "+
					"to tell them apart", loopbackCongestion)
			}
			target.setCongestion(fd, to)
			got, err := unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION)
			if err != nil {
				t.Fatal(err)
			}
			if expected := map[bool]string{true: loopbackCongestion, false: usual}[want]; got != expected {
				t.Errorf("%s: %s, want %s", address, got, expected)
			}
		})
	}
}
