package wire

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// sink accepts every upload without allocating.
func sink(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveSink(t, listener)
}

func serveSink(t testing.TB, listener net.Listener) string {
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				swallow(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return "http://" + listener.Addr().String()
}

// swallow reads requests and answers each when it is complete. It expects the head of a request in one piece.
func swallow(conn io.ReadWriter) {
	reply, buf := []byte(accepted), make([]byte, 256<<10)
	endOfHead, length := []byte("\r\n\r\n"), []byte("Content-Length: ")
	for left := 0; ; {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if left == 0 {
			number := buf[bytes.Index(buf[:n], length)+len(length):]
			for _, c := range number[:bytes.IndexByte(number, '\r')] {
				left = 10*left + int(c-'0')
			}
			left += bytes.Index(buf[:n], endOfHead) + len(endOfHead)
		}
		if left -= n; left == 0 {
			conn.Write(reply)
		}
	}
}

// Sending a call over an open connection does not allocate.
func TestWireAllocations(t *testing.T) {
	url := sink(t)
	for name, open := range wirings() {
		for _, size := range []int{1 << 10, 16 << 10, 200 << 10, 5 << 20} {
			u := open.wire(t, url, nil)
			c := testCall(make([]byte, size))
			upload := func() {
				if a := u.Upload(t.Context(), c); a.Class != measure.Accepted {
					t.Errorf("attempt %+v", a)
				}
			}
			n := testing.AllocsPerRun(100, upload)
			for range 5 { // what other goroutines allocate counts too, but they end
				n = min(n, testing.AllocsPerRun(100, upload))
			}
			if n > 0 {
				t.Errorf("%s: %d bytes of audio: %v allocations for each upload", name, size, n)
			}
		}
	}
}

// One upload over one connection, at both ends.
func BenchmarkWireUpload(b *testing.B) {
	url := sink(b)
	for _, kb := range []int{1, 16, 128, 1024} {
		for name, open := range wirings() {
			b.Run(strconv.Itoa(kb)+"kB/"+name, func(b *testing.B) {
				benchmarkUpload(b, open.wire(b, url, nil), kb<<10)
			})
		}
	}
}

func benchmarkUpload(b *testing.B, u upload.Uploader, size int) {
	c := testCall(make([]byte, size))
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		if a := u.Upload(b.Context(), c); a.Class != measure.Accepted {
			b.Fatalf("attempt %+v", a)
		}
	}
}

// Parsing a reply.
func BenchmarkReply(b *testing.B) {
	text := "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nDate: Mon, 24 Nov 2025 16:00:00 GMT\r\n" +
		accepted[17:]
	var p replyReader
	b.ReportAllocs()
	for b.Loop() {
		p.reset(rdio.WholeReply)
		if err := p.feed(copy(p.room(), text)); err != nil || p.closes {
			b.Fatal(err)
		}
	}
}

// One upload over TLS, at both ends; the server allocates too.
func BenchmarkWireTLS(b *testing.B) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS() // for its certificate
	config := server.TLS.Clone()
	config.NextProtos = nil
	server.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		b.Fatal(err)
	}
	url := "https" + strings.TrimPrefix(serveSink(b, listener), "http")
	for _, kb := range []int{1, 16, 128} {
		b.Run(strconv.Itoa(kb)+"kB", func(b *testing.B) {
			benchmarkUpload(b, wire(b, url, func(_ *scenario.Scenario, o *upload.ConnectOptions) {
				o.TLS = &tls.Config{InsecureSkipVerify: true}
			}), kb<<10)
		})
	}
}
