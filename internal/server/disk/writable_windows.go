package disk

import (
	"os"

	"rdiostress/internal/field"
)

// CheckWritable returns an error if this process may not write to a file or folder. It does not open it. On Windows the
// read-only attribute decides.
func CheckWritable(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o200 == 0 {
		err = &os.PathError{Op: "write", Path: path, Err: os.ErrPermission}
	}
	return err
}

// WhyNotWritable explains to the user why a folder and its files cannot be written. On Windows the error itself must
// do.
func WhyNotWritable(string, ...string) field.Message { return "" }
