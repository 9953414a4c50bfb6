package admission_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/server/admission"
)

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := admission.NewSlots(1)
		if err := s.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := s.Acquire(t.Context()); !errors.Is(err, admission.ErrTooManyReaders) ||
			time.Since(began) != 15*time.Second {
			t.Errorf("after %v: %v, want ErrTooManyReaders after 15s", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
		time.AfterFunc(time.Second, s.Release)
		if err := s.Acquire(t.Context()); err != nil {
			t.Errorf("after a release: %v", err)
		}
	})
}

func TestSlotsBoundWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := admission.NewSlots(1)
		if err := s.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 256 {
			go s.Acquire(t.Context())
		}
		synctest.Wait()
		began := time.Now()
		if err := s.Acquire(t.Context()); !errors.Is(err, admission.ErrTooManyReaders) || time.Since(began) != 0 {
			t.Errorf("after %v: %v, want ErrTooManyReaders at once", time.Since(began), err)
		}
		time.Sleep(time.Minute)
	})
}

func TestFiles(t *testing.T) {
	f := admission.NewFiles(1)
	if !f.Acquire() || f.Acquire() {
		t.Error("not one file may be opened")
	}
	if open, limit := f.Usage(); open != 1 || limit != 1 {
		t.Errorf("%d of %d", open, limit)
	}
	f.Release()
	if !f.Acquire() {
		t.Error("a file may not be opened after one was closed")
	}
}

func TestDiskGuard(t *testing.T) {
	for _, tt := range []struct {
		name        string
		dir         string
		least       int64
		inside      int64
		full, files bool
	}{
		{"no bound", t.TempDir(), 0, 0, false, false},
		{"room", t.TempDir(), 1, 0, false, false},
		{"no room", t.TempDir(), math.MaxInt64, 0, true, true},
		{"no room except in the database", t.TempDir(), math.MaxInt64, math.MaxInt64, true, true},
		{"unknown", t.TempDir() + "/nothing", math.MaxInt64, 0, false, false},
	} {
		g := admission.NewDiskGuard(tt.dir, tt.least)
		g.SetInside(tt.inside)
		if g.IsFull() != tt.full || g.IsFullForFiles() != tt.files || g.Inside() != tt.inside {
			t.Errorf("%s: full %v, for files %v", tt.name, g.IsFull(), g.IsFullForFiles())
		}
	}
}
