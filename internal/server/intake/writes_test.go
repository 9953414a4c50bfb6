package intake_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/intake"
)

var errFire = errors.New("disk sda1 is on fire")

func TestWritesFollowTheStore(t *testing.T) {
	b := newBench(t)
	b.store.written = time.Now()
	for _, step := range []struct {
		err     error
		failing bool
	}{
		{nil, false},
		{call.ErrFull, false},
		{call.ErrBadCall, false},
		{context.Canceled, false},
		{errFire, true},
		{call.ErrFull, true},
		{nil, false},
	} {
		b.store.err = step.err
		b.receive(strings.NewReader(form()))
		if got := b.options.Writes.Failing(); got != step.failing {
			t.Errorf("after %v: failing %v", step.err, got)
		}
	}
	if err := b.options.Writes.Check(); err != nil || b.store.probes > 0 {
		t.Errorf("a write just now does not count: %v, %d probes", err, b.store.probes)
	}
}

// A failing spool is not a failure of the store; it counts as failing until a long call is stored.
func TestWritesFollowTheSpool(t *testing.T) {
	b := newBench(t)
	b.store.written = time.Now()
	long := form("audio", strings.Repeat("x", 2000))
	if err := os.Remove(b.dir); err != nil {
		t.Fatal(err)
	}
	var spool *intake.SpoolError
	if _, _, err := b.receive(strings.NewReader(long)); !errors.As(err, &spool) ||
		!strings.Contains(err.Error(), "spooling audio: ") {
		t.Errorf("without a folder: %v", err)
	}
	b.receive(strings.NewReader(form()))
	if !b.options.Writes.Failing() {
		t.Error("a short call shows that the spool is well")
	}
	b.store.gone = call.ErrNotWritable
	if _, _, err := b.receive(strings.NewReader(long)); !errors.Is(err, call.ErrNotWritable) {
		t.Errorf("with the data folder gone: %v", err)
	}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b.receive(strings.NewReader(long))
	if b.options.Writes.Failing() {
		t.Error("a long call does not show that the spool is well")
	}
}

func TestWritesProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store := &memoryStore{err: errFire}
		w := intake.NewWrites(store, slog.New(slog.NewTextHandler(&log, nil)))
		for range 3 { // only the first probes
			if err := w.Check(); !errors.Is(err, errFire) {
				t.Errorf("got %v", err)
			}
		}
		if store.probes != 1 || !w.Failing() {
			t.Errorf("%d probes, failing %v", store.probes, w.Failing())
		}
		store.err = nil
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx) }()
		time.Sleep(1500 * time.Millisecond)
		if w.Failing() {
			t.Error("it still fails")
		}
		cancel()
		<-done
		if strings.Count(log.String(), "cannot be stored") != 1 ||
			strings.Count(log.String(), "can be stored again") != 1 {
			t.Errorf("logged %s", &log)
		}
		store.err = call.ErrClosed
		store.written = time.Time{}
		if err := w.Check(); !errors.Is(err, call.ErrClosed) || w.Failing() {
			t.Errorf("closed: %v, failing %v", err, w.Failing())
		}
	})
}

func TestOpenSpoolSweeps(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{strings.Repeat("A", 26) + ".spool", "mail.spool"} {
		if err := os.WriteFile(dir+"/"+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := intake.OpenSpool(dir, 1000, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "mail.spool" || s.Inline() != 1000 {
		t.Errorf("left %v, %v", entries, err)
	}
	if _, err := intake.OpenSpool(dir+"/mail.spool/x", 1000, nil, nil); err == nil {
		t.Error("a folder in a file was opened")
	}
}
