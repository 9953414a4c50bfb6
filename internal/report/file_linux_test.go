package report

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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

// A pipe takes the report as its reader reads, also one that comes a moment later.
func TestWriteFileIntoAPipe(t *testing.T) {
	path, large := fifo(t), strings.Repeat("report\n", 20_000)
	read := make(chan string)
	go func() {
		time.Sleep(100 * time.Millisecond)
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
			read <- ""
			return
		}
		defer f.Close()
		var text strings.Builder
		for err == nil {
			_, err = io.CopyN(&text, f, 30_000)
			time.Sleep(50 * time.Millisecond)
		}
		read <- text.String()
	}()
	err := writeFile(path, func(w io.Writer) error { _, err := io.WriteString(w, large); return err },
		waits{time.Minute, time.Minute, time.Minute})
	if err != nil {
		t.Error(err)
	}
	if text := <-read; text != large {
		t.Errorf("%d bytes", len(text))
	}
}
