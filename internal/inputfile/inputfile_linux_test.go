package inputfile

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func fifo(t *testing.T) (path string) {
	path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What would block or never end is refused at once, whoever else has it open.
func TestRefuses(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for path, want := range map[string]string{
		"/dev/zero": "a device", "/dev/null": "a device", "/dev/random": "a device", "/dev/tty": "a device",
		fifo(t): "a pipe", socket: "a socket",
	} {
		for name, read := range map[string]func(string, int64) ([]byte, error){"Read": Read, "ReadOnce": ReadOnce} {
			if want == "a pipe" && name == "ReadOnce" {
				continue
			}
			began := time.Now()
			_, err := read(path, 1<<20)
			kind := KindError("")
			if !errors.As(err, &kind) || string(kind) != want || time.Since(began) > time.Second {
				t.Errorf("%s %s: %v after %v", name, path, err, time.Since(began))
			}
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/dev/zero", link); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(link, 1<<20); err == nil {
		t.Error("a link to a device is a file")
	}
	text, err := Read("/proc/self/status", 1<<20) // its size is 0
	if err != nil || !strings.Contains(string(text), "Pid:") {
		t.Errorf("%q, %v", text, err)
	}
}

func TestReadOnceFromPipes(t *testing.T) {
	const first, whole = 300 * time.Millisecond, time.Second
	for name, tt := range map[string]struct {
		write func(t *testing.T, path string)
		want  string
		err   string
	}{
		"written": {write: func(t *testing.T, path string) { write(t, path, "key\n", 0) }, want: "key\n"},
		"late": {
			write: func(t *testing.T, path string) { time.Sleep(first / 3); write(t, path, "key\n", 0) },
			want:  "key\n",
		},
		"slow":   {write: func(t *testing.T, path string) { write(t, path, "key\n", 2*first) }, want: "key\n"},
		"nobody": {write: func(*testing.T, string) {}, err: "it is a pipe that nobody writes into"},
		"endless": {
			write: func(t *testing.T, path string) { write(t, path, "key\n", 2*whole) },
			err:   "it is a pipe that did not end within 1s",
		},
		"large": {
			write: func(t *testing.T, path string) { write(t, path, strings.Repeat("x", 101), 0) },
			err:   "more than 100 bytes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := fifo(t)
			done := make(chan struct{})
			go func() { defer close(done); tt.write(t, path) }()
			defer func() { <-done }()
			text, err := readOnce(path, 100, first, whole)
			if string(text) != tt.want || (err == nil) != (tt.err == "") ||
				err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

// write opens a pipe, and writes a text into it after a while. It gives up where nobody reads.
func write(t *testing.T, path, text string, pause time.Duration) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	time.Sleep(pause)
	_, _ = f.WriteString(text)
	for left := time.Now().Add(100 * time.Millisecond); pause == 0 && time.Now().Before(left); {
		time.Sleep(10 * time.Millisecond)
	}
}
