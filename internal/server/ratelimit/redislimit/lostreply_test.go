package redislimit

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/server/ratelimit"
	"rdiostress/internal/testenv/redistest"
)

// losingProxy passes on what clients send to a server. While it loses replies, it closes a connection as soon as a
// reply comes.
type losingProxy struct {
	ln    net.Listener
	loses atomic.Bool
	lost  atomic.Int64
}

func startLosingProxy(t *testing.T, server string) *losingProxy {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &losingProxy{ln: ln}
	var conns sync.WaitGroup
	t.Cleanup(conns.Wait)
	t.Cleanup(func() { ln.Close() })
	conns.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { p.serve(client, server) })
		}
	})
	return p
}

func (p *losingProxy) serve(client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	go func() {
		io.Copy(upstream, client)
		upstream.Close()
	}()
	buf := make([]byte, 4096)
	for {
		n, err := upstream.Read(buf)
		if err != nil {
			return
		}
		if p.loses.Load() {
			p.lost.Add(1)
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

// A take whose reply is lost fails, and has counted once: it is not sent again.
func TestLostReply(t *testing.T) {
	server := redistest.Start(t)
	proxy := startLosingProxy(t, server.Addr())
	rate := ratelimit.Rate{Limit: 100, Per: 24 * time.Hour}
	l := open(t, Options{URL: "redis://" + proxy.ln.Addr().String(), Timeout: time.Minute})
	if _, err := l.Take(t.Context(), "feed", rate); err != nil { // the script is loaded
		t.Fatal(err)
	}
	proxy.loses.Store(true)
	if q, err := l.Take(t.Context(), "feed", rate); err == nil {
		t.Errorf("got %+v without a reply", q)
	}
	proxy.loses.Store(false)
	direct := open(t, Options{URL: server.URL(), Timeout: time.Minute})
	q, err := direct.Take(t.Context(), "feed", rate)
	if err != nil || q.Remaining != 97 || proxy.lost.Load() == 0 {
		t.Errorf("got %+v, %v, with %d replies lost; want 97 remaining after three takes", q, err, proxy.lost.Load())
	}
}
