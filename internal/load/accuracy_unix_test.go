//go:build unix

package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
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
	switch {
	case os.Getenv(generatorVariable) != "":
		generate(os.Getenv(generatorVariable))
		os.Exit(0)
	case os.Getenv(serverVariable) == "":
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	atOnce := func(time.Duration, int) time.Duration { return 0 }
	server := http.Server{Handler: scriptedServer(time.Now(), atOnce, func(n int, at time.Time) {
		fmt.Printf("%d %d\n", n, at.UnixNano())
	})}
	go func() { _ = server.Serve(l) }()
	_, _ = io.Copy(io.Discard, os.Stdin)      // until the test has measured what it wants,
	_ = server.Shutdown(context.Background()) // and then until it has told of all answers
}

// A server that is stopped for 2 s by SIGSTOP, like a machine that hangs, delays every call that is due meanwhile until
// it continues. A load tester that waits with the server sees a handful of slow calls. So would this one, with so few
// slots, if it measured from the sending of a call. Here the percentiles are those of all the calls that were due.
func TestStoppedServer(t *testing.T) {
	const slots = 4
	length := 5 * time.Second
	for kind, open := range accuracyTargets {
		try(t, kind, func(t *testing.T) []string {
			server, url, end := startServer(t, length)
			stopped := stopFor(t, server, time.Second, 2*time.Second)
			got := accuracyRun(t, url, length, slots, open)
			from, until := stopped()
			least := make([]time.Duration, int(accuracyRate*length.Seconds()))
			for n := range least {
				if due := got.due(n); due.After(from) && due.Before(until) {
					least[n] = until.Sub(due)
				}
			}
			return compare(got, least, end())
		})
	}
}

// stopFor stops a process after a while, for a while. The returned function returns a time during which no thread of it
// ran.
func stopFor(t *testing.T, p *os.Process, after, length time.Duration) (stopped func() (from, until time.Time)) {
	var from, until time.Time
	done := make(chan struct{})
	time.AfterFunc(after, func() {
		defer close(done)
		_ = p.Signal(syscall.SIGSTOP)
		var status syscall.WaitStatus
		for err := error(syscall.EINTR); err == syscall.EINTR; { // kill(2) returns before all threads have stopped
			_, err = syscall.Wait4(p.Pid, &status, syscall.WUNTRACED, nil)
		}
		if !status.Stopped() {
			return
		}
		from = time.Now()
		<-time.After(length)
		until = time.Now()
		_ = p.Signal(syscall.SIGCONT)
	})
	return func() (time.Time, time.Time) {
		<-done
		if from.IsZero() {
			t.Fatal("the server was not stopped")
		}
		return from, until
	}
}

// startServer starts a server in a process of its own. The returned function ends it and returns when it answered the
// calls of a run.
func startServer(t *testing.T, length time.Duration) (process *os.Process, url string, end func() []time.Time) {
	t.Helper()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), serverVariable+"=1")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	lines := bufio.NewReader(out)
	address, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	told := readAnswers(lines, length)
	return server.Process, "http://" + strings.TrimSpace(address), func() []time.Time {
		_ = in.Close()
		return <-told
	}
}

// readAnswers reads a server's lines, each the number of a call and when it was answered, until there are no more.
func readAnswers(lines *bufio.Reader, length time.Duration) <-chan []time.Time {
	told := make(chan []time.Time, 1)
	go func() {
		answered := newAnswerTimes(length)
		for {
			var n int
			var at int64
			if _, err := fmt.Fscan(lines, &n, &at); err != nil {
				told <- answered.at
				return
			}
			answered.add(n, time.Unix(0, at))
		}
	}()
	return told
}
