package observe

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	psnet "github.com/shirou/gopsutil/v4/net"

	"rdiostress/internal/address"
)

// target is the address at which the server is connected to.
func (o *Options) target() (address.Target, error) { return address.ParseTarget(o.URL, o.Resolve) }

// isLocal reports whether the server is on this machine.
func (o *Options) isLocal(ctx context.Context) bool {
	target, err := o.target()
	return err == nil && target.IsLocal(ctx, net.DefaultResolver.LookupNetIP)
}

// listening returns the sockets that accept connections to a host and a port of this machine. If one listens on that
// exact address, sockets that listen on all addresses do not count.
func listening(ctx context.Context, host, port string) ([]psnet.ConnectionStat, error) {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	ips, err := net.LookupIP(host)
	if err != nil {
		return nil, err
	}
	conns, err := psnet.ConnectionsWithoutUidsWithContext(ctx, "tcp")
	if err != nil {
		return nil, err
	}
	var exact, all []psnet.ConnectionStat
	for _, c := range conns {
		if c.Status != "LISTEN" || c.Laddr.Port != uint32(number) {
			continue
		}
		switch ip := net.ParseIP(c.Laddr.IP); {
		case ip == nil || ip.IsUnspecified(): // "*" on some systems
			all = append(all, c)
		case slices.ContainsFunc(ips, ip.Equal):
			exact = append(exact, c)
		}
	}
	if len(exact) > 0 {
		return exact, nil
	}
	return all, nil
}

// listener returns the process that listens on a host and a port of this machine; 0 if none is visible. If there are
// several, as with workers that share a socket, it is their common ancestor. hidden means that there is one that this
// user may not see.
func listener(ctx context.Context, host, port string) (root int32, hidden bool, err error) {
	conns, err := listening(ctx, host, port)
	if err != nil {
		return 0, false, fmt.Errorf("the process that listens on port %s: %w", port, err)
	}
	var pids []int32
	for _, c := range conns {
		if c.Pid > 0 && !slices.Contains(pids, c.Pid) {
			pids = append(pids, c.Pid)
		}
	}
	if len(pids) == 0 {
		return 0, len(conns) > 0, nil
	}
	slices.Sort(pids)
	root = pids[0]
	table, err := readTable(ctx)
	if err != nil {
		return 0, false, err
	}
	for slices.Contains(pids, table[root].parent) {
		root = table[root].parent
	}
	return root, false, nil
}
