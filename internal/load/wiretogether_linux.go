package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// together is what a loop needs to make the system calls of many uploads in one.
type together struct {
	batch    *batch          // nil after it has failed
	least    int             // how many calls are worth it
	results  [maxBatch]int32 // of the last batch
	at       time.Duration   // when they were there
	messages [maxBatch]message
	replies  [maxBatch][maxReplyBytes]byte
}

// newTogether returns nil where there is no io_uring.
func newTogether() *together {
	b, err := newBatch()
	if err != nil {
		return nil
	}
	return &together{batch: b, least: minBatch}
}

func (t *together) close() {
	if t != nil && t.batch != nil {
		t.batch.close()
		t.batch = nil
	}
}

// able tells whether n calls are to be made in one, and forgets the results of others.
func (t *together) able(n int) bool {
	if t == nil {
		return false
	}
	for i := range t.results {
		t.results[i] = notCalled
	}
	return n >= t.least && t.batch != nil
}

// do makes the calls. Those that could not be made are made one by one, as all are from then on.
func (t *together) do() {
	if t.batch.do(&t.results) != nil {
		t.close()
	}
}

// sendTogether sends the requests that are laid out, if there are enough of them. When each was sent, nobody can tell; they take
// about equally long, and are taken to have gone evenly one after the other.
func (l *loop) sendTogether() bool {
	t, n := l.together, len(l.staged)
	if !t.able(n) {
		return false
	}
	began := l.target.clock()
	for i, c := range l.staged {
		if c.file == nil {
			t.batch.send(i, c.fd, t.messages[i].of(&c.req))
		}
	}
	t.do()
	each := (l.target.clock() - began) / time.Duration(n)
	for i, c := range l.staged {
		c.req.began = began + time.Duration(i)*each
		l.sent(c, t.results[i], c.req.began+each)
	}
	l.staged = l.staged[:0]
	return true
}

// sent goes on with a request that was sent at a given time, by what sending it has returned.
func (l *loop) sent(c *conn, result int32, at time.Duration) {
	var err error
	switch {
	case result >= 0:
		c.req.sent = int(result)
	case result != notCalled:
		err = unix.Errno(-result)
	}
	if err == nil && c.req.sent < c.req.size || err == unix.EINTR {
		l.push(c, true)
		return
	}
	l.pushed(c, true, err, at)
}

// receiveTogether receives what has come of replies that have not begun yet, if events tell of enough of them.
func (l *loop) receiveTogether(events []unix.EpollEvent) {
	t := l.together
	if !t.able(len(events)) {
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
func (l *loop) replying(e *unix.EpollEvent) *conn {
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
func (t *together) received(event int, room []byte) (n int, err error, ok bool) {
	switch {
	case t == nil || t.results[event] == notCalled:
		return 0, nil, false
	case t.results[event] < 0:
		return 0, unix.Errno(-t.results[event]), true
	}
	return copy(room, t.replies[event][:t.results[event]]), nil, true
}
