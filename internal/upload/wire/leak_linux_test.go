package wire

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// A loop that is closed leaves no goroutine, also if one was still looking for the server when its upload ran out of
// time.
func TestLoopLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := &scenario.Scenario{URL: "http://nowhere.invalid:81", Key: "k", Timeout: 50 * time.Millisecond}
	target, err := NewTarget(s, upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	ended := 0
	l, err := NewLoop([]*Target{target}, 3, doneFunc(func(int, *upload.Attempt) { ended++ }))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		l.Begin(i, testCall(smallAudio()), l.Now())
	}
	for ended < 3 {
		l.Wait(noDeadline)
	}
	l.Close()
	target.Close()
	goleak.VerifyNone(t, before)
}
