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
			start := time.Now().Add(100 * time.Millisecond)
			stopped := signalAt(server.Process, syscall.SIGSTOP, start.Add(2*time.Second))
			resumed := signalAt(server.Process, syscall.SIGCONT, start.Add(4*time.Second))
			length := 8 * time.Second
			res, noise := accuracyRun(t, "http://"+strings.TrimSpace(address), start, length, open)
			// When the signals were really sent is what the answer depends on.
			from, until := (<-stopped).Sub(start), (<-resumed).Sub(start)
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

// signalAt sends a signal to a process at a given time, and then tells when it did.
func signalAt(p *os.Process, signal os.Signal, at time.Time) (sent <-chan time.Time) {
	done := make(chan time.Time, 1)
	time.AfterFunc(time.Until(at), func() {
		_ = p.Signal(signal) // if it fails, no call waits, and the test does
		done <- time.Now()
	})
	return done
}
