package wire

import (
	"bytes"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// unpaced is the congestion control of connections over the loopback where the system's own would pace them. Every
// Linux has it, and lets everybody choose it.
const loopbackCongestion = "reno"

// systemPaces tells whether the system's congestion control is one of the BBR family, which sends at a pace, by timers.
// On the loopback there is nothing to pace: it doubles what a large upload costs, and its pauses would be taken for the
// server's.
func systemUsesBBR() bool {
	name, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	return bytes.HasPrefix(name, []byte("bbr"))
}

// unpace keeps a connection that is about to be made from being paced, if it is over the loopback. A failure costs no
// more than the pacing does.
func (t *Target) setCongestion(fd int, to netip.Addr) {
	if t.bbr && to.IsLoopback() {
		_ = unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, loopbackCongestion)
	}
}

// control is unpace for package net.
func (t *Target) control(_, address string, raw syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil
	}
	return raw.Control(func(fd uintptr) { t.setCongestion(int(fd), to.Addr()) })
}
