package inputfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func file(t *testing.T, text string) (path string) {
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	path := file(t, "twelve bytes")
	for name, read := range map[string]func(string, int64) ([]byte, error){"Read": Read, "ReadOnce": ReadOnce} {
		if text, err := read(path, 12); err != nil || string(text) != "twelve bytes" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		_, err := read(path, 11)
		if large := (*SizeError)(nil); !errors.As(err, &large) || large.Size != 12 {
			t.Errorf("%s: %v", name, err)
		}
		_, err = read(t.TempDir(), 12)
		kind := KindError("")
		if !errors.As(err, &kind) || !strings.HasSuffix(err.Error(), ": it is a folder, not a file") {
			t.Errorf("%s: %v", name, err)
		}
		_, err = read(path+".none", 12)
		if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "open "+path+".none: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpen(t *testing.T) {
	f, size, err := Open(file(t, "twelve bytes"), 100)
	if err != nil || size != 12 {
		t.Fatal(size, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	if err := Check(file(t, "")); err != nil {
		t.Error(err)
	}
	if err := Check(t.TempDir()); err == nil {
		t.Error("a folder is a file")
	}
}

// A file that grows while it is read has no end of its own.
func TestReadAllIsBounded(t *testing.T) {
	_, err := readAll(endless{}, 0, 1000)
	if large := (*SizeError)(nil); !errors.As(err, &large) || !strings.Contains(err.Error(), "more than 1000 bytes") {
		t.Error(err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A pipe that was inherited may have no deadlines.
func TestReadElsewhere(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := readElsewhere(r, 100, time.Now().Add(50*time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if _, err := w.WriteString("key"); err != nil { // for the reader that was left behind
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		text, err := readElsewhere(r, 100, deadline)
		if err == nil && (len(text) == 0 || string(text) == "key") {
			return
		}
		t.Fatal(string(text), err)
	}
}
