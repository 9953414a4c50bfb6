package cli

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// A server is started until nobody has its address any more; for another reason it is not tried again.
func TestWhileInUse(t *testing.T) {
	taken, broken := errors.New("it did not start: 127.0.0.1:1 "+inUse), errors.New("no database")
	for name, tt := range map[string]struct {
		free  int // tries before the address is
		then  error
		want  error
		tries int
	}{
		"at once":       {0, nil, nil, 1},
		"in a moment":   {3, nil, nil, 4},
		"never":         {1000, nil, taken, 101},
		"another error": {1, broken, broken, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				err := whileInUse(t.Context(), func() error {
					if tries++; tries <= tt.free {
						return taken
					}
					return tt.then
				})
				if !errors.Is(err, tt.want) || tries != tt.tries {
					t.Errorf("%v after %d tries, want %v after %d", err, tries, tt.want, tt.tries)
				}
			})
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := whileInUse(ctx, func() error { return taken }); !errors.Is(err, taken) {
		t.Errorf("when nobody waits any more: %v", err)
	}
}

// No outgoing connection takes the port of a server that is to come back.
func TestLastingAddress(t *testing.T) {
	address, err := lastingAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := net.SplitHostPort(address)
	port, err := strconv.Atoi(text)
	if err != nil || port < 1024 {
		t.Fatalf("%s: %v", address, err)
	}
	low := 32768
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if low, err = strconv.Atoi(strings.Fields(string(text))[0]); err != nil {
			t.Fatal(err)
		}
	}
	if port >= low {
		t.Skipf("port %d: this system is set up to give away ports from %d on", port, low)
	}
}

// A killed server is started again where it was, with its data, once its address is free.
func TestChildRestarts(t *testing.T) {
	address, err := lastingAddress()
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "rdiostress") // by that name, this test is the program
	if err := os.Symlink(exe, program); err != nil {
		t.Skip(err)
	}
	c := &child{dir: filepath.Join(t.TempDir(), "data"), exe: program, key: developmentKey}
	if err := c.launch(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	errs := &strings.Builder{}
	t.Cleanup(func() {
		c.stop(errs)
		if _, err := os.Stat(c.dir); err == nil || errs.Len() > 0 {
			t.Errorf("its folder is there after it has stopped: %v; said %q", err, errs)
		}
	})
	if id, err := uploadOne(t.Context(), http.DefaultClient, c.url, 1, 1, make([]byte, 1000)); err != nil {
		t.Fatalf("%q, %v", id, err)
	}
	c.kill()
	taken, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	again := make(chan error, 1)
	go func() { again <- c.restart(t.Context()) }()
	waitUntil(t, "it has tried in vain", func() bool { return strings.Contains(strings.Join(c.log.lines(), ""), inUse) })
	taken.Close()
	if err := <-again; err != nil {
		t.Fatal(err)
	}
	if calls := listPage(t, c.url, 1); len(calls) != 1 || c.url != "http://"+address {
		t.Errorf("%d calls at %s, want the one that was stored", len(calls), c.url)
	}
}
