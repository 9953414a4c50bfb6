package report

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rdiostress/internal/clock"
)

// How long WriteFile waits where nothing is taken: for a disk, for the reader of a pipe, and for a pipe to have one.
const (
	diskWait   = 2 * time.Minute
	pipeWait   = 30 * time.Second
	readerWait = 10 * time.Second
)

// WriteFile creates or replaces the file at path with what write writes, as a whole or not at all: it writes beside it
// and renames, so that no failure leaves half a file at path. It writes into a path that is not a regular file, such as
// /dev/null or a pipe. It gives up on a disk that hangs, and on a pipe that nobody reads.
func WriteFile(path string, write func(io.Writer) error) error {
	return writeFile(path, write, waits{diskWait, pipeWait, readerWait})
}

// waits are how long is waited for a disk, for the reader of a pipe, and for a pipe to have one.
type waits struct{ disk, pipe, reader time.Duration }

func writeFile(path string, write func(io.Writer) error, w waits) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // replace what a link points at, not the link
	}
	if err = CheckKind(path); err == nil {
		info, serr := os.Stat(path)
		if serr == nil && !info.Mode().IsRegular() {
			err = bounded(w.pipe, func(taken func()) error { return writeInto(path, write, w.reader, taken) })
		} else {
			err = bounded(w.disk, func(taken func()) error { return replace(path, info, write, taken) })
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, withoutPath(err))
	}
	return nil
}

// CheckKind returns an error where something is at path that no report can be written into.
func CheckKind(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil: // it is made
	case info.IsDir():
		return errors.New("it is a folder")
	case info.Mode()&fs.ModeSocket != 0:
		return errors.New("it is a socket")
	case info.Mode()&fs.ModeDevice != 0 && info.Mode()&fs.ModeCharDevice == 0:
		return errors.New("it is a disk")
	}
	return nil
}

// bounded calls do, and waits as long as something is taken every now and then. If nothing is, do is left behind: a
// write to a disk that hangs cannot be interrupted.
func bounded(wait time.Duration, do func(taken func()) error) error {
	err := clock.Patience{Standstill: wait}.Await(do)
	if stalled, ok := errors.AsType[*clock.StalledError](err); ok {
		return fmt.Errorf("nothing was taken for %v", stalled.For)
	}
	return err
}

// replace makes the file at path, or replaces that of which info is known, by what write writes.
func replace(path string, info fs.FileInfo, write func(io.Writer) error, taken func()) error {
	// Not os.CreateTemp, whose files only their owner may read: the umask decides who may read a new report.
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text())
	temp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	keepMode := func() error {
		if info == nil {
			return nil
		}
		return os.Chmod(name, info.Mode().Perm())
	}
	// All four run; the first error causes the others.
	err = cmp.Or(write(&piecewise{temp, taken}), temp.Sync(), temp.Close(), keepMode())
	if err == nil {
		err = os.Rename(name, path)
	}
	if err != nil {
		_ = os.Remove(name) // the first error is the one to report
	}
	return err
}

// writeInto writes into what is at path, such as a device or a pipe.
func writeInto(path string, write func(io.Writer) error, wait time.Duration, taken func()) error {
	f, err := openInto(path, wait, taken)
	if err != nil {
		return err
	}
	return cmp.Or(write(&piecewise{f, taken}), f.Close())
}

// openInto opens a device or a pipe. A pipe must have a reader soon.
func openInto(path string, wait time.Duration, taken func()) (*os.File, error) {
	for late := time.Now().Add(wait); ; clock.Wait(20*time.Millisecond, nil, nil) {
		f, err := os.OpenFile(path, os.O_WRONLY|openFlags, 0)
		switch {
		case err == nil:
			return f, nil
		case !isUnread(err):
			return nil, err
		case time.Now().After(late):
			return nil, errors.New("it is a pipe that nobody reads")
		}
		taken() // this wait has an end of its own
	}
}

// piecewise writes to a file in pieces, and tells taken of each.
type piecewise struct {
	file  *os.File
	taken func()
}

// Write implements io.Writer.
func (w *piecewise) Write(p []byte) (n int, err error) {
	const piece = 4 << 10
	for n < len(p) {
		k, err := w.file.Write(p[n:min(n+piece, len(p))])
		n += k
		if err != nil {
			return n, err
		}
		w.taken()
	}
	return n, nil
}

// withoutPath removes the file name from an error: the user knows path, not the temporary file's name.
func withoutPath(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		return at.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
