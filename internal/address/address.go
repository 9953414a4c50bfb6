// Package address judges network addresses: which host and port a URL is connected to, whether that is this machine, a
// private network or the Internet, and what of a URL may be shown.
//
// There are three ways to ask for this machine. [IsLoopback] reads a host as it is written and asks nobody; a name that
// only looks like an address, such as 127.example.com, is a name. [Target.IsLoopback] looks names up, and
// [Target.IsLocal] knows this machine's own addresses as well. Another server may be behind such an address, because a
// router or a container engine may forward its ports: a guard in front of something dangerous uses Target.IsLoopback.
package address

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The server that is meant where none is named, and where the bundled one listens.
const (
	DefaultPort   = "8000"
	DefaultURL    = "http://localhost:" + DefaultPort
	DefaultListen = "127.0.0.1:" + DefaultPort
)

// Lookup finds the addresses of a host by its name. [net.Resolver.LookupNetIP] is one.
type Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// lookupTimeout limits how long a Lookup may take.
const lookupTimeout = 10 * time.Second

// Port is the port of a URL: the one that it names, or else the default port of its scheme.
func Port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}

// HostPort is the host and port of a URL as one word, such as scanner.example.org:80.
func HostPort(u *url.URL) string { return net.JoinHostPort(u.Hostname(), Port(u)) }

// Target is where the server of a URL is connected to.
type Target struct{ Host, Port string }

// ParseTarget returns where a URL is connected to. Resolve maps some hosts and ports, such as scanner.lan:80, to the
// ones that are connected to in their place.
func ParseTarget(server string, resolve map[string]string) (t Target, err error) {
	u, err := url.Parse(server)
	if err != nil {
		return t, fmt.Errorf("%s is no URL", Redact(server))
	}
	if to, ok := resolve[HostPort(u)]; ok {
		t.Host, t.Port, err = net.SplitHostPort(to)
		return t, err
	}
	return Target{u.Hostname(), Port(u)}, nil
}

// Addrs are the addresses of the target's host, which is looked up unless it is an address itself.
func (t Target) Addrs(ctx context.Context, find Lookup) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(t.Host); err == nil {
		return []netip.Addr{plain(a)}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addrs, err := find(ctx, "ip", t.Host)
	if err != nil {
		return nil, err
	}
	for i := range addrs {
		addrs[i] = plain(addrs[i])
	}
	return addrs, nil
}

// IsName reports whether the target's host is a name, and not an address.
func (t Target) IsName() bool {
	_, err := netip.ParseAddr(t.Host)
	return err != nil
}

// IsLocal reports whether the target is this machine: whether every address of its host is a loopback address or one of
// this machine's own. A host without an address is elsewhere.
func (t Target) IsLocal(ctx context.Context, find Lookup) bool {
	own := ownAddrs()
	return t.hasOnly(ctx, find, func(a netip.Addr) bool { return a.IsLoopback() || slices.Contains(own, a) })
}

// IsLoopback reports whether every address of the target's host is a loopback address. A host without an address is
// elsewhere.
func (t Target) IsLoopback(ctx context.Context, find Lookup) bool {
	return t.hasOnly(ctx, find, netip.Addr.IsLoopback)
}

// hasOnly reports whether the target's host is localhost, or has addresses and all of them are of a kind.
func (t Target) hasOnly(ctx context.Context, find Lookup, kind func(netip.Addr) bool) bool {
	if IsLoopback(t.Host) {
		return true
	}
	addrs, err := t.Addrs(ctx, find)
	return err == nil && len(addrs) > 0 && !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !kind(a) })
}

// PublicAddr returns the first address of the target that is neither of this machine nor of a private network. There
// is no such address where the host is not found.
func (t Target) PublicAddr(ctx context.Context, find Lookup) (a netip.Addr, ok bool) {
	addrs, err := t.Addrs(ctx, find)
	if err != nil {
		return a, false
	}
	if i := slices.IndexFunc(addrs, func(a netip.Addr) bool { return !IsPrivate(a) }); i >= 0 {
		return addrs[i], true
	}
	return a, false
}

// IsLoopback reports whether a host is written as this machine: localhost, or a loopback address.
func IsLoopback(host string) bool {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && plain(a).IsLoopback()
}

// IsLoopbackURL reports whether the host of a URL is written as this machine.
func IsLoopbackURL(server string) bool {
	u, err := url.Parse(server)
	return err == nil && IsLoopback(u.Hostname())
}

// IsPrivate reports whether an address is not reached from the Internet: of this machine, of a private or local
// network, or of the space that carriers and overlay networks share (RFC 6598).
func IsPrivate(a netip.Addr) bool {
	a = plain(a)
	carriers := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10)
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || carriers.Contains(a)
}

// plain is an address without a zone, and an IPv4 address in IPv6 as IPv4.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// ownAddrs are the addresses of this machine's network interfaces.
func ownAddrs() []netip.Addr {
	nets, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var own []netip.Addr
	for _, n := range nets {
		if p, err := netip.ParsePrefix(n.String()); err == nil {
			own = append(own, plain(p.Addr()))
		}
	}
	return own
}
