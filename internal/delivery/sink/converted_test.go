package sink

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/measure"
)

// Where audio is forwarded, converted calls are checked as they come, also those that come before their upload is
// answered.
func TestConvertedAtTheSink(t *testing.T) {
	sent, good := capturetest.Clip(
		t, audio.WAVAt8kHz, 900*time.Millisecond,
	), deliverytest.Converted(
		t,
		"fragmented.m4a",
	)
	l := deliverytest.ManyCalls(2)
	o := deliverytest.Sending(".wav", sent)
	s := listenSink(t, "", nil)
	w := delivery.Start(t.Context(), l, s, delivery.Options{AudioOptions: *o, Timeout: time.Second, Max: time.Minute})
	send := func(i int, file []byte) {
		t.Helper()
		call := deliverytest.Kept{Name: fmt.Sprintf("run-7f3a-%06d.m4a", i), Call: capturetest.CallOf(i), Audio: file}
		status, body, err := forward("http://"+s.Address().String(), "", call)
		if err != nil || status != 200 {
			t.Fatalf("%d %s, %v", status, body, err)
		}
	}
	send(0, good)
	send(1, good[:2000])
	send(2, good)                   // not sent yet
	send(3, bytes.Clone(good)[:50]) // nor this
	s.mu.Lock()
	if len(s.early) != 2 || s.early[0].Audio != nil || s.early[1].Audio != nil {
		t.Errorf("%d early calls, or their audio is kept", len(s.early))
	}
	s.mu.Unlock()
	for i := 2; i < 4; i++ {
		deliverytest.Record(l, uint64(i), capturetest.CallOf(i), measure.Accepted)
	}
	d := w.Finish(t.Context(), 0)
	capturetest.CheckTold(t, "forwarded", &d,
		"2+2; 0 compared, 4 converted, 4 checked; 001: cut off after 2000 bytes; 003: cut off after 50 bytes")
	if *d.AudioDecoded != 0 || d.AudioNotDecoded != "the sink gives no stored audio" {
		t.Errorf("decoded %d, %s", *d.AudioDecoded, d.AudioNotDecoded)
	}
}
