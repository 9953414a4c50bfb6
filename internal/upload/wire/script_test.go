package wire

import (
	"bufio"
	"io"
	"maps"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

const accepted = "HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\nCall imported successfully.\n"

// side is the server's side of one connection, and what a script does with it.
type side struct {
	t    *testing.T
	conn *net.TCPConn
	r    *bufio.Reader
	done <-chan struct{} // closed when the test is over
}

type script func(*side)

// read reads one request with its body.
func (s *side) read() {
	req, err := http.ReadRequest(s.r)
	if err != nil {
		s.t.Errorf("read request: %v", err)
		return
	}
	if err := req.ParseMultipartForm(1 << 20); err != nil {
		s.t.Errorf("read form: %v", err)
	}
}

// readHead reads a request's head only.
func (s *side) readHead() {
	if _, err := http.ReadRequest(s.r); err != nil {
		s.t.Errorf("read request: %v", err)
	}
}

func (s *side) write(text string) { io.WriteString(s.conn, text) }

// hold keeps the connection open until the test is over.
func (s *side) hold() { <-s.done }

// reset makes the end of the script a reset.
func (s *side) reset() { s.conn.SetLinger(0) }

// again serves any number of requests well.
func again(s *side) {
	for {
		if _, err := s.r.Peek(1); err != nil {
			return
		}
		s.read()
		s.write(accepted)
	}
}

// scripted listens, and plays a script on each connection in turn, and the last one on all that follow. A script's
// connection is closed when it returns, and then closed[i] is.
func scripted(t *testing.T, scripts ...script) (url string, closed []chan struct{}) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	closed = make([]chan struct{}, len(scripts))
	for i := range closed {
		closed[i] = make(chan struct{})
	}
	var running sync.WaitGroup
	running.Go(func() {
		for i := 0; ; i++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			play := scripts[min(i, len(scripts)-1)]
			running.Go(func() {
				s := &side{t: t, conn: conn.(*net.TCPConn), r: bufio.NewReader(conn), done: done}
				play(s)
				conn.Close()
				if i < len(closed) {
					close(closed[i])
				}
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		close(done)
		running.Wait()
	})
	return "http://" + listener.Addr().String(), closed
}

// wired is an uploader under test.
type wired struct {
	upload.Uploader
	target *Target
	idle   *time.Duration // since when its connection has nothing to do
	text   func() []byte  // of the last reply
}

// wiring opens an uploader.
type wiring func(testing.TB, *Target) wired

// wirings are the ways in which uploaders work, each of which must pass the same tests.
func wirings() map[string]wiring {
	all := map[string]wiring{"goroutine": goroutineWiring}
	maps.Copy(all, loopWirings())
	return all
}

func goroutineWiring(_ testing.TB, t *Target) wired {
	u := t.Uploader().(*uploader)
	return wired{u, t, &u.idle, u.reply.text}
}

// eachWiring runs a test for each way in which uploaders work.
func eachWiring(t *testing.T, test func(*testing.T, wiring)) {
	for name, open := range wirings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

// wire returns an uploader to url, with what a test changes of the defaults.
func (open wiring) wire(t testing.TB, url string, change func(*scenario.Scenario, *upload.ConnectOptions)) wired {
	t.Helper()
	s := &scenario.Scenario{URL: url, Key: "test-api-key", Timeout: time.Minute}
	o := upload.ConnectOptions{KeepAlive: true}
	if change != nil {
		change(s, &o)
	}
	target, err := NewTarget(s, o)
	if err != nil {
		t.Fatal(err)
	}
	u := open(t, target)
	t.Cleanup(func() {
		u.Close()
		target.Close()
	})
	return u
}

// wire returns an uploader on the test's own goroutine.
func wire(t testing.TB, url string, change func(*scenario.Scenario, *upload.ConnectOptions)) wired {
	t.Helper()
	return wiring(goroutineWiring).wire(t, url, change)
}

func testCall(audio []byte) *upload.Request {
	return &upload.Request{Upload: rdio.Upload{Body: audio, Call: rdio.Call{
		System: 11, Talkgroup: 1001, Time: time.Unix(1764000000,
			0), AudioName: "rs-x-000001.mp3", AudioType: "audio/mpeg",
		Frequency: 851_012_500, Source: 4_424_000, SystemLabel: "rdiostress", TalkgroupLabel: "TG 1001",
	}}}
}

// Audio that a socket takes at once, and audio that no socket takes at once.
func smallAudio() []byte { return make([]byte, 4<<10) }
func hugeAudio() []byte  { return make([]byte, 64<<20) }
