package cli

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/scenario"
)

func TestConfirm(t *testing.T) {
	find := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		known := map[string][]netip.Addr{
			"scanner.example.org": {netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("203.0.113.7")},
			"scanner.lan":         {netip.MustParseAddr("192.168.1.9"), netip.MustParseAddr("fd00::9")},
			"localhost":           {netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")},
		}
		if addrs, ok := known[host]; ok {
			return addrs, nil
		}
		return nil, errors.New("no such host")
	}
	for name, c := range map[string]struct {
		url      string
		terminal bool
		said     string
		change   func(*runOptions)
		asked    string // part of the question, or of the error where nobody can be asked
		refused  bool
	}{
		"loopback":         {url: "http://127.0.0.1:3000"},
		"loopback by name": {url: "http://localhost:3000"},
		"IPv6 loopback":    {url: "http://[::1]:3000"},
		"private":          {url: "https://10.1.2.3"},
		"private by name":  {url: "http://scanner.lan"},
		"link-local":       {url: "http://[fe80::1%25eth0]:3000"},
		"overlay":          {url: "http://100.100.1.1"},
		"mapped loopback":  {url: "http://[::ffff:127.0.0.1]"},
		"unknown":          {url: "http://no-such-host.invalid"},
		"yes beforehand":   {url: "http://203.0.113.7", change: func(o *runOptions) { o.yes = true }},
		"bundled server":   {url: "http://203.0.113.7", change: func(o *runOptions) { o.withServer = true }},
		"elsewhere": {url: "http://scanner.example.org:3000", change: func(o *runOptions) {
			o.connection.hosts = map[string]string{"scanner.example.org:3000": "127.0.0.1:3000"}
		}},
		"from here to elsewhere": {url: "http://localhost", change: func(o *runOptions) {
			o.connection.hosts = map[string]string{"localhost:80": "203.0.113.7:80"}
		}, asked: "203.0.113.7 is neither", refused: true},
		"nobody to ask": {
			url:   "http://scanner.example.org",
			asked: "scanner.example.org (203.0.113.7) is neither this machine", refused: true,
		},
		"public IPv6": {
			url: "http://[2001:db8::1]", asked: "leaves about 36,000 calls in system 11,20 there",
			refused: false, terminal: true, said: "y\n",
		},
		"said yes": {
			url: "http://scanner.example.org", terminal: true, said: "YES\n",
			asked: "about 36,000 calls in system 11,20 there",
		},
		"said no": {
			url: "http://scanner.example.org", terminal: true, said: "n\n", asked: "Go on? [y/N] ",
			refused: true,
		},
		"said nothing": {
			url: "http://scanner.example.org", terminal: true, said: "\n", asked: "Go on?",
			refused: true,
		},
		"ended the input":  {url: "http://scanner.example.org", terminal: true, asked: "Go on?", refused: true},
		"yes without line": {url: "http://scanner.example.org", terminal: true, said: "y", asked: "Go on?"},
		"closed loop": {
			url: "http://203.0.113.7", asked: "as many calls as it takes from 50 uploaders in 2m0s, in system 11,20 " +
				"there", refused: true,
			change: func(o *runOptions) { o.scenario.Rate, o.scenario.Duration = 0, 2*time.Minute },
		},
		"mischief": {
			url: "http://203.0.113.7", asked: "calls in system 11,20, with mischief beside them, there", refused: true,
			change: func(o *runOptions) { _ = o.mischief.Set("all=1") },
		},
		"closed loop with a total": {
			url: "http://203.0.113.7", asked: "about 70 calls", refused: true,
			change: func(o *runOptions) { o.scenario.Rate, o.scenario.Total = 0, 70 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			var errs bytes.Buffer
			o := &runOptions{ios: &streams{In: strings.NewReader(c.said), Err: &errs, InTerminal: c.terminal}}
			o.scenario = scenario.Scenario{
				URL: c.url, Rate: 10, Duration: time.Hour, MaxConcurrent: 50, Systems: scenario.IDs{
					11,
					20,
				}, Talkgroups: scenario.IDs{1},
			}
			if c.change != nil {
				c.change(o)
			}
			err := o.confirm(t.Context(), find)
			if (err != nil) != c.refused || err != nil && exitCode(err) != exitUsage {
				t.Errorf("error %v, code %d", err, exitCode(err))
			}
			told := errs.String()
			if err != nil {
				told += err.Error()
			}
			if !strings.Contains(told, c.asked) || (c.asked == "") != (told == "") {
				t.Errorf("it said %q, want %q", told, c.asked)
			}
		})
	}
}

// --crash-test kills only for a server on this machine, and a name is never taken for an address that it looks like.
// Behind an own address of this machine may be the server of a container or of another machine.
func TestCrashTestIsForThisMachine(t *testing.T) {
	own := ownAddr(t)
	find := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		known := map[string]netip.Addr{
			"127.example.com": netip.MustParseAddr("203.0.113.7"), "localhost.evil": netip.MustParseAddr("203.0.113.8"),
			"scanner.here": netip.MustParseAddr("127.0.1.1"), "own.here": own,
		}
		if a, ok := known[host]; ok {
			return []netip.Addr{a}, nil
		}
		return nil, errors.New("no such host")
	}
	for url, refused := range map[string]bool{
		"http://localhost:8000": false, "http://127.0.0.1": false, "http://[::1]:8000": false,
		"http://scanner.here":    false,
		"http://127.example.com": true, "http://localhost.evil:8000": true,
		"http://127.not.found": true, "http://203.0.113.7": true,
		"http://own.here": true, "http://" + net.JoinHostPort(own.String(), "8000"): true,
		"http://mapped:80": false, "http://localhost:1": true,
	} {
		o := &runOptions{crash: crashOptions{victim: "1234"}}
		o.scenario.URL = url
		o.connection.hosts = map[string]string{"mapped:80": "127.0.0.1:8000", "localhost:1": "203.0.113.7:1"}
		if err := o.crash.checkTarget(t.Context(), o, find); (err != nil) != refused || err != nil &&
			exitCode(err) != exitUsage {
			t.Errorf("%s: %v", url, err)
		}
		o.yes = true
		if err := o.crash.checkTarget(t.Context(), o, find); err != nil {
			t.Errorf("%s with --yes: %v", url, err)
		}
	}
}

// ownAddr returns an address of this machine's network, or one of no machine if it is in none.
func ownAddr(t *testing.T) netip.Addr {
	t.Helper()
	nets, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nets {
		if p, err := netip.ParsePrefix(n.String()); err == nil && p.Addr().IsGlobalUnicast() {
			return p.Addr()
		}
	}
	return netip.MustParseAddr("203.0.113.9")
}
