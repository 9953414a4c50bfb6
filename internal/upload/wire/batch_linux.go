package wire

import (
	"time"

	"golang.org/x/sys/unix"

	"rdiostress/internal/upload"
)

// together is what a loop needs to make the system calls of many uploads in one.
type uring struct {
	batch    *uringBatch     // nil after it has failed
	least    int             // how many calls are worth it
	results  [maxBatch]int32 // of the last batch
	at       time.Duration   // when they were there
	messages [maxBatch]message
	replies  [maxBatch][upload.MaxReplyBytes]byte
}

// newTogether returns nil where there is no io_uring.
func newUring() *uring {
	b, err := newUringBatch()
	if err != nil {
		return nil
	}
	return &uring{batch: b, least: minBatch}
}

func (t *uring) close() {
	if t != nil && t.batch != nil {
		t.batch.close()
		t.batch = nil
	}
}

// begin forgets the results of the last batch, and tells whether n calls are to be made in one.
func (t *uring) begin(n int) bool {
	if t == nil {
		return false
	}
	for i := range t.results {
		t.results[i] = notCalled
	}
	return n >= t.least && t.batch != nil
}

// do makes the calls. Those that could not be made are made one by one, as all are from then on.
func (t *uring) do() {
	if t.batch.do(&t.results) != nil {
		t.close()
	}
}

// maxTogether is the size of a request up to which it is sent along with others. Larger ones take longer than these, so
// that nobody could tell when each was sent, and one system call less is nothing to them.
const maxBatched = 64 << 10

// sendTogether sends the requests that are laid out, as far as they are small, and takes them off; none if they are too
// few. When each was sent, nobody can tell: they are taken to have gone evenly, one after the other.
func (l *Loop) sendBatch() {
	t, n := l.uring, 0
	if !t.begin(len(l.staged)) {
		return
	}
	began := l.target.clock()
	for i, c := range l.staged {
		if c.req.size <= maxBatched {
			t.batch.send(i, c.fd, t.messages[i].of(&c.req))
			n++
		}
	}
	if n == 0 {
		return
	}
	t.do()
	each := (l.target.clock() - began) / time.Duration(n)
	others := l.staged[:0]
	for i, c := range l.staged {
		if t.results[i] == notCalled {
			others = append(others, c)
			continue
		}
		c.req.began = began
		began += each
		l.sent(c, t.results[i], began)
	}
	l.staged = others
}

// sent goes on with a request that was sent by a given time, by what sending it has returned.
func (l *Loop) sent(c *conn, result int32, at time.Duration) {
	var err error
	if result >= 0 {
		c.req.sent = int(result)
	} else {
		err = unix.Errno(-result)
	}
	if err == nil && c.req.sent < c.req.size || err == unix.EINTR {
		l.push(c, true)
		return
	}
	l.pushed(c, true, err, at)
}

// receiveTogether receives what has come of replies that have not begun yet, if events tell of enough of them.
func (l *Loop) receiveBatch(events []unix.EpollEvent) {
	t := l.uring
	if !t.begin(len(events)) {
		return
	}
	for i := range events {
		if c := l.replying(&events[i]); c != nil {
			t.batch.receive(i, c.fd, t.replies[i][:])
		}
	}
	t.do()
	t.at = l.target.clock()
}

// replying is the connection whose reply has begun with an event, or nil.
func (l *Loop) replying(e *unix.EpollEvent) *conn {
	if e.Fd < 0 || !readable(e.Events) {
		return nil
	}
	c := l.conns[e.Fd]
	if c.generation != e.Pad || c.state != receiving || c.rest != nil && c.rest.begun {
		return nil
	}
	return c
}

// received takes what was received with an event along with others. It is false if nothing was.
func (t *uring) received(event int, room []byte) (n int, err error, ok bool) {
	switch {
	case t == nil || t.results[event] == notCalled:
		return 0, nil, false
	case t.results[event] < 0:
		return 0, unix.Errno(-t.results[event]), true
	}
	return copy(room, t.replies[event][:t.results[event]]), nil, true
}
