package load

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rdiostress/internal/measure"
)

func loopWirings() map[string]wiring { return map[string]wiring{"loop": loopWiring} }

// loopUploader uploads over a loop of its own, which it drives while it waits.
type loopUploader struct {
	*loop
	text  []byte
	ended *Attempt
}

func loopWiring(t testing.TB, target *WireTarget) wired {
	l, err := newLoop(target, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	u := &loopUploader{loop: l}
	l.crew = u
	return wired{u, target, &l.conns[0].idle, func() []byte { return u.text }}
}

func (u *loopUploader) Upload(_ context.Context, s *Slip) Attempt {
	u.ended = nil
	for u.wait(0); u.poll(0) > 0; u.wait(0) { // what has happened since
	}
	for u.begin(u.conns[0], s, u.target.clock()); u.ended == nil; {
		u.wait(never)
	}
	return *u.ended
}

func (u *loopUploader) done(c *conn, a *Attempt, _ time.Duration) {
	u.ended = a
	p := &u.reply
	if c.rest != nil && c.rest.begun {
		p = &c.rest.reply
	}
	u.text = append(u.text[:0], p.text()...)
}

func (u *loopUploader) Close() { u.drop(u.conns[0]) }

// A server may close the connection with the very packet of its reply: the next call goes over another one.
func TestLoopClosedWithReply(t *testing.T) {
	url, _ := scripted(t, func(s *side) {
		s.read()
		raw, err := s.conn.SyscallConn()
		if err != nil {
			s.t.Error(err)
			return
		}
		raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, 1) })
		s.write(accepted)
	})
	u := wiring(loopWiring).wire(t, url, nil)
	for i := range 5 {
		a := u.Upload(t.Context(), testCall(smallAudio()))
		if a.Class != measure.Accepted || !a.NewConn || a.Reconnected != (i > 0) {
			t.Fatalf("upload %d: %+v", i, a)
		}
	}
}

// As long as the target's address is not known, one connection finds it out; but when that hangs, others do not wait for it for long.
func TestLoopOpeningOthers(t *testing.T) {
	url, _ := scripted(t, again)
	target, err := NewWireTarget(&Scenario{URL: url, Key: "k", Timeout: time.Minute}, ConnectOptions{KeepAlive: true, Connect: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var tried atomic.Bool
	target.dialer = net.Dialer{KeepAlive: -1, ControlContext: func(ctx context.Context, _, _ string, _ syscall.RawConn) error {
		if !tried.Swap(true) {
			<-ctx.Done()
		}
		return nil
	}}
	l, err := newLoop(target, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	ended := map[int32]measure.Class{}
	l.crew = crewFunc(func(c *conn, a *Attempt) { ended[c.index] = a.Class })
	for _, c := range l.conns {
		l.begin(c, testCall(smallAudio()), target.clock())
	}
	for len(ended) < 2 {
		l.wait(never)
	}
	if ended[1] != measure.Accepted || ended[2] != measure.Accepted {
		t.Errorf("while the first connection hangs: %v", ended)
	}
	for len(ended) < 3 {
		l.wait(never)
	}
	if ended[0] != measure.ConnectTimeout {
		t.Errorf("the first: %v", ended[0])
	}
}

type crewFunc func(c *conn, a *Attempt)

func (f crewFunc) done(c *conn, a *Attempt, _ time.Duration) { f(c, a) }
