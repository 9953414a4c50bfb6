package admission_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server/admission"
)

func TestMinRateReaderExtendsDeadlineByStep(t *testing.T) {
	ticket := enter(t, admission.NewGate(1, 1, 1<<20))
	deadlines := 0
	set := func(at time.Time) error {
		if in := time.Until(at); in <= 8*time.Second || in > 10*time.Second {
			t.Errorf("a deadline in %v, want 10s", in)
		}
		deadlines++
		return nil
	}
	r := admission.NewMinRateReader(strings.NewReader(strings.Repeat("x", 3000)), set, ticket, 100, 10*time.Second)
	p := make([]byte, 500)
	for range 6 {
		if n, err := r.Read(p); n != 500 || err != nil {
			t.Fatalf("read %d, %v", n, err)
		}
	}
	if deadlines != 3 { // one for each 1000 bytes
		t.Errorf("%d deadlines, want 3", deadlines)
	}
}

func TestMinRateReaderCountsFields(t *testing.T) {
	ticket := enter(t, admission.NewGate(1, 1, 64<<10))
	set := func(time.Time) error { return nil }
	r := admission.NewMinRateReader(strings.NewReader(strings.Repeat("x", 1<<20)), set, ticket, 100, time.Second)
	r.SetAudio(true)
	if _, err := io.ReadFull(r, make([]byte, 500<<10)); err != nil {
		t.Fatalf("audio: %v", err)
	}
	r.SetAudio(false)
	_, err := io.ReadFull(r, make([]byte, 500<<10))
	if !errors.Is(err, admission.ErrNoMemory) || !errors.Is(r.Refused(), admission.ErrNoMemory) {
		t.Errorf("fields: %v, %v; want ErrNoMemory", err, r.Refused())
	}
}

// stepRecorder requires a new deadline before each 64 kB.
type stepRecorder struct {
	*httptest.ResponseRecorder
	t    *testing.T
	left int
}

func (r *stepRecorder) SetWriteDeadline(at time.Time) error {
	if in := time.Until(at); in <= 0 || in > time.Minute {
		r.t.Errorf("a deadline in %v", in)
	}
	r.left = 64 << 10
	return nil
}

func (r *stepRecorder) Write(p []byte) (int, error) {
	if r.left -= len(p); r.left < 0 {
		r.t.Errorf("%d bytes are written under one deadline", 64<<10-r.left)
	}
	return r.ResponseRecorder.Write(p)
}

func TestDeadlineWriterExtendsDeadlineByStep(t *testing.T) {
	rec := &stepRecorder{httptest.NewRecorder(), t, 0}
	w := admission.DeadlineWriter{ResponseWriter: rec}
	w.WriteHeader(201)
	if n, err := w.Write(make([]byte, 300<<10)); n != 300<<10 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if rec.Code != 201 || rec.Body.Len() != 300<<10 || w.Unwrap() != rec {
		t.Errorf("status %d, %d bytes", rec.Code, rec.Body.Len())
	}
}
