package torture

import (
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// wire is a TCP connection to somewhere that can be cut: without a word, as when a cable is, or with a reset.
type wire struct {
	to       string
	listener net.Listener
	isDead   atomic.Bool // nothing gets through, in either direction, and nothing is said about it
	isMute   atomic.Bool // what the far end answers is dropped; after that, only reset makes sense
	work     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// newWire returns a wire to the server of a URL, and the URL of its near end.
func (r *round) newWire(target string) (w *wire, near string) {
	r.Helper()
	u, err := url.Parse(target)
	if err != nil {
		r.Fatal(err)
	}
	w = &wire{to: u.Host, conns: make(map[net.Conn]bool)}
	if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		r.Fatal(err)
	}
	w.work.Go(func() {
		for {
			conn, err := w.listener.Accept()
			if err != nil {
				return
			}
			w.work.Go(func() { w.connect(conn) })
		}
	})
	r.Cleanup(func() {
		w.listener.Close()
		w.isDead.Store(false)
		w.reset()
		w.work.Wait()
	})
	u.Host = w.listener.Addr().String()
	return w, u.String()
}

// connect carries what is said over a connection.
func (w *wire) connect(near net.Conn) {
	far, err := net.Dial("tcp", w.to)
	if err != nil {
		near.Close()
		return
	}
	w.mu.Lock()
	w.conns[near], w.conns[far] = true, true
	w.mu.Unlock()
	var both sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{near: far, far: near} {
		both.Go(func() {
			w.carry(from, to, from == far)
			near.Close() // the other direction ends too
			far.Close()
		})
	}
	both.Wait()
	w.mu.Lock()
	delete(w.conns, near)
	delete(w.conns, far)
	w.mu.Unlock()
}

// carry carries one direction. While the wire is dead, it holds back what has come: TCP would send it again.
func (w *wire) carry(from, to net.Conn, isAnswer bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		for w.isDead.Load() && err == nil {
			time.Sleep(5 * time.Millisecond)
		}
		if n > 0 && !(isAnswer && w.isMute.Load()) {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// loseAnswers drops what the far end answers for a while, and cuts all connections then.
func (w *wire) loseAnswers(d time.Duration) {
	w.isMute.Store(true)
	time.Sleep(d) // the moment is drawn
	w.reset()
	w.isMute.Store(false)
}

// reset cuts all connections, at once and with a reset.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // so that Close resets
		}
		conn.Close()
	}
}
