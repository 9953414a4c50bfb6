package target

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strconv"

	psnet "github.com/shirou/gopsutil/v4/net"
)

// address is where the server of a URL is connected to: host and port.
func address(server string, resolve map[string]string) (host, port string, err error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", "", err
	}
	host, port = u.Hostname(), u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	if to, ok := resolve[net.JoinHostPort(host, port)]; ok {
		return net.SplitHostPort(to)
	}
	return host, port, nil
}

// isLocal tells whether a server is on this machine.
func isLocal(server string, resolve map[string]string) bool {
	host, _, err := address(server, resolve)
	if err != nil {
		return false
	}
	ips, err := net.LookupIP(host)
	if err != nil || len(ips) == 0 {
		return false
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return ips[0].IsLoopback() || slices.ContainsFunc(own, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ips[0])
	})
}

// listeners are the processes that listen on a port of this machine, as far as this user may see them.
func listeners(ctx context.Context, port string) (pids []int32, err error) {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	conns, err := psnet.ConnectionsWithoutUidsWithContext(ctx, "tcp")
	if err != nil {
		return nil, err
	}
	for _, c := range conns {
		if c.Status == "LISTEN" && c.Laddr.Port == uint32(number) && c.Pid > 0 && !slices.Contains(pids, c.Pid) {
			pids = append(pids, c.Pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}
