package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A server that switches to another protocol when its list is requested, and then says nothing, has no list.
func TestListSwitchingProtocols(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"))
		<-over
	}))
	defer server.Close()
	defer close(over)
	if _, err := Open(t.Context(), server.Client(), server.URL); !errors.Is(err, ErrNoAPI) {
		t.Errorf("got %v", err)
	}
	if _, err := OpenTREngine(t.Context(), server.Client(), server.URL, ""); err == nil {
		t.Error("it has tr-engine's list")
	}
}
