package wire

import (
	"time"

	"golang.org/x/sys/unix"

	"rdiostress/internal/upload"
)

// uring is what a loop needs to send and receive for many connections with one system call.
type uring struct {
	batch    *uringBatch     // nil after it has failed
	least    int             // smallest number of calls that is worth a batch
	results  [maxBatch]int32 // results of the last batch
	at       time.Duration   // when they arrived
	messages [maxBatch]message
	replies  [maxBatch][upload.MaxReplyBytes]byte
}

// newUring returns nil if there is no io_uring.
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

// prepare forgets the results of the last batch and reports whether n calls are worth a batch.
func (t *uring) prepare(n int) bool {
	if t == nil {
		return false
	}
	for i := range t.results {
		t.results[i] = notCalled
	}
	return n >= t.least && t.batch != nil
}

// submit makes the calls. If that fails, each call is made by itself from then on, including those that were not made.
func (t *uring) submit() {
	if t.batch.submit(&t.results) != nil {
		t.close()
	}
}

// maxBatchedSize is the size of the largest request that is sent in a batch. A larger one takes so long that the times
// at which the others were sent would be wrong, and gains little.
const maxBatchedSize = 64 << 10

// sendBatch sends the small ones of the requests that are laid out and removes them, unless they are too few. When each
// was sent is not known; they are taken to have gone evenly, one after the other.
func (l *Loop) sendBatch() {
	t, n := l.uring, 0
	if !t.prepare(len(l.staged)) {
		return
	}
	began := l.target.clock()
	for i, c := range l.staged {
		if c.req.size <= maxBatchedSize {
			t.batch.send(i, c.fd, t.messages[i].of(&c.req))
			n++
		}
	}
	if n == 0 {
		return
	}
	t.submit()
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

// sent continues with a request that was sent by a time, given the result of sending it.
func (l *Loop) sent(c *conn, result int32, at time.Duration) {
	var err error
	if result >= 0 {
		c.req.sent = int(result)
	} else {
		err = unix.Errno(-result)
	}
	if err == nil && c.req.sent < c.req.size || err == unix.EINTR {
		l.sendRest(c, true)
		return
	}
	l.sentRest(c, true, err, at)
}

// receiveBatch receives the first bytes of replies, if events announce enough of them.
func (l *Loop) receiveBatch(events []unix.EpollEvent) {
	t := l.uring
	if !t.prepare(len(events)) {
		return
	}
	for i := range events {
		if c := l.replying(&events[i]); c != nil {
			t.batch.receive(i, c.fd, t.replies[i][:])
		}
	}
	t.submit()
	t.at = l.target.clock()
}

// replying returns the connection whose reply begins with an event, or nil.
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

// received returns what was received in a batch for an event. It reports false if nothing was.
func (t *uring) received(event int, room []byte) (n int, err error, ok bool) {
	switch {
	case t == nil || t.results[event] == notCalled:
		return 0, nil, false
	case t.results[event] < 0:
		return 0, unix.Errno(-t.results[event]), true
	}
	return copy(room, t.replies[event][:t.results[event]]), nil, true
}
