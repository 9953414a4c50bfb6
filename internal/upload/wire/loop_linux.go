package wire

import (
	"errors"
	"math"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"rdiostress/internal/measure"
	"rdiostress/internal/upload"
)

// Loop drives many connections without TLS from one goroutine, to one server or several. An upload takes two system
// calls, one to send and one to receive, and the loop makes those of many uploads at once if it can. One more call
// returns the events of all connections. No goroutine is switched to in between, and a connection needs hardly any
// memory.
//
// All methods except Wake must be called by the goroutine that calls Wait.
type Loop struct {
	target  *Target // of which the loop takes the clock; any of the servers'
	servers []*server
	done    Handler
	conns   []*conn
	by      []time.Duration // deadline of each connection's upload; noDeadline if it has none

	epoll, timer, event int           // file descriptors
	armed               time.Duration // when the timer expires; noDeadline if it does not
	scanAt              time.Duration // when the deadlines are checked next
	events              [128]unix.EpollEvent

	openers sync.WaitGroup

	mu     sync.Mutex
	posted []func() // functions that the loop is to run

	drafts [maxBatch]draft // memory for encoded requests
	staged []*conn         // connections whose requests are in drafts, to be sent next
	unread []*conn         // connections of which more can be received at once; there will be no event for that

	uring *uring // nil if each call must be made by itself

	// of the upload that ends
	reply   replyReader
	msg     message
	attempt upload.Attempt
}

// server is one of the servers of a loop. That connections to one of them cannot be opened delays no other.
type server struct {
	*Target
	opening int     // number of connections that are being opened
	waiting []*conn // connections to open when fewer are being opened
}

// loops says that this platform has loops.
const loops = true

// Indices of the loop's own file descriptors, in place of a connection's.
const (
	timerIndex = -1
	eventIndex = -2
)

// NewLoop returns a loop with n connections to each of some targets, none of which is open: first those to the first
// target, then those to the second. Done receives the outcome of each upload. The targets differ in their addresses
// alone, and share a clock: see [Together].
func NewLoop(targets []*Target, n int, done Handler) (*Loop, error) {
	l := &Loop{target: targets[0], done: done, armed: noDeadline, epoll: -1, timer: -1, event: -1}
	longest := targets[0]
	for _, t := range targets {
		s := &server{Target: t}
		l.servers = append(l.servers, s)
		for range n {
			l.conns = append(l.conns, &conn{index: int32(len(l.conns)), to: s, fd: -1})
			l.by = append(l.by, noDeadline)
		}
		if t.head > longest.head {
			longest = t
		}
	}
	for i := range l.drafts {
		l.drafts[i] = longest.newDraft()
	}
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if l.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		l.Close()
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	if l.event, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		l.Close()
		return nil, os.NewSyscallError("eventfd", err)
	}
	if err = errors.Join(l.watch(l.timer, timerIndex, 0), l.watch(l.event, eventIndex, 0)); err != nil {
		l.Close()
		return nil, err
	}
	l.uring = newUring()
	return l, nil
}

// Now returns the time since the target's start.
func (l *Loop) Now() time.Duration { return l.target.clock() }

// watch adds a file descriptor to the loop, with edge-triggered events.
func (l *Loop) watch(fd int, index, generation int32) error {
	e := unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&math.MaxUint32,
		Fd:     index, Pad: generation,
	}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &e))
}

// Close closes all connections. No upload may be under way.
func (l *Loop) Close() {
	l.openers.Wait()
	for _, c := range l.conns {
		l.drop(c)
	}
	l.uring.close()
	for _, fd := range []int{l.epoll, l.timer, l.event} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// post makes the loop run a function. It may be called from any goroutine.
func (l *Loop) post(f func()) {
	l.mu.Lock()
	l.posted = append(l.posted, f)
	l.mu.Unlock()
	l.Wake()
}

// Wake makes Wait return. It may be called from any goroutine.
func (l *Loop) Wake() {
	one := [8]byte{1}
	_, _ = unix.Write(l.event, one[:]) // it only fails if a wake-up is pending
}

// Wait sends the staged requests and handles events, after waiting for one until a time. It sends nothing else: new
// requests are sent by the next Wait, all at once. So replies are timed when they arrive, and a server on the same
// machine is woken once for many requests, which is the most expensive part of sending one.
func (l *Loop) Wait(until time.Duration) {
	l.flush()
	n := l.poll(0)
	if n == 0 && len(l.unread) == 0 {
		if until = min(until, l.scanAt); until > l.target.clock() {
			l.arm(until)
			n = l.poll(-1)
		}
	}
	for events := l.events[:n]; len(events) > 0; {
		some := events[:min(len(events), maxBatch)]
		events = events[len(some):]
		l.receiveBatch(some)
		for i := range some {
			l.handleEvent(i, &some[i])
		}
	}
	l.receiveUnread()
	if now := l.target.clock(); now >= l.scanAt || l.anyWaits() {
		l.scan(now)
	}
}

// handleEvent handles an event, given its index among those for which a batch has received.
func (l *Loop) handleEvent(index int, e *unix.EpollEvent) {
	switch e.Fd {
	case timerIndex:
		l.armed = noDeadline
	case eventIndex:
		l.runPosted()
	default:
		if c := l.conns[e.Fd]; c.generation == e.Pad {
			l.handle(c, index, e.Events)
		}
	}
}

// poll returns how many events there are. If timeout is -1, it waits for one; only then the scheduler needs to know.
func (l *Loop) poll(timeout int) int {
	var n uintptr
	var errno unix.Errno
	if timeout == 0 {
		n, _, errno = unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll), uintptr(unsafe.Pointer(&l.events[0])),
			uintptr(len(l.events)), 0, 0, 0)
	} else {
		n, _, errno = unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll), uintptr(unsafe.Pointer(&l.events[0])),
			uintptr(len(l.events)), uintptr(timeout), 0, 0)
	}
	if errno != 0 {
		return 0 // interrupted by a signal
	}
	return int(n)
}

// arm sets the timer. The timeout of epoll_pwait would be at least 50 µs late.
func (l *Loop) arm(at time.Duration) {
	if l.armed == at {
		return
	}
	l.armed = at
	left := max(at-l.target.clock(), 1)
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(left))}
	unix.TimerfdSettime(l.timer, 0, &spec, nil) // the time is valid, so it does not fail
}

func (l *Loop) runPosted() {
	var counter [8]byte
	unix.Read(l.event, counter[:])
	l.mu.Lock()
	posted := l.posted
	l.posted = nil
	l.mu.Unlock()
	for _, f := range posted {
		f()
	}
}

// scan ends the uploads that have exceeded their deadlines, and opens connections that have waited long enough for
// others.
func (l *Loop) scan(now time.Duration) {
	if now >= l.scanAt {
		l.scanAt = now + min(max(min(l.target.timeout, l.target.connect)/timeoutSlack, minScan), maxScan)
		for i, by := range l.by {
			if now >= by {
				l.expire(l.conns[i])
			}
		}
	}
	l.openWaiting(now)
}

// Limits of the time between two scans.
const (
	minScan = time.Millisecond
	maxScan = 100 * time.Millisecond
)

// Begin starts an upload over the connection of an index, which must be idle. The request is sent at the latest when
// the loop next waits.
func (l *Loop) Begin(index int, r *upload.Request, now time.Duration) {
	c := l.conns[index]
	c.call = r
	c.req = transfer{}
	c.connected, c.opened, c.first = -1, false, -1
	c.by = now + l.target.timeout
	c.reconnected = c.lost
	c.lost = false
	if c.fd >= 0 && c.keep > 0 && now-c.idle >= c.keep {
		l.drop(c)
		c.reconnected = true
	}
	if c.fd < 0 {
		l.open(c, now)
		return
	}
	l.layOut(c, &l.drafts[len(l.staged)])
	if l.staged = append(l.staged, c); len(l.staged) == maxBatch {
		l.flush()
	}
}

// flush sends the staged requests.
func (l *Loop) flush() {
	l.sendBatch()
	now := l.target.clock()
	for _, c := range l.staged {
		l.send(c, true, now)
		if now = c.req.wrote; c.state != receiving {
			now = l.target.clock()
		}
	}
	l.staged = l.staged[:0]
}

// end hands the outcome of an upload to the handler, given the reply or the error in place of one.
func (l *Loop) end(c *conn, p *replyReader, err error, now time.Duration) {
	r, t := &c.req, c.to.Target
	a := &l.attempt
	*a = upload.Attempt{
		Steps: measure.NoSteps(), NewConn: c.opened, Reconnected: c.reconnected,
		Bytes: r.body(), Size: r.bodySize(),
	}
	a.Steps[measure.Connect] = c.connected
	whole := r.sent == r.size
	if r.sent > 0 {
		a.Sent = t.start.Add(r.began)
	}
	if whole {
		a.Steps[measure.Send] = r.wrote - r.began
	}
	if c.first >= 0 {
		if whole {
			a.Steps[measure.Wait] = max(0, c.first-r.wrote)
		}
		if err == nil {
			a.Steps[measure.Read] = now - c.first
		}
	}
	t.judge(a, c.call.Client, p, whole, err)
	if err != nil || !whole || t.once(c.call.Client) || p.closes {
		l.drop(c)
	}
	c.idle, c.keep = now, p.keep
	l.finish(c, now)
}

// fail ends an upload that got no connection.
func (l *Loop) fail(c *conn, class measure.Class, err error) {
	l.attempt = upload.Attempt{Steps: measure.NoSteps(), Reconnected: c.reconnected}
	l.attempt.Fail(class, err)
	l.drop(c)
	l.finish(c, l.target.clock())
}

func (l *Loop) finish(c *conn, now time.Duration) {
	c.state = idle
	c.call = nil
	l.by[c.index] = noDeadline
	l.done.UploadDone(int(c.index), &l.attempt, now)
}
