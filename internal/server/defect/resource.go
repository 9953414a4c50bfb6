package defect

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/call"
)

// resourceKinds returns the defects of excessive resource use.
func resourceKinds() map[string]kind {
	return map[string]kind{
		"processor": {
			"spends processor time on each upload, as an audio conversion does",
			[]arg{{"time", 80 * time.Millisecond}},
			func(v values) Defect {
				return Defect{handler: uploads(func(h http.Handler, w http.ResponseWriter, r *http.Request) {
					burn(v.duration("time"))
					h.ServeHTTP(w, r)
				})}
			},
		},
		"disk": {
			"writes far more bytes to the disk than a call has, and syncs them",
			[]arg{{"bytes", bytes(16_000_000)}},
			func(v values) Defect {
				return Defect{store: func(s call.Store) call.Store {
					return &heavy{Store: s, dir: v.dir, block: make([]byte, v.bytes("bytes"))}
				}}
			},
		},
		"bandwidth": {
			"reads all uploads together at a few bytes a second, as over a slow line",
			[]arg{{"per-second", bytes(4_000_000)}},
			func(v values) Defect {
				b := newBucket(float64(v.bytes("per-second")), 64<<10)
				return Defect{listener: func(ln net.Listener) net.Listener { return &thin{ln, b} }}
			},
		},
		"connection-limit": {
			"accepts few connections and closes the others, as when file descriptors run out",
			[]arg{{"connections", 20}},
			func(v values) Defect {
				return Defect{listener: func(ln net.Listener) net.Listener {
					return &crowded{ln, make(chan struct{}, v.number("connections"))}
				}}
			},
		},
	}
}

// burn uses an amount of processor time, as far as the clock shows it.
func burn(d time.Duration) {
	var block [4096]byte
	for start := time.Now(); time.Since(start) < d; {
		sum := sha256.Sum256(block[:])
		copy(block[:], sum[:])
	}
}

// heavy is a store that writes a large file for each call.
type heavy struct {
	call.Store
	dir   string
	block []byte
}

func (d *heavy) Put(ctx context.Context, u *call.Upload) (int64, error) {
	path := filepath.Join(d.dir, rand.Text()+".heavy")
	if f, err := os.Create(path); err == nil {
		_, _ = f.Write(d.block)
		_ = f.Sync()
		_ = f.Close()
		_ = os.Remove(path)
	}
	return d.Store.Put(ctx, u)
}

// thin is a listener whose connections share one token bucket for reading.
type thin struct {
	net.Listener
	bucket *bucket
}

func (t *thin) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	// A small buffer, so that the client notices: for the client, bytes in the kernel's buffer count as sent.
	_ = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	return &thinConn{conn, t.bucket}, nil
}

type thinConn struct {
	net.Conn
	bucket *bucket
}

func (c *thinConn) Read(p []byte) (int, error) {
	p = p[:min(len(p), 8<<10)]
	n, err := c.Conn.Read(p)
	if need, _ := c.bucket.take(float64(n), time.Hour); need > 0 {
		clock.Wait(need, nil, nil)
	}
	return n, err
}

// crowded is a listener that closes new connections at once when too many are open.
type crowded struct {
	net.Listener
	places chan struct{}
}

func (c *crowded) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case c.places <- struct{}{}:
			return &placed{Conn: conn, leave: sync.OnceFunc(func() { <-c.places })}, nil
		default:
			_ = conn.Close()
		}
	}
}

// placed is a connection that counts as open.
type placed struct {
	net.Conn
	leave func()
}

func (p *placed) Close() error {
	p.leave()
	return p.Conn.Close()
}

var _ io.Closer = (*placed)(nil)
