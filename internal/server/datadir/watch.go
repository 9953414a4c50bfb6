package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
)

// GoneError means that a file that a store has open is no longer the file at its path: it was moved, removed or
// replaced, or its file system was unmounted. Data written to it may be lost when the server ends.
type GoneError struct {
	Path     string
	Replaced bool // another file is at the path now
}

func (e *GoneError) Error() string {
	if e.Replaced {
		return fmt.Sprintf("%s is not the file that the server has open", e.Path)
	}
	return fmt.Sprintf("%s is gone: it was moved or removed, or its file system was unmounted", e.Path)
}

// watch identifies the open files of a folder by device and inode.
type watch struct {
	files []watchedFile // does not change after Watch
	// pins hold files open that nobody else holds open: a file system may reuse a free inode number.
	pins      []*os.File
	checkedAt atomic.Int64 // time of the last Check, in Unix nanoseconds
	foundAt   atomic.Int64 // time when it last found all files
	gone      atomic.Pointer[GoneError]
}

type watchedFile struct {
	path string
	open os.FileInfo
}

// Watch records the lock, the audio folder and the named files. It is called once, while the named files are open.
func (f *Folder) Watch(names ...string) error {
	for _, name := range append(names, lockFile, audioDir) {
		path := f.Path(name)
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		os.SameFile(info, info) // Windows gets the file number on the first comparison
		f.watch.files = append(f.watch.files, watchedFile{path, info})
	}
	if err := f.Pin(audioDir); err != nil {
		return err
	}
	now := time.Now().UnixNano()
	f.watch.checkedAt.Store(now)
	f.watch.foundAt.Store(now)
	return nil
}

// Pin keeps a watched file or folder open until Close. It must not be used for a database that SQLite has open: closing
// the file would release SQLite's locks.
func (f *Folder) Pin(name string) error {
	file, err := os.Open(f.Path(name))
	if err == nil {
		f.watch.pins = append(f.watch.pins, file)
	}
	return err
}

// Check returns a GoneError if an open file is not the file at its path.
func (f *Folder) Check() error {
	began := time.Now().UnixNano()
	gone := f.watch.find()
	f.watch.gone.Store(gone)
	f.watch.checkedAt.Store(began)
	if gone != nil {
		return gone
	}
	f.watch.foundAt.Store(began)
	return nil
}

// LastFound returns when Check last found all files at their paths.
func (f *Folder) LastFound() time.Time { return time.Unix(0, f.watch.foundAt.Load()) }

// CheckAfter calls Check if the last check is older than gap, and otherwise returns its result. It uses the wall clock,
// which continues while the machine is suspended.
func (f *Folder) CheckAfter(gap time.Duration) error {
	if since := time.Duration(time.Now().UnixNano() - f.watch.checkedAt.Load()); since > gap || since < 0 {
		return f.Check()
	}
	return f.Gone()
}

// Gone returns the result of the last Check.
func (f *Folder) Gone() error {
	if gone := f.watch.gone.Load(); gone != nil {
		return gone
	}
	return nil
}

// find returns the first file that is not at its path. A file that this user may no longer inspect counts as present:
// it is still open.
func (w *watch) find() *GoneError {
	for _, file := range w.files {
		info, err := os.Stat(file.path)
		switch {
		case err == nil && os.SameFile(info, file.open), errors.Is(err, fs.ErrPermission):
		case err == nil:
			return &GoneError{Path: file.path, Replaced: true}
		default:
			return &GoneError{Path: file.path}
		}
	}
	return nil
}
