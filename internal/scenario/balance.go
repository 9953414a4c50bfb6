package scenario

import (
	"net/url"
	"slices"
	"strings"

	"rdiostress/internal/address"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// Balance says which of several servers gets a call, as a load balancer in front of them would.
type Balance string

// Values of Balance.
const (
	RoundRobin Balance = "round-robin" // one after the other, in turn
	Sticky     Balance = "sticky"      // all calls of a system, which has one receiver, go to the same one
)

// URLs returns the addresses of all servers, in the order in which they were named.
func (s *Scenario) URLs() []string { return append([]string{s.URL}, s.MoreURLs...) }

// At returns the scenario for one of its servers alone, given its index.
func (s *Scenario) At(server int) Scenario {
	one := *s
	one.URL, one.MoreURLs = s.URLs()[server], nil
	return one
}

// PublicURLs returns the addresses of all servers without user, password and query; nil if there is one.
func (s *Scenario) PublicURLs() (all []string) {
	if len(s.MoreURLs) == 0 {
		return nil
	}
	for _, u := range s.URLs() {
		all = append(all, address.Redact(u))
	}
	return all
}

// validateURLs checks the addresses of the servers, and whether calls can be spread over them.
func (s *Scenario) validateURLs(p *problems) {
	var all []*url.URL
	for _, server := range s.URLs() {
		u, err := parseURL(server)
		if err == nil {
			all = append(all, u)
			err = checkEndpoint(u, s.Clients)
		}
		if err != nil {
			*p = append(*p, err)
		}
	}
	several := len(s.MoreURLs) > 0
	p.check(s.Balance != "" && s.Balance != RoundRobin && s.Balance != Sticky, "balance",
		"{balance} must be %s or %s, not %q", RoundRobin, Sticky, s.Balance)
	if !several || len(all) <= len(s.MoreURLs) {
		return
	}
	servers := len(all)
	p.check(servers > measure.MaxServers, "url", "{url} names %d servers: a run drives at most %d", servers,
		measure.MaxServers)
	seen := make(map[string]bool)
	for i, u := range all {
		p.check(u.Scheme != all[0].Scheme, "url", "{url} names %s and %s: all servers of a run are reached either by "+
			"http or by https", address.Redact(s.URL), address.Redact(s.URLs()[i]))
		path := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), rdio.UploadPath)
		at := strings.ToLower(address.HostPort(u)) + path + "?" + u.RawQuery
		p.check(seen[at], "url", "{url} names %s twice: each server gets its share once", address.Redact(u.String()))
		seen[at] = true
	}
	p.check(s.Balance == Sticky && !s.Replay.KeepSystems && len(s.Systems) < servers, "balance",
		"{balance} sticky needs a system for each server: {systems} names %d for %d servers", len(s.Systems), servers)
}

// Spread says which server gets each call of a run.
type Spread struct {
	servers uint64
	systems []int64 // of a sticky one, in ascending order
	sticky  bool
}

// Spread returns how the scenario spreads its calls.
func (s *Scenario) Spread() Spread {
	d := Spread{servers: uint64(1 + len(s.MoreURLs)), sticky: s.Balance == Sticky}
	if d.sticky {
		d.systems = slices.Sorted(slices.Values(s.Systems))
	}
	return d
}

// Server returns the index of the server that gets call n, of a system, after a number of earlier tries. It is safe for
// concurrent use and does not allocate.
//
// A call that is sent again goes to the next server in turn, as through a load balancer. A sticky one stays.
func (d *Spread) Server(n uint64, system int64, tries int) uint8 {
	switch {
	case d.servers <= 1:
		return 0
	case !d.sticky:
		return uint8((n + uint64(tries)) % d.servers)
	}
	at, known := slices.BinarySearch(d.systems, system)
	if !known { // a replay has the systems of its recordings
		return uint8(uint64(system) % d.servers)
	}
	return uint8(uint64(at) % d.servers)
}
