package torture

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/testenv"
)

// clientFaults are clients that behave badly, in great numbers, beside good ones.
func clientFaults() []*fault {
	return []*fault{
		{"clients that send their header slowly", ofServe, func(r *round) { crowded(r, slowHeader) }},
		{"clients that send their upload slowly", ofServe, func(r *round) { crowded(r, slowUpload) }},
		{"clients that connect and say nothing", ofServe, func(r *round) { crowded(r, silent) }},
		{"clients that do not read the answer", ofServe, func(r *round) { crowded(r, deaf) }},
		{"clients that leave in the middle of an upload", ofServe, func(r *round) { crowded(r, leaving) }},
	}
}

const (
	memoryLimit = 400 << 20        // bytes that a server may have with all of them
	waitLimit   = 10 * time.Second // that a good upload may take longer beside them than without
)

// crowded has many clients behave badly beside a load of good ones, none of whom may fail or wait for long.
func crowded(r *round, behave func(ctx context.Context, conn net.Conn, n int)) {
	many := 300
	if r.isLong {
		many = 1000 + r.random.IntN(3000)
		r.beAlone()
	}
	s := r.sqlite()
	l := r.startPatientLoad(s.url)
	l.awaitAcks(200)
	alone := l.takeSlowest() // on a busy machine, that is not little
	ctx, cancel := context.WithCancel(r.Context())
	var crowd sync.WaitGroup
	defer func() { cancel(); crowd.Wait() }()
	var in atomic.Int64
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	for n := range many {
		crowd.Go(func() {
			for ctx.Err() == nil { // one that is thrown out comes again
				conn, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(s.url, "http://"))
				if err != nil {
					continue
				}
				in.Add(1)
				stop := context.AfterFunc(ctx, func() { conn.Close() })
				behave(ctx, conn, n)
				stop()
				conn.Close()
			}
		})
	}
	r.await(backLimit, "the crowd is in", func() bool { return in.Load() >= int64(many) })
	r.tally.strikes += many
	l.awaitAcks(50)
	r.pass(r.between(500*time.Millisecond, 2*time.Second, 25*time.Second))
	l.awaitAcks(50)
	bytes := s.peakMemory()
	cancel()
	crowd.Wait()
	l.stop()
	if bytes > memoryLimit {
		r.breaks("the server has taken %d MB with %d clients", bytes>>20, many)
	}
	l.refusedOtherwise(r, "503") // which asks to try again: more come at once than may wait
	if slowest := l.takeSlowest(); slowest > waitLimit+10*alone {
		r.breaks("a good upload took %v, and without them at most %v", slowest, alone)
	}
	s.settle(l)
}

// refusedOtherwise breaks a promise if uploads were refused with anything but one status.
func (l *load) refusedOtherwise(r *round, status string) {
	r.Helper()
	if n := int(l.refusals.Load()); n > l.refused[status] {
		r.breaks("%d good uploads fail beside %d that do not: %v", n, l.acks.Load(), l.refused)
	}
}

// every writes a piece every second, until the connection is gone.
func every(ctx context.Context, conn net.Conn, piece string) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := io.WriteString(conn, piece); err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); err != nil && !os.IsTimeout(err) {
			return
		}
	}
}

const requestHead = "POST /api/call-upload HTTP/1.1\r\nHost: x\r\n" +
	"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n"

func slowHeader(ctx context.Context, conn net.Conn, n int) {
	_, _ = io.WriteString(conn, requestHead[:20+n%20]) // if it fails, so does the next
	every(ctx, conn, "x")
}

// slowUpload sends an upload at a hundred bytes a second, which is slower than any receiver.
func slowUpload(ctx context.Context, conn net.Conn, n int) {
	head := requestHead + "\r\n--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\ntest-api-key\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"audio\"; filename=\"slow" + strconv.Itoa(n) + ".mp3\"\r\n\r\n"
	_, _ = io.WriteString(conn, head)
	every(ctx, conn, strings.Repeat("x", 100))
}

func silent(ctx context.Context, conn net.Conn, _ int) {
	_, _ = conn.Read(make([]byte, 1)) // until it is thrown out
}

// deaf asks for long answers, and reads none.
func deaf(ctx context.Context, conn net.Conn, _ int) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	_ = tcp.SetReadBuffer(4096)
	request := strings.Repeat("GET /api/calls?per_page=1000 HTTP/1.1\r\nHost: x\r\n\r\n", 3)
	_ = tcp.SetWriteDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(conn, request)
	_ = clock.Sleep(ctx, 20*time.Second) // or until all is over
}

// leaving sends a part of a call that would do if it were whole, and resets the connection.
func leaving(ctx context.Context, conn net.Conn, n int) {
	body := &bytes.Buffer{}
	for _, field := range [][2]string{
		{"key", "test-api-key"}, {"system", "99"}, {"talkgroup", strconv.Itoa(1 + n)}, {"dateTime", "1764000000"},
	} {
		fmt.Fprintf(body, "--x\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", field[0], field[1])
	}
	fmt.Fprintf(body, "--x\r\nContent-Disposition: form-data; name=\"audio\"; filename=\"left-%d.mp3\"\r\n\r\n%s", n,
		strings.Repeat("x", n*97%20_000))
	_, _ = io.WriteString(conn, requestHead+"\r\n"+body.String())
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
	_ = clock.Sleep(ctx, time.Second+time.Duration(n%1000)*time.Millisecond) // or until all is over
}

// peakMemory is the most memory that the server's process has had.
func (s *server) peakMemory() int64 {
	s.r.Helper()
	peak, ok := testenv.PeakMemory(s.cmd.Process.Pid)
	if !ok {
		s.r.Fatal("the kernel does not say how much memory the server has had")
	}
	return peak
}
