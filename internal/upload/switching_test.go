package upload

import (
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/upload/uploadtest"
)

// A server that changes to another protocol, and then says nothing, is not waited for.
func TestUploadSwitchingProtocols(t *testing.T) {
	s := uploadtest.Scenario()
	s.URL = uploadtest.ReplyServer(t, uploadtest.ReplyCase{
		Parts: []string{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"},
		End:   uploadtest.Hold,
	})
	s.Timeout = 2 * time.Second
	began := time.Now()
	if a := uploadTo(t, s); a.Class != measure.Status || a.Status != 101 || time.Since(began) > s.Timeout {
		t.Errorf("after %v: %v %d", time.Since(began), a.Class, a.Status)
	}
}
