package cli

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server that another command runs ends with its standard input, and takes its data with it.
func TestServeStopsOnEOF(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	in, end := io.Pipe()
	ios, out, errs := testStreams()
	ios.In = in
	code := make(chan int, 1)
	go func() {
		code <- run(t.Context(),
			[]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--stop-on-eof", "--remove-data"}, ios)
	}()
	waitUntil(t, "serve has told its address", func() bool { return strings.HasSuffix(out.String(), "\n") })
	if _, err := os.Stat(filepath.Join(dir, "rdiostress.db")); err != nil {
		t.Error(err)
	}
	end.Close()
	if c := <-code; c != exitOK {
		t.Errorf("exit code %d: %s", c, errs)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data folder is still there: %v", err)
	}
}

// A folder that the server has not opened is not its own to remove, and of one that it has opened only what it has
// made.
func TestServeRemovesOnlyItsOwn(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	inUse := filepath.Join(t.TempDir(), "data")
	other := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", inUse)
	defer func() {
		other.stop()
		<-other.code
	}()
	tests := []struct{ name, listen, dir, file string }{
		{"port in use", busy.Addr().String(), t.TempDir(), "precious.txt"},
		{"folder in use", "127.0.0.1:0", inUse, "rdiostress.db"},
		{"somebody's audio", "127.0.0.1:0", t.TempDir(), "audio/song.mp3"},
		{"somebody's spool", "127.0.0.1:0", t.TempDir(), "spool/mail.spool"},
		{"somebody's files beside it", "127.0.0.1:0", t.TempDir(), "precious.txt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(tt.dir, filepath.FromSlash(tt.file))
			if tt.dir != inUse {
				err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("x"), 0o600))
				if err != nil {
					t.Fatal(err)
				}
			}
			ios, _, errs := testStreams() // with a standard input that has ended
			run(t.Context(),
				[]string{"serve", "--listen", tt.listen, "--data-dir", tt.dir, "--stop-on-eof", "--remove-data"}, ios)
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%v; serve said %s", err, errs)
			}
		})
	}
}
