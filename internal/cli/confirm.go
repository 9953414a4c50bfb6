package cli

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// lookup finds a host's addresses.
type lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// confirm asks before calls are left on a server that is neither on this machine nor on a private network. Where nobody can be
// asked, --yes has to say so beforehand.
func (o *runOptions) confirm(ctx context.Context, find lookup) error {
	if o.yes || o.withServer {
		return nil
	}
	host, addr := publicAddress(ctx, find, o.scenario.URL, o.connection.hosts)
	if host == "" {
		return nil
	}
	if host != addr.String() {
		host = fmt.Sprintf("%s (%s)", host, addr)
	}
	what := fmt.Sprintf("%s is neither this machine nor on a private network, and this run leaves %s there", host, o.callsLeft())
	if !o.ios.InTerminal {
		return usageErrorf("pass --yes if the server is yours to test", "%s", what)
	}
	fmt.Fprintf(o.ios.Err, "rdiostress: %s,\nunder the system label \"rdiostress\", with file names that begin with rs-. Go on? [y/N] ", what)
	// An interrupt while this waits ends the program.
	if said, err := bufio.NewReader(o.ios.In).ReadString('\n'); err != nil && err != io.EOF || !isYes(said) {
		return usageErrorf("", "not confirmed: no call was sent")
	}
	return nil
}

func isYes(said string) bool {
	said = strings.ToLower(strings.TrimSpace(said))
	return said == "y" || said == "yes"
}

// callsLeft says how many calls a run leaves where.
func (o *runOptions) callsLeft() string {
	s := &o.scenario
	where := "in system " + s.Systems.String()
	if len(o.mischief) > 0 {
		where += ", with mischief beside them,"
	}
	if n, known := s.Calls(); known {
		return fmt.Sprintf("about %s calls %s", humanize.Comma(int64(n)), where)
	}
	return fmt.Sprintf("as many calls as it takes from %d uploaders in %v, %s", s.MaxConcurrent, s.Length(), where)
}

// lookupTime is how long finding the host's addresses may take before the question.
const lookupTime = 10 * time.Second

// publicAddress is the target's host and the first of its addresses that is not private; no host where there is none, or where the
// host has no address, which shows when it is connected to.
func publicAddress(ctx context.Context, find lookup, target string, instead map[string]string) (host string, addr netip.Addr) {
	u, err := url.Parse(target)
	if err != nil {
		return "", addr
	}
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	host = u.Hostname()
	if other, ok := instead[net.JoinHostPort(host, cmp.Or(u.Port(), port))]; ok {
		host, _, _ = net.SplitHostPort(other)
	}
	addrs := []netip.Addr{}
	if literal, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, literal)
	} else {
		ctx, cancel := context.WithTimeout(ctx, lookupTime)
		defer cancel()
		if addrs, err = find(ctx, "ip", host); err != nil {
			return "", addr
		}
	}
	for _, a := range addrs {
		if !isPrivate(a) {
			return host, a.Unmap().WithZone("")
		}
	}
	return "", addr
}

// shared is the address space of carriers' own networks (RFC 6598), which overlay networks use too; it is not reached from the
// Internet.
func shared() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10) }

func isPrivate(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || shared().Contains(a)
}
