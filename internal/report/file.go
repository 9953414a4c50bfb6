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
)

// WriteFile creates or replaces the file at path with what write writes, as a whole or not at all: it writes beside it
// and renames, so that no failure leaves half a file at path. It writes into a path that is not a regular file, such as
// /dev/null or a pipe.
func WriteFile(path string, write func(io.Writer) error) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // replace what a link points at, not the link
	}
	keepMode := func(string) error { return nil }
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("write %s: it is a folder", path)
	case err == nil && !info.Mode().IsRegular():
		return writeInto(path, write)
	case err == nil:
		keepMode = func(temp string) error { return os.Chmod(temp, info.Mode().Perm()) }
	}
	// Not os.CreateTemp, whose files only their owner may read: the umask decides who may read a new report.
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text())
	temp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, plain(err))
	}
	// All four run; the first error causes the others.
	err = cmp.Or(write(temp), temp.Sync(), temp.Close(), keepMode(name))
	if err == nil {
		err = os.Rename(name, path)
	}
	if err != nil {
		_ = os.Remove(name) // the first error is the one to report
		return fmt.Errorf("write %s: %w", path, plain(err))
	}
	return nil
}

func writeInto(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, plain(err))
	}
	if err := cmp.Or(write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, plain(err))
	}
	return nil
}

// plain removes the file name from an error: the user knows path, not the temporary file's name.
func plain(err error) error {
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
