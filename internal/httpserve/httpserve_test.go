package httpserve

import (
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves a handler on an address of this machine.
func start(t *testing.T, h http.HandlerFunc) *Server {
	t.Helper()
	var s Server
	if err := s.Start(t.Context(), "127.0.0.1:0", &http.Server{Handler: h}); err != nil {
		t.Fatal(err)
	}
	return &s
}

// get requests a page, and reports whether it is answered.
func (s *Server) get() error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + s.Addr().String())
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// An address is served until Close, and by one server only.
func TestServe(t *testing.T) {
	s := start(t, func(http.ResponseWriter, *http.Request) {})
	if err := s.get(); err != nil {
		t.Error(err)
	}
	var other Server
	if err := other.Start(t.Context(), s.Addr().String(), &http.Server{}); err == nil {
		_ = other.Close(0)
		t.Error("two listen on one address")
	}
	if err := s.Close(time.Minute); err != nil {
		t.Error(err)
	}
	if err := s.get(); err == nil {
		t.Error("it serves after Close")
	}
}

// A request under way is answered if it is done in time, and is cut off else.
func TestCloseWaits(t *testing.T) {
	for name, tt := range map[string]struct {
		patience time.Duration
		answered bool
	}{"patient": {time.Minute, true}, "impatient": {time.Millisecond, false}} {
		began, over := make(chan struct{}), make(chan struct{})
		s := start(t, func(_ http.ResponseWriter, r *http.Request) {
			close(began)
			select {
			case <-over:
			case <-r.Context().Done(): // cut off
			}
		})
		answer := make(chan error, 1)
		go func() { answer <- s.get() }()
		<-began
		if tt.answered {
			s.http.RegisterOnShutdown(func() { close(over) })
		}
		if err := s.Close(tt.patience); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := <-answer; (err == nil) != tt.answered {
			t.Errorf("%s: %v", name, err)
		}
	}
}
