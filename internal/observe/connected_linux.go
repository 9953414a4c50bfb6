package observe

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// socket is a TCP socket of this machine.
type socket struct {
	local, remote netip.AddrPort
	listens       bool
	established   bool
	uid           uint32
	inode         uint64
}

// connected returns which of some candidates the server's processes have connected to over TCP: its database, or the
// servers that it forwards uploads to. Candidates with the names of its databases are included in any case. If this
// user may not see a candidate's sockets, a candidate counts if its user owns a far end, unless that user is root or
// this user.
func connected(table map[int32]procStat, server, candidates []int32, port string, databases []string) map[int32]bool {
	found := make(map[int32]bool)
	far, ports := farEnds(sockets(), server, port)
	for _, pid := range candidates {
		name := table[pid].name
		if slices.Contains(databases, name) ||
			slices.ContainsFunc(portsOf(name), func(p uint16) bool { return ports[p] }) ||
			holds(pid, far) {
			found[pid] = true
		}
	}
	return found
}

// portsOf returns the default ports of a database server with a name: the other end of a connection to a container is
// not visible.
func portsOf(name string) []uint16 {
	switch name {
	case "postgres":
		return []uint16{5432}
	case "mysqld", "mariadbd", "mariadb":
		return []uint16{3306}
	default:
		return nil
	}
}

// farEnds returns the other ends of the connections that processes have opened, by inode, and the ports that they have
// connected to. Connections to a port that they listen on are their clients'.
func farEnds(all []socket, server []int32, port string) (far map[uint64]uint32, ports map[uint16]bool) {
	own := make(map[uint64]bool)
	for _, pid := range server {
		for _, inode := range socketInodes(pid) {
			own[inode] = true
		}
	}
	listens := make(map[uint16]bool)
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		listens[uint16(n)] = true
	}
	byEnds := make(map[[2]netip.AddrPort]socket)
	for _, s := range all {
		if s.listens && own[s.inode] {
			listens[s.local.Port()] = true
		}
		if s.established {
			byEnds[[2]netip.AddrPort{s.local, s.remote}] = s
		}
	}
	far, ports = make(map[uint64]uint32), make(map[uint16]bool)
	for _, s := range all {
		if !s.established || !own[s.inode] || listens[s.local.Port()] {
			continue
		}
		ports[s.remote.Port()] = true
		if end, ok := byEnds[[2]netip.AddrPort{s.remote, s.local}]; ok {
			far[end.inode] = end.uid
		}
	}
	return far, ports
}

// holds reports whether a process holds one of some sockets.
func holds(pid int32, far map[uint64]uint32) bool {
	info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	if err != nil {
		return false
	}
	if dir, err := os.Open(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
		dir.Close()
		return slices.ContainsFunc(socketInodes(pid), func(inode uint64) bool { _, ok := far[inode]; return ok })
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 || int(stat.Uid) == os.Getuid() {
		return false
	}
	for _, uid := range far {
		if uid == stat.Uid {
			return true
		}
	}
	return false
}

// socketInodes returns the sockets that a process has open, as far as this user may see them.
func socketInodes(pid int32) (inodes []uint64) {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	dir, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	for _, name := range names {
		to, err := os.Readlink(folder + "/" + name)
		if err != nil {
			continue
		}
		number, ok := strings.CutPrefix(to, "socket:[")
		if inode, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64); ok && err == nil {
			inodes = append(inodes, inode)
		}
	}
	return inodes
}

// sockets returns the TCP sockets of this machine.
func sockets() (list []socket) {
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if text, err := os.ReadFile(file); err == nil {
			list = append(list, parseSockets(text)...)
		}
	}
	return list
}

// parseSockets parses the format of /proc/net/tcp. It skips lines that it does not understand.
func parseSockets(text []byte) (list []socket) {
	const (
		local, remote, state, uid, inode = 1, 2, 3, 7, 9
		established, listen              = "01", "0A"
	)
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) <= inode {
			continue
		}
		from, err1 := parseEnd(string(fields[local]))
		to, err2 := parseEnd(string(fields[remote]))
		owner, err3 := strconv.ParseUint(string(fields[uid]), 10, 32)
		number, err4 := strconv.ParseUint(string(fields[inode]), 10, 64)
		if errors.Join(err1, err2, err3, err4) != nil {
			continue
		}
		list = append(list, socket{
			local: from, remote: to, established: string(fields[state]) == established,
			listens: string(fields[state]) == listen,
			uid:     uint32(owner), inode: number,
		})
	}
	return list
}

// parseEnd parses an address and port in the kernel's format: hexadecimal 32-bit words in the machine's byte order.
func parseEnd(text string) (netip.AddrPort, error) {
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		binary.BigEndian.PutUint32(raw[i:], binary.NativeEndian.Uint32(raw[i:]))
	}
	ip, ok := netip.AddrFromSlice(raw)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("%q is not an address", address)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), nil
}
