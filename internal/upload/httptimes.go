package upload

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"

	"rdiostress/internal/measure"
)

// tracer records when the steps of a request on net/http took place. A connection attempt that was given up can still
// report, from its own goroutine, after the request has failed.
type tracer struct {
	mu                                         sync.Mutex
	asked, dialled, secured, got, wrote, first time.Time
	fresh                                      bool // a connection was opened for the request
}

// trace returns the hooks that fill the tracer.
func (t *tracer) trace() *httptrace.ClientTrace {
	note := func(at *time.Time) {
		t.mu.Lock()
		*at = time.Now()
		t.mu.Unlock()
	}
	return &httptrace.ClientTrace{
		GetConn:           func(string) { note(&t.asked) },
		TLSHandshakeStart: func() { note(&t.dialled) },
		TLSHandshakeDone:  func(tls.ConnectionState, error) { note(&t.secured) },
		GotConn: func(info httptrace.GotConnInfo) {
			note(&t.got)
			t.mu.Lock()
			t.fresh = !info.Reused
			t.mu.Unlock()
		},
		WroteRequest:         func(httptrace.WroteRequestInfo) { note(&t.wrote) },
		GotFirstResponseByte: func() { note(&t.first) },
	}
}

// fill puts the steps into an attempt that was done at a time.
func (t *tracer) fill(a *Attempt, done time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a.Sent, a.NewConn, a.Steps = t.got, t.fresh, measure.NoSteps()
	step := func(s measure.Step, from, to time.Time) {
		if !from.IsZero() && !to.IsZero() {
			a.Steps[s] = max(0, to.Sub(from))
		}
	}
	if t.fresh && t.secured.IsZero() {
		step(measure.Connect, t.asked, t.got)
	} else if t.fresh {
		step(measure.Connect, t.asked, t.dialled)
		step(measure.Handshake, t.dialled, t.secured)
	}
	step(measure.Send, t.got, t.wrote)
	if !t.wrote.IsZero() {
		step(measure.Wait, t.wrote, t.first)
	}
	step(measure.Read, t.first, done)
}
