package report

import (
	"cmp"
	"errors"
	"fmt"
	"os"
)

// AppendFile adds what more returns to the end of the file at path, as a whole or not at all. more gets the size of the
// file, which is made if there is none. It gives up on a disk that hangs.
func AppendFile(path string, more func(size int64) ([]byte, error)) error {
	err := CheckKind(path)
	if err == nil {
		err = bounded(diskWait, func(taken func()) error { return appendTo(path, more, taken) })
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, withoutPath(err))
	}
	return nil
}

func appendTo(path string, more func(size int64) ([]byte, error), taken func()) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	text, err := more(info.Size())
	if err == nil {
		_, err = (&piecewise{f, taken}).Write(text)
		if err != nil && info.Mode().IsRegular() {
			_ = f.Truncate(info.Size()) // the first error is the one to report
		}
	}
	return cmp.Or(err, f.Close())
}
