package reload_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/server/reload"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one")
	var log bytes.Buffer
	s := reload.New(slog.New(slog.NewTextHandler(&log, nil)), time.Hour)
	var inForce string
	load := func(contents [][]byte) error {
		if string(contents[0]) == "bad" {
			return errors.New("it is bad")
		}
		inForce = string(contents[0])
		return nil
	}
	if err := s.Load("words", load, path); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ text, want, log string }{
		{"two", "two", "reloaded the words"},
		{"bad", "two", "it is bad"},
		{"three", "three", "reloaded the words"},
	} {
		log.Reset()
		write(t, path, step.text)
		s.Reload()
		if inForce != step.want || !strings.Contains(log.String(), step.log) {
			t.Errorf("after %q: %q is in force, logged %s", step.text, inForce, log.String())
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	s.Reload()
	if inForce != "three" || !strings.Contains(log.String(), "the last valid version stays in force") {
		t.Errorf("without a file: %q is in force, logged %s", inForce, log.String())
	}
}

func TestLoadFails(t *testing.T) {
	s := reload.New(slog.New(slog.DiscardHandler), time.Hour)
	if err := s.Load("words", func([][]byte) error { return nil }, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was loaded")
	}
}

func TestRunReadsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "one")
	s := reload.New(slog.New(slog.DiscardHandler), time.Millisecond)
	var size atomic.Int64
	load := func(contents [][]byte) error { size.Store(int64(len(contents[0]))); return nil }
	if err := s.Load("words", load, path); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	write(t, path, "twelve bytes")
	for deadline := time.Now().Add(20 * time.Second); size.Load() != 12; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the change is not loaded")
		}
	}
	cancel()
	<-done
}

func TestReadFileRefuses(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	write(t, large, "")
	if err := os.Truncate(large, 1<<40); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		t.TempDir(): "not a regular file", large: "too large",
		filepath.Join(t.TempDir(), "none"): "open ",
	}
	if runtime.GOOS != "windows" {
		tests["/dev/zero"] = "not a regular file"
	}
	for path, want := range tests {
		if _, err := reload.ReadFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}
