// Package inputfile opens the files that a user names, and refuses those whose reading would block or never end before
// a byte of them is read: pipes that nobody writes into, devices such as /dev/zero, sockets, folders, and files that
// are larger than what is read from them could be.
//
// [Read] and [Open] take regular files alone. [ReadOnce] is for what is read a single time, such as a key: it takes
// what is written into a pipe too, as the shell's <(command) and /dev/stdin are, within bounds of size and time.
//
// Errors are of type *[fs.PathError], and wrap a [KindError] or a [SizeError] where a file is refused.
package inputfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"rdiostress/internal/clock"
)

// KindError says that a file is none that can be read.
type KindError string

// Error implements error.
func (e KindError) Error() string { return "it is " + string(e) + ", not a file" }

// SizeError says that a file is larger than it may be.
type SizeError struct {
	Size int64 // 0 where it is not known
	Most int64
}

// Error implements error.
func (e *SizeError) Error() string {
	if e.Size == 0 {
		return fmt.Sprintf("it is too large: it has more than %d bytes", e.Most)
	}
	return fmt.Sprintf("it is too large: it has %d bytes, of at most %d", e.Size, e.Most)
}

// Check returns an error where path is there and is not a regular file, or cannot be looked at.
func Check(path string) error {
	_, err := stat(path, fs.FileMode.IsRegular)
	return err
}

// Open opens a regular file of at most so many bytes. The caller closes it, and reads no more than size bytes: a file
// may grow.
func Open(path string, most int64) (f *os.File, size int64, err error) {
	return open(path, most, fs.FileMode.IsRegular)
}

// Read reads a regular file of at most so many bytes.
func Read(path string, most int64) ([]byte, error) {
	f, size, err := Open(path, most)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := readAll(f, size, most)
	return text, at(path, err)
}

// Stdin is the name of standard input for [ReadOnce].
const Stdin = "-"

// How long ReadOnce waits for a pipe.
const (
	firstWait = 3 * time.Second // for somebody who writes into it
	wholeWait = time.Minute     // for all of it: a person may have to type a password first
)

// ReadOnce reads a regular file of at most so many bytes, or as many from a pipe or standard input. It waits some
// seconds for somebody who writes into a pipe, and a minute for the end of it.
func ReadOnce(path string, most int64) ([]byte, error) {
	return readOnce(path, most, firstWait, wholeWait)
}

func readOnce(path string, most int64, first, whole time.Duration) ([]byte, error) {
	if path == Stdin && stdinPath == "" {
		text, err := readElsewhere(os.Stdin, most, time.Now().Add(whole))
		return text, at(path, slow(err, whole))
	}
	if path == Stdin {
		path = stdinPath
	}
	readable := func(mode fs.FileMode) bool { return mode.IsRegular() || mode&fs.ModeNamedPipe != 0 }
	f, size, err := open(path, most, readable)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, at(path, err)
	}
	if info.Mode().IsRegular() {
		text, err := readAll(f, size, most)
		return text, at(path, err)
	}
	text, err := readPipe(f, most, time.Now().Add(first), time.Now().Add(whole))
	return text, at(path, slow(err, whole))
}

// slow says in plain words that a pipe did not end.
func slow(err error, whole time.Duration) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("it is a pipe that did not end within %v", whole)
	}
	return err
}

// open opens a file of a kind that is taken. It never waits.
func open(path string, most int64, takes func(fs.FileMode) bool) (f *os.File, size int64, err error) {
	// Opening a device can do something, such as rewind a tape, so it is looked at before.
	if _, err := stat(path, takes); err != nil {
		return nil, 0, err
	}
	if f, err = os.OpenFile(path, os.O_RDONLY|openFlags, 0); err != nil {
		return nil, 0, err
	}
	info, err := f.Stat() // another file may have taken its place
	switch {
	case err != nil:
	case !takes(info.Mode()):
		err = kindOf(info.Mode())
	case info.Size() > most:
		err = &SizeError{info.Size(), most}
	default:
		return f, info.Size(), nil
	}
	_ = f.Close() // nothing was written
	return nil, 0, at(path, err)
}

// stat returns what is known of a file of a kind that is taken.
func stat(path string, takes func(fs.FileMode) bool) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		failed.Op = "open" // which is what people know
		return nil, err
	case err != nil:
		return nil, err
	case !takes(info.Mode()):
		return nil, at(path, kindOf(info.Mode()))
	}
	return info, nil
}

// kindOf returns why a file is refused.
func kindOf(mode fs.FileMode) error {
	switch {
	case mode.IsDir():
		return KindError("a folder")
	case mode&fs.ModeNamedPipe != 0:
		return KindError("a pipe")
	case mode&fs.ModeSocket != 0:
		return KindError("a socket")
	case mode&fs.ModeDevice != 0:
		return KindError("a device")
	default:
		return KindError("something else")
	}
}

// at says which file an error is about.
func at(path string, err error) error {
	if failed := (*fs.PathError)(nil); err == nil || errors.As(err, &failed) {
		return err
	}
	return &fs.PathError{Op: "open", Path: path, Err: err}
}

// readAll reads a file that was so large when it was opened. Those of /proc say 0.
func readAll(r io.Reader, size, most int64) ([]byte, error) {
	var text bytes.Buffer
	text.Grow(int(size) + bytes.MinRead) // so that it need not grow
	_, err := io.Copy(&text, io.LimitReader(r, most+1))
	if err == nil && int64(text.Len()) > most {
		err = &SizeError{Most: most}
	}
	if err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// readPipe reads a pipe to its end.
func readPipe(f *os.File, most int64, first, whole time.Time) ([]byte, error) {
	if err := f.SetReadDeadline(whole); err != nil { // it was inherited, or the system cannot
		return readElsewhere(f, most, whole)
	}
	for {
		// A pipe that nobody has opened for writing is at its end.
		text, err := readAll(f, 0, most)
		switch {
		case err != nil || len(text) > 0:
			return text, err
		case time.Now().After(first):
			return nil, errors.New("it is a pipe that nobody writes into")
		}
		clock.Wait(10*time.Millisecond, nil, nil)
	}
}

// readElsewhere reads a pipe whose reading cannot be interrupted: where it does not end, the goroutine is left behind,
// and ends with the process.
func readElsewhere(f *os.File, most int64, whole time.Time) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := readAll(f, 0, most)
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-time.After(time.Until(whole)):
		return nil, os.ErrDeadlineExceeded
	}
}
