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
	// maxOpening is how many connections are opened at once, as far as that can be kept up.
	maxOpening = 512
	// openingWait is how long a connection waits for others to be open. If these take longer, it is the server that is slow,
	// which must show.
	openingWait = time.Second
)

// open connects, by a given time at the latest, and says how long that took or, without a link, how it failed.
//
// Connecting takes deep calls. On a goroutine of their own they leave the uploader's stack at half the size it had otherwise,
// for as long as it lives, and there may be thousands. Nor may these all do it at once, for the memory that takes.
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

// dial connects to where the last connection went, or, if there was none or it failed, to wherever the name leads now.
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
