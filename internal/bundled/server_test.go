package bundled

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// asServer has this test's program be a server, as a child of the test.
const asServer = "RDIOSTRESS_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if how := os.Getenv(asServer); how != "" {
		os.Exit(serve(how, os.Args[1], os.Args[2]))
	}
	goleak.VerifyTestMain(m)
}

// serve is the child: it counts its starts in a file of its folder.
func serve(how, listen, dir string) int {
	if how == "broken" {
		fmt.Fprintln(os.Stderr, "some log")
		fmt.Fprintln(os.Stderr, ErrorPrefix+"no database")
		return 3
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, ErrorPrefix+err.Error())
		return 3
	}
	f, err := os.OpenFile(filepath.Join(dir, "starts"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 3
	}
	fmt.Fprint(f, "x")
	f.Close()
	fmt.Println(ListeningPrefix + "http://" + ln.Addr().String())
	ready, isReady := 0, make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if ready++; ready < 3 {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		} else if ready == 3 {
			close(isReady)
		}
	})}
	go server.Serve(ln)
	if how == "short" {
		<-isReady
		_ = server.Shutdown(context.Background()) // once it has answered
		fmt.Fprintln(os.Stderr, "no room left")
		return 3
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// program is this test's program as a server of some kind.
func program(t *testing.T, how string) Program {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Program{
		Path: exe, Env: append(os.Environ(), asServer+"="+how),
		Args: func(listen, dir string) []string { return []string{listen, dir} },
	}
}

// The server takes requests from when it is started until it is stopped, and its folder is gone after.
func TestServer(t *testing.T) {
	s, err := Start(t.Context(), Options{Program: program(t, "sound")})
	if err != nil {
		t.Fatal(err)
	}
	if s.PID() == os.Getpid() || s.PID() < 2 {
		t.Errorf("process %d", s.PID())
	}
	if files, err := os.ReadDir(s.Dir()); err != nil || len(files) != 1 {
		t.Errorf("its folder has %v, %v", files, err)
	}
	if problems := s.Stop(); len(problems) > 0 {
		t.Error(problems)
	}
	if _, err := os.Stat(s.Dir()); err == nil {
		t.Error("its folder is there after it has stopped")
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://")); err == nil {
		conn.Close()
		t.Error("it listens after it has stopped")
	}
}

// What a server that does not start, or ends by itself, has said last is told.
func TestServerThatFails(t *testing.T) {
	if _, err := Start(t.Context(), Options{Program: program(t, "broken")}); err == nil ||
		err.Error() != "the bundled server did not start: no database" {
		t.Errorf("broken: %v", err)
	}
	if _, err := Start(t.Context(),
		Options{Program: Program{Path: filepath.Join(t.TempDir(), "none"), Args: program(t, "").Args}}); err == nil {
		t.Error("a program that does not exist is started")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{Program: program(t, "sound")}); err == nil {
		t.Error("started although nobody waits for it")
	}
	s, err := Start(t.Context(), Options{Program: program(t, "short")})
	if err != nil {
		t.Fatal(err)
	}
	<-s.gone
	if problems := s.Stop(); len(problems) != 1 ||
		problems[0] != "the bundled server ended during the run: no room left" {
		t.Error(problems)
	}
}

// A killed server is started again where it was, with its data, once its address is free.
func TestServerRestarts(t *testing.T) {
	s, err := Start(t.Context(), Options{Program: program(t, "sound"), FixedPort: true})
	if err != nil {
		t.Fatal(err)
	}
	url := s.URL()
	s.Kill()
	taken, err := net.Listen("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(300*time.Millisecond, func() { taken.Close() })
	defer timer.Stop()
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if starts, err := os.ReadFile(filepath.Join(s.Dir(), "starts")); string(starts) != "xx" || s.URL() != url {
		t.Errorf("started %q at %s, %v", starts, s.URL(), err)
	}
	if problems := s.Stop(); len(problems) > 0 {
		t.Error(problems)
	}
}

// A server is started again once nobody has its address any more; for another reason it is not tried again. Nobody
// listens at the address of a server that starts at once.
func TestRetryWhileTaken(t *testing.T) {
	errTaken, errBroken := errors.New("taken"), errors.New("no database")
	for name, tt := range map[string]struct {
		free     time.Duration // when the address is
		then     error
		want     error
		launches int
		looks    int
	}{
		"at once":             {0, nil, nil, 1, 0},
		"in a moment":         {250 * time.Millisecond, nil, nil, 2, 4},
		"never":               {time.Hour, nil, errTaken, 1, 101},
		"another error":       {0, errBroken, errBroken, 1, 1},
		"another error later": {250 * time.Millisecond, errBroken, errBroken, 2, 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				launches, looks, began := 0, 0, time.Now()
				taken := func() error {
					if time.Since(began) < tt.free {
						return errTaken
					}
					return nil
				}
				err := retryWhileTaken(t.Context(), func() error {
					looks++
					return taken()
				}, func() error {
					launches++
					return cmp.Or(taken(), tt.then)
				})
				if !errors.Is(err, tt.want) || launches != tt.launches || looks != tt.looks {
					t.Errorf("%v after %d launches and %d looks, want %v, %d and %d", err, launches, looks, tt.want,
						tt.launches, tt.looks)
				}
			})
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	taken := func() error { return errTaken }
	if err := retryWhileTaken(ctx, taken, taken); !errors.Is(err, errTaken) {
		t.Errorf("when nobody waits any more: %v", err)
	}
}

// No outgoing connection takes the port of a server that is to come back.
func TestLastingAddress(t *testing.T) {
	address, err := LastingAddress()
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
