//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rdiostress/internal/testenv"
)

// needFiles makes sure that this process may have so many files open.
func needFiles(t *testing.T, n int) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Log(err)
	}
	if uint64(limit.Max) >= uint64(n) {
		return
	}
	text := fmt.Sprintf("%d files may be open, and the test needs %d: raise the limit (ulimit -Hn)", limit.Max, n)
	if os.Getenv(testenv.Strict) != "" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// crowd has so many clients connect, and ask for something, so that the server lets them stay for its idle timeout. It
// returns those that got a reply, and how many were turned away. They leave when the test ends, if not before.
func crowd(t *testing.T, url string, want int) (in []*net.TCPConn, turnedAway int) {
	t.Helper()
	conns, refused := make([]*net.TCPConn, want), make([]bool, want)
	var next atomic.Int64
	var dialers sync.WaitGroup
	for range 16 {
		dialers.Go(func() {
			for i := next.Add(1) - 1; i < int64(want) && !t.Failed(); i = next.Add(1) - 1 {
				conns[i], refused[i] = visit(t, url)
			}
		})
	}
	dialers.Wait()
	t.Cleanup(func() { disperse(in) })
	for i, conn := range conns {
		switch {
		case conn == nil:
		case refused[i]:
			turnedAway++
			conn.Close()
		default:
			in = append(in, conn)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return in, turnedAway
}

// visit connects and asks if the server lives. It reports whether that was refused for want of room, which may also be
// seen as a reset.
func visit(t *testing.T, url string) (conn *net.TCPConn, isRefused bool) {
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Minute)
	if err != nil {
		t.Error(err)
		return nil, false
	}
	conn = c.(*net.TCPConn)
	conn.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: test\r\n\r\n") // if this fails, so does reading
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return conn, true
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	return conn, resp.StatusCode != http.StatusOK
}

// disperse has a crowd leave, so that its ports are free at once.
func disperse(conns []*net.TCPConn) {
	for _, conn := range conns {
		conn.SetLinger(0)
		conn.Close()
	}
}

// steadyClient has one connection, which it keeps.
func steadyClient(t *testing.T) *http.Client {
	transport := &http.Transport{MaxConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// uploadAll has client w upload calls number from to to, every fifth too long for memory, and wants each to be stored.
func uploadAll(t *testing.T, client *http.Client, url string, w, from, to int, acked *acknowledged) {
	for n := from; n < to; n++ {
		size := 1000
		if n%5 == 4 {
			size = 300 << 10
		}
		audio := bytes.Repeat([]byte(fmt.Sprintf("%d.%d ", w, n)), size/4)
		id, err := uploadOne(t.Context(), client, url, w, n, audio)
		if err != nil {
			t.Errorf("client %d: %v", w, err)
			return
		}
		acked.add(id, hexSum(audio))
	}
}

// metric reads one of the server's metrics.
func metric(t *testing.T, client *http.Client, url, name string) float64 {
	t.Helper()
	resp, err := client.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + ` (.*)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("there is no metric %s", name)
	}
	v, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Ten thousand connections on which nothing comes hold up nobody, and stay usable.
func TestIdleConnections(t *testing.T) {
	testenv.Slow(t, "opens 10,000 connections")
	const many = 10_000
	needFiles(t, many+500)
	p := startServeProcess(t, "rdiostress", t.TempDir())
	conns, turnedAway := crowd(t, p.url, many)
	if turnedAway > 0 {
		t.Fatalf("%d of %d were turned away", turnedAway, many)
	}
	client, acked := steadyClient(t), &acknowledged{sums: make(map[string]string)}
	if n := metric(t, client, p.url, "rdiostress_connections"); n != many+1 {
		t.Errorf("%v connections are open, want %d", n, many+1)
	}
	uploadAll(t, client, p.url, 0, 0, 50, acked)
	checkStored(t, p.url, acked)
	for _, conn := range []*net.TCPConn{conns[0], conns[many/2], conns[many-1]} {
		io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("an idle connection got %v, %v", resp, err)
		}
		resp.Body.Close()
	}
	t.Logf("%.0f MB of memory with %d connections", metric(t, client, p.url, "process_resident_memory_bytes")/1e6, many)
}

// When more clients come than the server may have files, who is connected goes on being served and loses nothing, since
// the store and the spool have files of their own; and once the crowd has left, there is room again.
func TestMoreConnectionsThanFiles(t *testing.T) {
	const files, comers = 256, 400
	needFiles(t, comers+500)
	p := startServeCommand(t, "sh", "-c", fmt.Sprintf("ulimit -n %d; exec \"$@\"", files), "sh",
		"rdiostress", "serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--log-level", "error")
	acked := &acknowledged{sums: make(map[string]string)}
	clients := make([]*http.Client, 8)
	for w := range clients {
		clients[w] = steadyClient(t)
		uploadAll(t, clients[w], p.url, w, 0, 1, acked)
	}
	conns, turnedAway := crowd(t, p.url, comers)
	limit := metric(t, clients[0], p.url, "rdiostress_connections_limit")
	if len(conns)+len(clients) != int(limit) || turnedAway != comers-len(conns) {
		t.Errorf("%d of %d comers were let in beside %d clients, and %d turned away; want %v connections", len(conns),
			comers, len(clients),
			turnedAway, limit)
	}
	leave := make(chan struct{})
	var knocking, uploading sync.WaitGroup
	for range 4 {
		knocking.Go(func() {
			for {
				select {
				case <-leave:
					return
				default:
				}
				if conn, _ := visit(t, p.url); conn != nil {
					conn.Close()
				}
			}
		})
	}
	for w, client := range clients {
		uploading.Go(func() { uploadAll(t, client, p.url, w, 1, 30, acked) })
	}
	uploading.Wait()
	if n := metric(t, clients[0], p.url, "process_open_fds"); n > files-32 {
		t.Errorf("%v of %d files are open", n, files)
	}
	if n := metric(t, clients[0], p.url, "rdiostress_connections_refused_total"); n <= float64(turnedAway) {
		t.Errorf("%v connections are counted as refused", n)
	}
	close(leave)
	knocking.Wait()
	disperse(conns)
	late := steadyClient(t)
	waitUntil(t, "there is room again", func() bool {
		resp, err := late.Get(p.url + "/health")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	uploadAll(t, late, p.url, len(clients), 0, 5, acked)
	checkStored(t, p.url, acked)
}
