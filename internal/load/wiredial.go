package load

import (
	"context"
	"net"
	"time"

	"rdiostress/internal/measure"
)

// open connects, by a given time at the latest. It notes in a how long that took, or how it failed.
func (t *WireTarget) open(ctx context.Context, now, by time.Duration, a *Attempt) link {
	ctx, cancel := context.WithDeadline(ctx, t.start.Add(min(by, now+t.connect)))
	defer cancel()
	tcp, err := t.dial(ctx)
	connected := t.clock()
	if err != nil {
		a.fail(classify(err, false), err)
		return nil
	}
	a.NewConn = true
	a.Steps[measure.Connect] = connected - now
	s, err := newSocket(tcp, t.start)
	if err != nil {
		tcp.Close()
		a.fail(classify(err, false), err)
		return nil
	}
	if t.tls == nil {
		return newPlainLink(s, &t.files)
	}
	l := newTLSLink(s, t.tls)
	if err := l.tls.HandshakeContext(ctx); err != nil {
		tcp.Close()
		class := measure.TLS
		if isTimeout(err) {
			class = measure.ConnectTimeout
		}
		a.fail(class, err)
		return nil
	}
	a.Steps[measure.Handshake] = t.clock() - connected
	return l
}

// dial connects to where the last connection went, or, if there was none or it failed, to wherever the name leads now.
func (t *WireTarget) dial(ctx context.Context) (*net.TCPConn, error) {
	addr, known := t.addr, t.found.Load()
	if known != nil {
		addr = *known
	}
	conn, err := t.dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		if known != nil {
			t.found.CompareAndSwap(known, nil)
		}
		return nil, err
	}
	if known == nil {
		found := conn.RemoteAddr().String()
		t.found.Store(&found)
	}
	return conn.(*net.TCPConn), nil
}

// fail notes why there was no reply.
func (a *Attempt) fail(class measure.Class, err error) {
	a.Class, a.Detail = class, describe(err)
}
