package wire

import (
	"bytes"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// loopbackCongestion is the congestion control of connections over the loopback if the system's own would pace them.
// Every Linux has it and lets every process choose it.
const loopbackCongestion = "reno"

// systemUsesBBR reports whether the system's congestion control is of the BBR family, which paces what it sends by
// timers. On the loopback, pacing doubles the cost of a large upload, and its pauses would be taken for the server's.
func systemUsesBBR() bool {
	name, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	return bytes.HasPrefix(name, []byte("bbr"))
}

// setCongestion turns off the pacing of a connection over the loopback that is about to be made. If it fails, the
// connection is paced.
func (t *Target) setCongestion(fd int, to netip.Addr) {
	if t.bbr && to.IsLoopback() {
		_ = unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, loopbackCongestion)
	}
}

// control is setCongestion as a net.Dialer calls it.
func (t *Target) control(_, address string, raw syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil
	}
	return raw.Control(func(fd uintptr) { t.setCongestion(int(fd), to.Addr()) })
}
