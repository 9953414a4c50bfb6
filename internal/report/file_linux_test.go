package report

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rdiostress/internal/clock"
)

func fifo(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Nothing that a report is written into has it wait without end.
func TestWriteFileIsBounded(t *testing.T) {
	const short, long = 200 * time.Millisecond, time.Minute // only what a case is about has an end soon
	large := bytes.Repeat([]byte("report\n"), 20_000)
	write := func(w io.Writer) error { _, err := w.Write(large); return err }
	hang := make(chan struct{})
	defer close(hang)
	stuck := fifo(t) // that is opened, and not read
	reader, err := os.OpenFile(stuck, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	socket := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, tt := range map[string]struct {
		path  string
		write func(io.Writer) error
		waits waits
		want  string
	}{
		"no reader":    {fifo(t), write, waits{long, long, short}, "it is a pipe that nobody reads"},
		"stuck reader": {stuck, write, waits{long, short, long}, "nothing was taken for 200ms"},
		"full":         {"/dev/full", write, waits{long, long, long}, "no space left on device"},
		"socket":       {socket, write, waits{long, long, long}, "it is a socket"},
		"hung disk": {
			filepath.Join(t.TempDir(), "report.json"), func(io.Writer) error { <-hang; return errors.New("over") },
			waits{short, long, long},
			"nothing was taken for 200ms",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := writeFile(tt.path, tt.write, tt.waits)
			if err == nil || err.Error() != "write "+tt.path+": "+tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// A pipe takes the report as its reader reads, also one that comes after the writer, and lets the pipe run full.
func TestWriteFileIntoAPipe(t *testing.T) {
	path, large := fifo(t), strings.Repeat("report\n", 20_000)
	unread, over, read := make(chan struct{}), make(chan struct{}), make(chan string)
	go func() {
		select {
		case <-unread:
		case <-over:
			read <- ""
			return
		}
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
			read <- ""
			return
		}
		defer f.Close()
		awaitFull(t, int(f.Fd()), over)
		text, err := io.ReadAll(f)
		if err != nil {
			t.Error(err)
		}
		read <- string(text)
	}()
	write := func(w io.Writer) error { _, err := io.WriteString(w, large); return err }
	tried := sync.OnceFunc(func() { close(unread) })
	err := bounded(time.Minute, func(taken func()) error {
		return writeInto(path, write, time.Minute, func() { tried(); taken() })
	})
	close(over)
	if err != nil {
		t.Error(err)
	}
	if text := <-read; text != large {
		t.Errorf("%d bytes", len(text))
	}
}

// awaitFull waits until a pipe takes no more, or its writer is done.
func awaitFull(t *testing.T, fd int, over <-chan struct{}) {
	size, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	for n := 0; err == nil && n < size && clock.Wait(time.Millisecond, over, nil); {
		n, err = unix.IoctlGetInt(fd, unix.TIOCINQ)
	}
	if err != nil {
		t.Error(err)
	}
}
