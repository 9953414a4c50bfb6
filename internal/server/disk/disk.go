// Package disk answers questions about the disk that holds a server's calls: how much is free, whether an error means
// that it is full, who may write to it, and how to make names in a folder durable.
package disk

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// IsFull reports whether an error means that a disk, or a user's quota on it, is full.
func IsFull(err error) bool {
	for _, full := range fullErrors {
		if errors.Is(err, full) {
			return true
		}
	}
	return false
}

// ErrNoSync means that the file system cannot make the names in a folder durable, or that this program does not know
// how to: a file that was moved there may be lost when the machine crashes.
var ErrNoSync = errors.New("the file system does not make names in folders durable")

// SyncDir makes the names in a folder durable. Windows needs no such call, since it journals them. It returns ErrNoSync
// if the file system cannot do it.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = errors.Join(d.Sync(), d.Close())
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return ErrNoSync
	}
	return err
}

// MakeDir creates a folder and its missing parents, and returns the folders that got a new name.
func MakeDir(dir string) (changed []string, err error) {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		changed = append(changed, filepath.Dir(at))
	}
	return changed, os.MkdirAll(dir, 0o750)
}

// WriteFile writes a file that is either complete or absent after a crash. SyncDir then makes its name durable.
func WriteFile(path string, text []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
