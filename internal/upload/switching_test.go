package upload

import (
	"net"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/upload/uploadtest"
)

// A server that changes to another protocol, and then says nothing, is not waited for.
func TestUploadSwitchingProtocols(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 1<<20))
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"))
		<-over
	}()
	defer func() { listener.Close(); <-served }()
	defer close(over)
	s := uploadtest.Scenario()
	s.URL, s.Timeout = "http://"+listener.Addr().String(), 2*time.Second
	began := time.Now()
	if a := uploadTo(t, s); a.Class != measure.Status || a.Status != 101 || time.Since(began) > s.Timeout {
		t.Errorf("after %v: %v %d", time.Since(began), a.Class, a.Status)
	}
}
