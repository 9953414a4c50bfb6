//go:build unix

package load

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serverVariable makes the test binary the server that TestStoppedServer stops, in place of running tests.
const serverVariable = "RDIOSTRESS_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	_ = http.Serve(l, scriptedServer(time.Now(), func(time.Duration, int) time.Duration { return 0 }))
}

// A server that is stopped for 2 s, by SIGSTOP as a stuck machine is, makes every call that is due meanwhile wait for its end. Load
// testers that wait with it see a handful of slow calls; here the percentiles are those of the calls that should have been.
func TestStoppedServer(t *testing.T) {
	for kind, open := range accuracyTargets {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := exec.Command(os.Args[0])
			server.Env = append(os.Environ(), serverVariable+"=1")
			out, err := server.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
			address, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			const from, until = 2 * time.Second, 4 * time.Second
			start := time.Now().Add(100 * time.Millisecond)
			signaled := make(chan error, 2)
			for at, signal := range map[time.Duration]os.Signal{from: syscall.SIGSTOP, until: syscall.SIGCONT} {
				time.AfterFunc(time.Until(start.Add(at)), func() { signaled <- server.Process.Signal(signal) })
			}
			length := 8 * time.Second
			res, noise := accuracyRun(t, "http://"+strings.TrimSpace(address), start, length, open)
			for range 2 {
				if err := <-signaled; err != nil {
					t.Fatal(err)
				}
			}
			var want []time.Duration
			for n := range int(accuracyRate * length.Seconds()) {
				due := time.Duration(float64(n) / accuracyRate * float64(time.Second))
				wait := time.Duration(0)
				if due >= from && due < until {
					wait = until - due
				}
				want = append(want, wait)
			}
			compare(t, res, want, noise)
		})
	}
}
