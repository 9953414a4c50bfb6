package observe

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
)

// TestMain makes the test binary the watched server if asked: it listens, holds memory, has a child that works and
// ends, and writes a file.
func TestMain(m *testing.M) {
	switch os.Getenv("TARGET_TEST_ROLE") {
	case "server":
		serveTest()
		return
	case "child":
		burn(200 * time.Millisecond)
		return
	case "backend":
		serveBackend()
		return
	}
	os.Exit(m.Run())
}

func burn(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
	}
}

// serveBackend is a process that works for other processes, until it is killed.
func serveBackend() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Addr())
	go func() {
		var conns []net.Conn
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			conns = append(conns, conn)
		}
		runtime.KeepAlive(conns)
	}()
	for {
		burn(50 * time.Millisecond)
		time.Sleep(10 * time.Millisecond)
	}
}

func serveTest() {
	if backend := os.Getenv("TARGET_TEST_BACKEND"); backend != "" {
		conn, err := net.Dial("tcp", backend)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer conn.Close()
	}
	l, err := net.Listen("tcp", os.Getenv("TARGET_TEST_ADDRESS"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Addr())
	held := make([]byte, 100<<20)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	go func() {
		for {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "TARGET_TEST_ROLE=child")
			_ = cmd.Run()
		}
	}()
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until the test ends
	runtime.KeepAlive(held)
	runtime.KeepAlive(l)
}

// startProcess starts the server and returns its address. It ends with the test.
func startProcess(t *testing.T, address string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TARGET_TEST_ROLE=server", "TARGET_TEST_ADDRESS="+address)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// lastingAddress returns a free address whose port is not given to outgoing connections while nobody listens on it:
// systems take those from higher ports.
func lastingAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000)))
		if err == nil {
			l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// until waits for an observation.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(limit) {
			t.Fatalf("never seen: %s", what)
		}
	}
}

// atLeast reports whether a signal ever reached a value. On a busy machine the latest value may be too old.
func atLeast(w *Watcher, sig measure.Signal, least float64) func() bool {
	return func() bool {
		return slices.ContainsFunc(
			w.Samples.Readings(sig, 0, time.Hour),
			func(r measure.Reading) bool { return r.Value >= least },
		)
	}
}

func open(t *testing.T, o Options) *Watcher {
	t.Helper()
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	w, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	w.Start(t.Context(), time.Now())
	return w
}
