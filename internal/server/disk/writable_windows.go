package disk

import "os"

// CheckWritable tells whether this process may write to a file or folder, without opening it. On Windows it is told by
// the read-only attribute alone.
func CheckWritable(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o200 == 0 {
		err = &os.PathError{Op: "write", Path: path, Err: os.ErrPermission}
	}
	return err
}

// WhyNotWritable says for people why a folder and its files cannot be written. On Windows the error itself has to do.
func WhyNotWritable(string, ...string) string { return "" }
