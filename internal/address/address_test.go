package address

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
)

// find knows some harmless names, as a resolver would.
func find(_ context.Context, _, host string) ([]netip.Addr, error) {
	known := map[string][]string{
		"127.example.com":  {"203.0.113.7"},
		"localhost.evil":   {"203.0.113.8"},
		"127.0.0.1.nip.io": {"203.0.113.9"},
		"scanner.here":     {"127.0.1.1", "::1"},
		"mapped.here":      {"::ffff:127.0.0.1"},
		"half.here":        {"127.0.0.1", "203.0.113.7"},
		"scanner.lan":      {"10.0.0.9", "fd00::9"},
		"scanner.example":  {"10.0.0.9", "203.0.113.7"},
		"nothing.example":  {},
	}
	texts, ok := known[host]
	if !ok {
		return nil, errors.New("no such host")
	}
	var addrs []netip.Addr
	for _, s := range texts {
		addrs = append(addrs, netip.MustParseAddr(s))
	}
	return addrs, nil
}

// A host is this machine by its address, and never because its name looks like one.
func TestIsLocal(t *testing.T) {
	for server, want := range map[string]struct{ written, local bool }{
		"http://localhost:8000":          {true, true},
		"http://LOCALHOST.":              {true, true},
		"http://127.0.0.1":               {true, true},
		"http://127.8.9.10:1":            {true, true},
		"http://[::1]:8000":              {true, true},
		"http://[::ffff:127.0.0.1]:8000": {true, true},
		"http://scanner.here":            {false, true},
		"http://mapped.here":             {false, true},
		"http://half.here":               {false, false},
		"http://127.example.com":         {false, false},
		"http://localhost.evil":          {false, false},
		"http://127.0.0.1.nip.io":        {false, false},
		"http://127.not.found":           {false, false},
		"http://nothing.example":         {false, false},
		"http://203.0.113.7":             {false, false},
		"http://10.0.0.9":                {false, false},
		"":                               {false, false},
	} {
		target, err := ParseTarget(server, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := IsLoopbackURL(server); got != want.written {
			t.Errorf("%s is written as this machine: %t", server, got)
		}
		if got := target.IsLocal(t.Context(), find); got != want.local {
			t.Errorf("%s is this machine: %t", server, got)
		}
		if got := target.IsLoopback(t.Context(), find); got != want.local {
			t.Errorf("%s has loopback addresses only: %t", server, got)
		}
	}
	if IsLoopbackURL("http://[::1") {
		t.Error("a broken URL is this machine")
	}
}

func TestOwnAddressIsLocal(t *testing.T) {
	nets, err := net.InterfaceAddrs()
	if err != nil {
		t.Skip(err)
	}
	for _, n := range nets {
		own, ok := n.(*net.IPNet)
		if !ok {
			continue
		}
		target := Target{own.IP.String(), "80"}
		if !target.IsLocal(t.Context(), find) {
			t.Errorf("this machine's own %s is elsewhere", own.IP)
		}
		if got := target.IsLoopback(t.Context(), find); got != own.IP.IsLoopback() {
			t.Errorf("%s is a loopback address: %t", own.IP, got)
		}
	}
}

func TestParseTarget(t *testing.T) {
	resolve := map[string]string{"scanner.lan:80": "127.0.0.1:3000", "scanner.lan:443": "[::1]:3443"}
	for server, want := range map[string]Target{
		"http://scanner.lan/x":       {"127.0.0.1", "3000"},
		"https://scanner.lan":        {"::1", "3443"},
		"http://scanner.lan:81":      {"scanner.lan", "81"},
		"http://example.org":         {"example.org", "80"},
		"https://example.org":        {"example.org", "443"},
		"http://[fe80::1%25eth0]:90": {"fe80::1%eth0", "90"},
	} {
		if got, err := ParseTarget(server, resolve); got != want || err != nil {
			t.Errorf("%s leads to %v, %v; want %v", server, got, err, want)
		}
	}
	if _, err := ParseTarget("http://user:secret@[::1", nil); err == nil || err.Error() != "http://…@[::1 is no URL" {
		t.Errorf("a broken URL: %v", err)
	}
}

func TestPublicAddr(t *testing.T) {
	for host, want := range map[string]string{
		"scanner.example": "203.0.113.7", "scanner.lan": "", "scanner.here": "", "no.such.host": "",
		"127.example.com": "203.0.113.7",
		"203.0.113.1":     "203.0.113.1", "100.100.1.1": "", "169.254.1.1": "", "0.0.0.0": "", "fe80::1%eth0": "",
		"::ffff:10.0.0.1": "",
		"2001:db8::1":     "2001:db8::1", "192.168.1.1": "", "172.32.0.1": "172.32.0.1",
	} {
		a, ok := Target{host, "80"}.PublicAddr(t.Context(), find)
		if ok != (want != "") || ok && a.String() != want {
			t.Errorf("%s has the public address %v, %t; want %q", host, a, ok, want)
		}
	}
	if (Target{Host: "127.0.0.1"}).IsName() || !(Target{Host: "127.example.com"}).IsName() {
		t.Error("names and addresses are confused")
	}
}

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"http://host:1/x": "http://host:1/x",
		"http://user:hush@host:1/x?token=hush#hush":   "http://host:1/x?…",
		"https://hush@host?":                          "https://host?",
		"http://host/x?mail=a@hush":                   "http://host/x?…",
		"postgres://user:hush@host/db?sslmode=prefer": "postgres://…@host/db?…",
		"postgres://user:hu?sh@host/db":               "postgres://…",
		"redis://user:hush@host":                      "redis://…@host",
		"api=http://user:hush@host/list":              "api=http://…@host/list",
		"host:1?token=hush":                           "host:1?…",
		"user:hush@host":                              "…@host",
		"host?mail=hush@hush":                         "…",
		"http://user:hush@[::1":                       "http://…@[::1",
		"auto":                                        "auto",
		"":                                            "",
	} {
		if got := Redact(text); got != want {
			t.Errorf("%s shows as %s, want %s", text, got, want)
		}
	}
}

func TestRedactPlace(t *testing.T) {
	for place, want := range map[string]string{
		"/srv/calls":                  "/srv/calls",
		"sqlite:/srv/a?b.db":          "sqlite:/srv/a?b.db",
		"postgres://user:hush@host/x": "postgres://…@host/x",
	} {
		if got := RedactPlace(place); got != want {
			t.Errorf("%s shows as %s, want %s", place, got, want)
		}
	}
}
