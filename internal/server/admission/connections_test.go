package admission_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"

	"rdiostress/internal/server/admission"
)

// acceptAll accepts connections of a limited listener until it is closed.
func acceptAll(t *testing.T, l *admission.ConnectionLimiter, reply bool) (addr string, accepted chan net.Conn) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted = make(chan net.Conn, 10)
	done := make(chan struct{})
	limited := l.Listener(ln, reply)
	go func() {
		defer close(done)
		for {
			conn, err := limited.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
		l.Wait()
	})
	return ln.Addr().String(), accepted
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestConnectionLimiterRefusesWithReply(t *testing.T) {
	l := admission.NewConnectionLimiter(1)
	addr, accepted := acceptAll(t, l, true)
	dial(t, addr)
	first := <-accepted
	late := dial(t, addr)
	io.WriteString(late, "POST / HTTP/1.1\r\n") // nobody reads this
	resp, err := http.ReadResponse(bufio.NewReader(late), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "5" ||
		string(body) != "Server busy: too many connections\n" {
		t.Errorf("got %s %q, %v", resp.Status, body, err)
	}
	late.Close()
	if got, want := l.Usage(), (admission.ConnectionUsage{Open: 1, Limit: 1, Refused: 1}); got != want {
		t.Errorf("usage %+v, want %+v", got, want)
	}
	first.Close()
	l.Closed()
	dial(t, addr)
	(<-accepted).Close() // there is room again
}

func TestConnectionLimiterRefusesInSilence(t *testing.T) {
	l := admission.NewConnectionLimiter(0)
	addr, _ := acceptAll(t, l, false)
	if n, err := dial(t, addr).Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
