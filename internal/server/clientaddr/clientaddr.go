// Package clientaddr finds out who sent a request: the address of the connection, what trusted proxies report, and
// which addresses belong to one client.
package clientaddr

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Of returns the address that a request comes from. X-Forwarded-For counts if the proxy that sent it is trusted; the
// same holds for each proxy before it. The zero address means that the address is unknown.
func Of(r *http.Request, proxies []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // such as the fake request of a test
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap().WithZone("")
	if len(proxies) == 0 {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0 && Within(proxies, addr); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = before.Unmap().WithZone("")
	}
	return addr
}

// Prefix returns what identifies a client: its address, or in IPv6 the network of one subscriber.
func Prefix(addr netip.Addr) string {
	if addr.Is6() {
		if net, err := addr.Prefix(64); err == nil {
			return net.String()
		}
	}
	return addr.String()
}

// Within reports whether an address is in one of several networks.
func Within(nets []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(nets, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// ParseNetwork parses a network such as 10.0.0.0/8, or a single address as a network.
func ParseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// ParseNetworks parses networks and single addresses.
func ParseNetworks(list []string) ([]netip.Prefix, error) {
	var nets []netip.Prefix
	for _, s := range list {
		net, err := ParseNetwork(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("%q is not a network such as 10.0.0.0/8", s)
		}
		nets = append(nets, net)
	}
	return nets, nil
}
