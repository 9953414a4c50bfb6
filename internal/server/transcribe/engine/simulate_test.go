package engine_test

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/server/transcribe/engine"
)

// The simulator takes the factor of the recording's duration, or of what its size suggests, and ends at once with its
// context.
func TestSimulateTakesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, "simulate:0.5", engine.Options{Timeout: 10 * time.Second})
		begun := time.Now()
		a := recording(7, make([]byte, 8000))
		a.Duration = 5 * time.Second
		got, err := e.Transcribe(t.Context(), a)
		if err != nil || time.Since(begun) != 2500*time.Millisecond ||
			got.Text != "simulated transcript of call 7, which plays for 5 s" || got.Language != "en" {
			t.Errorf("%q after %v, %v", got, time.Since(begun), err)
		}
		begun, a.Duration = time.Now(), 0
		if _, err := e.Transcribe(t.Context(), a); err != nil || time.Since(begun) != time.Second {
			t.Errorf("8000 bytes took %v, %v", time.Since(begun), err)
		}
		begun, a.Duration = time.Now(), time.Minute
		if _, err := e.Transcribe(t.Context(), a); !errors.Is(err, context.DeadlineExceeded) ||
			time.Since(begun) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begun = time.Now()
		if _, err := e.Transcribe(ctx, a); !errors.Is(err, context.Canceled) || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

// About the share of the calls fails, and always the same ones. Audio that is not there is missed.
func TestSimulateFails(t *testing.T) {
	e := newEngine(t, "simulate:0,fail=10%", engine.Options{})
	failed := make(map[int64]bool)
	for range 2 {
		for id := range int64(2000) {
			_, err := e.Transcribe(t.Context(), recording(id, nil))
			if before, known := failed[id]; known && before != (err != nil) {
				t.Errorf("call %d: %v, and before that failed: %v", id, err, before)
			}
			failed[id] = err != nil
		}
	}
	n := 0
	for _, f := range failed {
		if f {
			n++
		}
	}
	if n < 140 || n > 260 {
		t.Errorf("%d of 2000 fail", n)
	}
	for spec, fails := range map[string]bool{"simulate:0,fail=0": false, "simulate:0,fail=100%": true} {
		e := newEngine(t, spec, engine.Options{})
		for id := range int64(100) {
			if _, err := e.Transcribe(t.Context(), recording(id, nil)); (err != nil) != fails {
				t.Errorf("%s: %v", spec, err)
			}
		}
	}
	lost := recording(1, nil)
	lost.Open = func(context.Context) (io.ReadCloser, error) { return nil, os.ErrNotExist }
	if _, err := e.Transcribe(t.Context(), lost); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if e.Name() != "simulate:0" {
		t.Errorf("it is called %q", e.Name())
	}
}
