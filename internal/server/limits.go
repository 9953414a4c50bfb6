package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
)

// limit takes an upload out of a bucket of a rate, says in the reply's header what is left, and refuses it if nothing is. A zero
// rate is no limit. The header fields are those of draft-ietf-httpapi-ratelimit-headers-11; a reply may have several policies.
func (s *Server) limit(ctx context.Context, h http.Header, policy, bucket string, rate Rate) error {
	if rate.Limit == 0 {
		return nil
	}
	q, err := s.limiter.Take(ctx, policy+":"+bucket, rate)
	if err != nil {
		s.tellOnce("rate_limiter", "the rate limit cannot be looked up; uploads are let in", slog.Any("error", err))
		return nil
	}
	h.Add("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", policy, rate.Limit, seconds(rate.Per)))
	h.Add("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", policy, q.Remaining, seconds(q.Window)))
	if q.OK {
		return nil
	}
	return &refusal{
		status: http.StatusTooManyRequests, retryS: seconds(q.Window),
		text: fmt.Sprintf("Rate limit exceeded: %v for each %s", rate, policy),
	}
}

// client is the address that a request comes from. What a proxy says in X-Forwarded-For counts if the proxy is trusted, and if so
// what the one before it says, and so on.
func (s *Server) client(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // such as the made-up request of a test
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0 && within(s.proxies, addr); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = before.Unmap().WithZone("")
	}
	return addr
}

// household is what an address is limited by: itself, or in IPv6 the network that one subscriber has.
func household(addr netip.Addr) string {
	if addr.Is6() {
		if net, err := addr.Prefix(64); err == nil {
			return net.String()
		}
	}
	return addr.String()
}
