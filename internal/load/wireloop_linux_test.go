package load

import (
	"context"
	"testing"
	"time"
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
