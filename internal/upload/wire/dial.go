package wire

import (
	"context"
	"net"
	"net/netip"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/upload"
)

const (
	// maxOpening is the number of connections that are opened at the same time, unless those take too long.
	maxOpening = 512
	// openingWait is how long a connection waits for others to open. If that takes longer, the server is slow, and this
	// must show in the results.
	openingWait = time.Second
)

// open connects by a deadline. It returns how that went, and no link if it failed.
//
// Connecting takes deep calls. As it runs on a goroutine of its own, the stack of the uploader's goroutine stays half
// as large for the rest of its life, and there may be thousands of those. Only some connections are opened at the same
// time, because of the memory that takes.
func (t *Target) open(ctx context.Context, by time.Duration) (l link, a upload.Attempt) {
	select {
	case t.opening <- struct{}{}:
		defer func() { <-t.opening }()
	case <-time.After(openingWait):
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		a = upload.Attempt{Steps: measure.NoSteps()}
		l = t.openHere(ctx, by, &a)
	}()
	<-done
	return l, a
}

// openHere is open on the goroutine that calls it.
func (t *Target) openHere(ctx context.Context, by time.Duration, a *upload.Attempt) link {
	now := t.clock()
	ctx, cancel := context.WithDeadline(ctx, t.start.Add(min(by, now+t.connect)))
	defer cancel()
	tcp, err := t.dial(ctx)
	connected := t.clock()
	if err != nil {
		a.Fail(upload.Classify(err, false), err)
		return nil
	}
	a.NewConn = true
	a.Steps[measure.Connect] = connected - now
	s, err := newSocket(tcp, t.start)
	if err != nil {
		tcp.Close()
		a.Fail(upload.Classify(err, false), err)
		return nil
	}
	if t.tls == nil {
		return &streamLink{socket: s}
	}
	l := newTLSLink(s, t.tls)
	if err := l.tls.HandshakeContext(ctx); err != nil {
		tcp.Close()
		class := measure.TLS
		if upload.IsTimeout(err) {
			class = measure.ConnectTimeout
		}
		a.Fail(class, err)
		a.Detail = upload.Short(t.hide(a.Detail))
		return nil
	}
	a.Steps[measure.Handshake] = t.clock() - connected
	return l
}

// dial connects to the address of the last connection. If there is none, or if that fails, it resolves the name again
// the next time.
func (t *Target) dial(ctx context.Context) (*net.TCPConn, error) {
	addr, known := t.addr, t.found.Load()
	if known != nil {
		addr = known.String()
	}
	conn, err := t.dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		if known != nil {
			t.found.CompareAndSwap(known, nil)
		}
		return nil, err
	}
	if known == nil {
		found := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		found = netip.AddrPortFrom(found.Addr().Unmap(), found.Port())
		t.found.Store(&found)
	}
	return conn.(*net.TCPConn), nil
}
