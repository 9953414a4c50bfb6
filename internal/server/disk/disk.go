// Package disk is about the disk that a server keeps its calls on: how much is free, whether an error means that it is full, and
// making names in a folder durable.
package disk

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// IsFull tells the errors of a disk, or of a user's share of it, that has no room left.
func IsFull(err error) bool {
	for _, full := range fullErrors {
		if errors.Is(err, full) {
			return true
		}
	}
	return false
}

// ErrNoSync says that a file system has no way to make the names in a folder durable, or none that this program knows: a file
// that was moved there may be gone after the machine has crashed.
var ErrNoSync = errors.New("the file system does not make names in folders durable")

// SyncDir makes the names in a folder durable. Windows needs no such thing: it journals them. It returns ErrNoSync where a file
// system cannot.
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

// MakeDir makes a folder and what is missing above it, and returns the folders in which a name is new.
func MakeDir(dir string) (changed []string, err error) {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		changed = append(changed, filepath.Dir(at))
	}
	return changed, os.MkdirAll(dir, 0o750)
}

// WriteFile writes a file that after a crash is either there as a whole or not at all. SyncDir then makes its name durable.
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
