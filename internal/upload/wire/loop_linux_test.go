package wire

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// loopWirings returns a loop that makes each call by itself and, if there is io_uring, one that makes each as a batch.
func loopWirings() map[string]wiring {
	all := map[string]wiring{"loop": loopWiring}
	if b, err := newUringBatch(); err == nil {
		b.close()
		all["loop in batches"] = batchWiring
	}
	return all
}

// loopUploader uploads over a loop of its own, which it drives while it waits.
type loopUploader struct {
	*Loop
	text  []byte
	ended *upload.Attempt
}

func loopWiring(t testing.TB, target *Target) wired {
	return wireLoop(t, target, func(l *Loop) {
		l.uring.close()
		l.uring = nil
	})
}

func batchWiring(t testing.TB, target *Target) wired {
	return wireLoop(t, target, func(l *Loop) { l.uring.least = 1 })
}

func wireLoop(t testing.TB, target *Target, change func(*Loop)) wired {
	u := &loopUploader{}
	l := newTestLoop(t, target, 1, u)
	change(l)
	u.Loop = l
	return wired{u, target, &l.conns[0].idle, func() []byte { return u.text }}
}

func (u *loopUploader) Upload(_ context.Context, r *upload.Request) upload.Attempt {
	u.ended = nil
	for u.Wait(0); u.poll(0) > 0; u.Wait(0) { // what has happened since
	}
	for u.Begin(0, r, u.target.clock()); u.ended == nil; {
		u.Wait(noDeadline)
	}
	return *u.ended
}

func (u *loopUploader) UploadDone(_ int, a *upload.Attempt, _ time.Duration) {
	u.ended = a
	p, c := &u.reply, u.conns[0]
	if c.rest != nil && c.rest.begun {
		p = &c.rest.reply
	}
	u.text = append(u.text[:0], p.text()...)
}

func (u *loopUploader) Close() { u.drop(u.conns[0]) }

// A server may close the connection in the packet of its reply. The next call then takes another connection.
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
	for name, open := range loopWirings() {
		u := open.wire(t, url, nil)
		for i := range 5 {
			a := u.Upload(t.Context(), testCall(smallAudio()))
			if a.Class != measure.Accepted || !a.NewConn || a.Reconnected != (i > 0) {
				t.Fatalf("%s: upload %d: %+v", name, i, a)
			}
		}
	}
}

// While the target's address is unknown, one connection finds it out. If that connection hangs, the others do not wait
// long for it.
func TestLoopOpeningOthers(t *testing.T) {
	url, _ := scripted(t, again)
	target, err := NewTarget(&scenario.Scenario{URL: url, Key: "k", Timeout: time.Minute},
		upload.ConnectOptions{KeepAlive: true, Connect: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var tried atomic.Bool
	target.dialer = net.Dialer{
		KeepAlive: -1,
		ControlContext: func(ctx context.Context, _, _ string, _ syscall.RawConn) error {
			if !tried.Swap(true) {
				<-ctx.Done()
			}
			return nil
		},
	}
	ended := map[int]measure.Class{}
	l := newTestLoop(t, target, 3, doneFunc(func(index int, a *upload.Attempt) { ended[index] = a.Class }))
	for i := range l.conns {
		l.Begin(i, testCall(smallAudio()), target.clock())
	}
	for len(ended) < 2 {
		l.Wait(noDeadline)
	}
	if ended[1] != measure.Accepted || ended[2] != measure.Accepted {
		t.Errorf("while the first connection hangs: %v", ended)
	}
	for len(ended) < 3 {
		l.Wait(noDeadline)
	}
	if ended[0] != measure.ConnectTimeout {
		t.Errorf("the first: %v", ended[0])
	}
}

// Connections to a server that cannot be reached do not keep those to another from being opened.
func TestLoopOfTwoServers(t *testing.T) {
	url, _ := scripted(t, again)
	var targets []*Target
	for range 2 {
		target, err := NewTarget(&scenario.Scenario{URL: url, Key: "k", Timeout: time.Minute},
			upload.ConnectOptions{KeepAlive: true, Connect: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, target)
	}
	targets[0].dialer = net.Dialer{ControlContext: func(ctx context.Context, _, _ string, _ syscall.RawConn) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	Together(targets)
	ended := map[int]measure.Class{}
	const each = 3
	l, err := NewLoop(targets, each, doneFunc(func(index int, a *upload.Attempt) { ended[index] = a.Class }))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	began := l.Now()
	for i := range l.conns {
		l.Begin(i, testCall(smallAudio()), began)
	}
	for len(ended) < each {
		l.Wait(noDeadline)
	}
	for i := range each {
		if class, ok := ended[each+i]; !ok || class != measure.Accepted {
			t.Errorf("of the server that answers: %v", ended)
		}
	}
	if waited := l.Now() - began; waited >= openingWait {
		t.Errorf("they waited %v", waited)
	}
	for len(ended) < 2*each {
		l.Wait(noDeadline)
	}
	for i := range each {
		if ended[i] != measure.ConnectTimeout {
			t.Errorf("of the one that does not: %v", ended)
		}
	}
}

// A reply that never ends does not keep a loop from the other connections.
func TestLoopFloodedByOne(t *testing.T) {
	url, _ := scripted(t, func(s *side) {
		s.read()
		s.write("HTTP/1.1 200 OK\r\n\r\n")
		for more := strings.Repeat("x", 1<<20); ; {
			if _, err := io.WriteString(s.conn, more); err != nil {
				return
			}
		}
	}, again)
	target, err := NewTarget(&scenario.Scenario{URL: url, Key: "k", Timeout: time.Second},
		upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	ended, class := [2]int{}, [2]measure.Class{}
	l := newTestLoop(t, target, 2, doneFunc(func(i int, a *upload.Attempt) { ended[i]++; class[i] = a.Class }))
	for l.Begin(0, testCall(smallAudio()), target.clock()); l.conns[0].first < 0; {
		l.Wait(noDeadline)
	}
	for ended[0] == 0 {
		if l.conns[1].state == idle {
			l.Begin(1, testCall(smallAudio()), target.clock())
		}
		l.Wait(noDeadline)
	}
	for l.conns[1].state != idle {
		l.Wait(noDeadline)
	}
	if class[0] != measure.Timeout || class[1] != measure.Accepted || ended[1] < 10 {
		t.Errorf("the flooded one: %v; the other: %v, %d uploads", class[0], class[1], ended[1])
	}
}

// newTestLoop makes a loop for the length of the test.
func newTestLoop(t testing.TB, target *Target, n int, done Handler) *Loop {
	t.Helper()
	l, err := NewLoop([]*Target{target}, n, done)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

type doneFunc func(index int, a *upload.Attempt)

func (f doneFunc) UploadDone(index int, a *upload.Attempt, _ time.Duration) { f(index, a) }

// The results of a batch are those of the calls.
func TestBatch(t *testing.T) {
	b, err := newUringBatch()
	if err != nil {
		t.Skipf("needs io_uring, which this kernel or container does not allow: %v", err)
	}
	defer b.close()
	pair := func() (int, int) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		return fds[0], fds[1]
	}
	here, there := pair()
	defer unix.Close(here)
	defer unix.Close(there)
	left, gone := pair()
	defer unix.Close(left)
	unix.Close(gone)
	full, _ := pair()
	defer unix.Close(full)
	for err := error(nil); err == nil; {
		_, err = unix.Write(full, make([]byte, 64<<10))
	}
	for round := range 100 { // beyond the ring's end, again and again
		var results [maxBatch]int32
		for i := range results {
			results[i] = notCalled
		}
		r := transfer{parts: [3][]byte{[]byte("head "), []byte("audio "), []byte("end")}, size: 14}
		var m message
		room := make([]byte, 64)
		b.send(5, here, m.of(&r))
		b.receive(1, there, room)
		b.receive(2, there, room)
		b.receive(3, left, room)
		b.send(4, left, m.of(&r))
		b.send(31, full, m.of(&r))
		if err := b.submit(&results); err != nil {
			t.Fatal(err)
		}
		want := map[int]int32{
			5: 14, 1: 14, 2: -int32(unix.EAGAIN), 3: 0, 4: -int32(unix.EPIPE),
			31: -int32(unix.EAGAIN),
		}
		for i, got := range results {
			expected, ok := want[i]
			if !ok {
				expected = notCalled
			}
			if got != expected {
				t.Fatalf("round %d: call %d returned %d, want %d", round, i, got, expected)
			}
		}
		if string(room[:14]) != "head audio end" {
			t.Fatalf("round %d: received %q", round, room[:14])
		}
	}
}

// Each call of a batch gets its own reply. If batches fail, the loop continues with single calls, and no call is lost
// or sent twice.
func TestLoopInBatches(t *testing.T) {
	var calls atomic.Int32
	url, _ := scripted(t, func(s *side) {
		for {
			req, err := http.ReadRequest(s.r)
			if err != nil {
				return
			}
			talkgroup := req.FormValue("talkgroup")
			calls.Add(1)
			s.write(fmt.Sprintf("HTTP/1.1 500 Oh\r\nContent-Length: %d\r\n\r\n%s", len(talkgroup), talkgroup))
		}
	})
	target, err := NewTarget(&scenario.Scenario{URL: url, Key: "k", Timeout: time.Minute},
		upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	const n = 2 * maxBatch
	ended := 0
	l := newTestLoop(t, target, n, doneFunc(func(index int, a *upload.Attempt) {
		ended++
		if want := strconv.Itoa(1000 + index); a.Class != measure.Status || a.Detail != want {
			t.Errorf("connection %s: %+v", want, a)
		}
	}))
	if l.uring == nil {
		t.Skip("needs io_uring, which this kernel or container does not allow")
	}
	const opens, batches, breaks, oneByOne = 1, 2, 3, 4
	for round := opens; round <= oneByOne; round++ {
		if round == breaks {
			unix.Close(l.uring.batch.fd) // which io_uring_enter then refuses
			l.uring.batch.fd = -1
		}
		for i := range l.conns {
			call := testCall(smallAudio())
			if i%5 == 0 {
				call = testCall(make([]byte, maxBatchedSize)) // too large for a batch
			}
			call.Talkgroup = 1000 + int64(i)
			l.Begin(i, call, target.clock())
		}
		if batched := l.uring.results[1] > 0; batched != (round == batches) {
			t.Errorf("round %d: sent in batches: %v", round, batched)
		}
		for ended < round*n {
			l.Wait(noDeadline)
		}
		if got := int(calls.Load()); got != round*n {
			t.Errorf("round %d: %d calls arrived, want %d", round, got, round*n)
		}
	}
	if l.uring.batch != nil {
		t.Error("a batch that fails is used on")
	}
}
