package load

import (
	"strings"
	"testing"

	"rdiostress/internal/scenario"
	"rdiostress/internal/upload/uploadtest"
)

func TestCheckLimits(t *testing.T) {
	s := uploadtest.Scenario()
	if warning, err := CheckLimits(s); err != nil || warning != "" {
		t.Errorf("4 connections: %q, %v", warning, err)
	}
	if err := checkFiles(1 << 40); err != nil && !strings.Contains(err.Error(), "ulimit -n") {
		t.Errorf("a million million connections: %v", err)
	}
	s.NoKeepAlive, s.URL = true, "http://scanner.example"
	warning, err := CheckLimits(s)
	if _, known := ephemeralPorts(); err != nil || known != strings.Contains(string(warning), "has ports for about") {
		t.Errorf("one connection for each call, as fast as it goes: %q, %v", warning, err)
	}
	s.Rate = 1
	if warning, err := CheckLimits(s); err != nil || warning != "" {
		t.Errorf("one connection a second: %q, %v", warning, err)
	}
}

// Connections that clients leave open are files too.
func TestCheckLimitsOfHeldConnections(t *testing.T) {
	s := uploadtest.Scenario()
	s.Rate, s.Clients = 100, mix(t, "rdio-scanner=1,sdrtrunk=3")
	if n := heldConnections(s); n != 0 {
		t.Errorf("%d connections are held", n)
	}
	s.RealClients = true
	if n := heldConnections(s); n != 750 {
		t.Errorf("%d connections are held, want 25 a second for 30 s", n)
	}
	s.Rate = 1e9
	if _, err := CheckLimits(s); err == nil {
		t.Error("any number of connections can be held")
	}
}

// mix reads a mix of clients.
func mix(t *testing.T, text string) scenario.Mix {
	t.Helper()
	m, err := scenario.ParseMix(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCheckLimitsOfPorts(t *testing.T) {
	ports, known := ephemeralPorts()
	if !known {
		t.Skip("this system does not say how many local ports it has")
	}
	s := uploadtest.Scenario()
	s.MaxConcurrent = ports + 1
	_, err := CheckLimits(s)
	if err == nil || !strings.Contains(err.Error(), "local_port_range") && !strings.Contains(err.Error(), "ulimit -n") {
		t.Errorf("%d connections with %d ports: %v", ports+1, ports, err)
	}
}

func TestExhaustionNamesTheLimit(t *testing.T) {
	for text, want := range map[string]string{
		"dial tcp 127.0.0.1:80: socket: too many open files":              "ulimit -n",
		"dial tcp 127.0.0.1:80: socket: too many open files in system":    "fs.file-max",
		"dial tcp 127.0.0.1:80: connect: cannot assign requested address": "ip_local_port_range",
		"dial tcp 127.0.0.1:80: connect: no buffer space available":       "no buffer space",
	} {
		if got := exhaustion(text); !strings.Contains(got, want) {
			t.Errorf("%q: %q does not name %s", text, got, want)
		}
	}
}
