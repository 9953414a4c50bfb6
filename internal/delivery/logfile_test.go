package delivery

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLogFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server.log")
	write := func(flag int, text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(0, "from before\n")
	l, err := OpenLogFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { l.Close() }()
	reads := func(what string, want ...string) {
		t.Helper()
		var got []string
		if err := l.Read(func(line string) { got = append(got, line) }); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: lines differ (-want +got):\n%s", what, diff)
		}
	}
	reads("nothing new")
	write(os.O_APPEND, "one\ntwo\r\nthr")
	reads("what was added", "one", "two")
	write(os.O_APPEND, "ee\n")
	reads("the rest of a line", "three")
	write(os.O_APPEND, strings.Repeat("x", 3*logChunk)+"\nafter it\n")
	reads("a line that is too long", strings.Repeat("x", MaxLogLine), "after it")
	write(os.O_TRUNC, "cut and begun anew\n")
	reads("after it was cut", "cut and begun anew")

	if runtime.GOOS == "windows" { // which cannot move an open file
		return
	}
	write(os.O_APPEND, "last of the old\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	reads("moved away", "last of the old")
	write(0, "first of the new\n")
	reads("in its place", "first of the new")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	reads("removed")
}

func TestOpenLogFileRefuses(t *testing.T) {
	for path, want := range map[string]string{t.TempDir(): "not a file", filepath.Join(t.TempDir(), "none"): "none"} {
		l, err := OpenLogFile(path)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
