package clientaddr_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"rdiostress/internal/server/clientaddr"
)

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		remote, proxies string
		forwarded       []string
		want            string
	}{
		{"127.0.0.1:80", "", []string{"192.0.2.1"}, "127.0.0.1"},
		{"127.0.0.1:80", "127.0.0.1", nil, "127.0.0.1"},
		{"127.0.0.1:80", "127.0.0.1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"127.0.0.1:80", "127.0.0.0/8", []string{"192.0.2.1, 198.51.100.7"}, "198.51.100.7"},
		{"127.0.0.1:80", "127.0.0.0/8,198.51.100.0/24", []string{"192.0.2.1", "198.51.100.7"}, "192.0.2.1"},
		{"127.0.0.1:80", "127.0.0.0/8", []string{"192.0.2.1, <script>"}, "127.0.0.1"},
		{"[::ffff:192.0.2.9]:80", "", nil, "192.0.2.9"},
		{"pipe", "", nil, "invalid IP"},
	} {
		var list []string
		if tt.proxies != "" {
			list = strings.Split(tt.proxies, ",")
		}
		proxies, err := clientaddr.ParseNetworks(list)
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{"X-Forwarded-For": tt.forwarded}}
		if got := clientaddr.Of(r, proxies).String(); got != tt.want {
			t.Errorf("%+v: got %s", tt, got)
		}
	}
}

func TestPrefix(t *testing.T) {
	for addr, want := range map[string]string{"192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::/64"} {
		if got := clientaddr.Prefix(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is counted by %s, want %s", addr, got, want)
		}
	}
}

func TestParseNetworks(t *testing.T) {
	nets, err := clientaddr.ParseNetworks([]string{"10.1.2.3/8", " ::1"})
	if err != nil || len(nets) != 2 || nets[0].String() != "10.0.0.0/8" || nets[1].String() != "::1/128" {
		t.Errorf("got %v, %v", nets, err)
	}
	if _, err := clientaddr.ParseNetworks([]string{"10.0.0.0/8", "home"}); err == nil ||
		!strings.Contains(err.Error(), `"home"`) {
		t.Errorf("got %v", err)
	}
}
