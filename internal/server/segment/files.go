package segment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Files is the folder of the segments.
type Files interface {
	Opener
	// Names returns the names of all files.
	Names() ([]string, error)
	// Create creates a file that must not exist.
	Create(name string) (File, error)
	// Open opens a file, to be read and written.
	Open(name string) (File, error)
	Remove(name string) error
	// Sync makes the names of files durable.
	Sync() error
}

// File is an open segment.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Sync makes the content durable, and the size.
	Sync() error
	// Check returns an error if another file, or none, is at the file's path by now.
	Check() error
}

// Folder is a folder of segments on disk.
type Folder struct {
	Dir     string
	SyncDir func(dir string) error             // makes the names in a folder durable
	Check   func() error                       // fails if another folder is at the path
	Gone    func(path string, err error) error // the error of a file that is gone
}

var _ Files = Folder{}

// OpenReader implements Opener.
func (f Folder) OpenReader(name string) (ReadFile, error) { return ReadOnly(f.Dir).OpenReader(name) }

// Names implements Files.
func (f Folder) Names() ([]string, error) {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Create implements Files.
func (f Folder) Create(name string) (File, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.open(name, os.O_CREATE|os.O_EXCL)
}

func (f Folder) check() error {
	if f.Check == nil {
		return nil
	}
	return f.Check()
}

// Open implements Files.
func (f Folder) Open(name string) (File, error) { return f.open(name, 0) }

// open opens a file without O_APPEND: with it, writing at an offset would append.
func (f Folder) open(name string, flags int) (File, error) {
	path := filepath.Join(f.Dir, name)
	file, err := os.OpenFile(path, os.O_RDWR|flags, 0o640)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	os.SameFile(info, info) // Windows gets the file number on the first comparison
	return diskFile{File: file, path: path, info: info, gone: f.Gone}, nil
}

// Remove implements Files.
func (f Folder) Remove(name string) error {
	if err := f.check(); err != nil {
		return err
	}
	return os.Remove(filepath.Join(f.Dir, name))
}

// Sync implements Files.
func (f Folder) Sync() error { return f.SyncDir(f.Dir) }

// RemoveAll removes the segments in a folder, and then the folder if it is empty. It does not touch other files.
func RemoveAll(dir string) error {
	f := Folder{Dir: dir}
	names, err := f.Names()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, name := range names {
		if _, ok := idOf(name); ok {
			errs = append(errs, f.Remove(name))
		}
	}
	return errors.Join(append(errs, os.Remove(dir))...)
}

type diskFile struct {
	*os.File
	path string
	info os.FileInfo
	gone func(path string, err error) error
}

// Size implements File.
func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Sync implements File.
func (f diskFile) Sync() error { return syncData(f.File) }

// Check implements File. A file that this user may no longer inspect counts as present: it is still open.
func (f diskFile) Check() error {
	info, err := os.Stat(f.path)
	if err == nil && os.SameFile(info, f.info) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return f.gone(f.path, err)
}

// Opener opens segments for reading.
type Opener interface {
	OpenReader(name string) (ReadFile, error)
}

// ReadFile is a segment that is open for reading.
type ReadFile interface {
	io.ReaderAt
	io.Closer
}

// ReadOnly is the folder of segments that are only read.
type ReadOnly string

// OpenReader implements Opener.
func (dir ReadOnly) OpenReader(name string) (ReadFile, error) {
	file, err := os.Open(filepath.Join(string(dir), name))
	if err != nil {
		return nil, err // not file: it would be a non-nil interface
	}
	return file, nil
}

// OpenAudio opens the audio of a call, of which the record begins at a place, for reading. It has a file of its own:
// nobody waits for the reader, and on most systems the segment may be removed meanwhile. It returns ErrDamaged if the
// record is another's. Nothing of the audio is read or held in memory until somebody reads it.
func OpenAudio(files Opener, id int64, at Place, size int64) (io.ReadSeekCloser, error) {
	file, err := files.OpenReader(FileName(at.Segment))
	if err != nil {
		return nil, err
	}
	head := make([]byte, HeadBytes)
	if n, rerr := file.ReadAt(head, at.Offset); n < len(head) {
		err = readError(rerr)
	} else if !isHead(head, at.Offset) || idIn(head) != id || audioIn(head) != size {
		err = ErrDamaged
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("call %d in %s at %d: %w", id, FileName(at.Segment), at.Offset, err),
			file.Close())
	}
	return section{io.NewSectionReader(file, at.Audio(), size), file}, nil
}

type section struct {
	*io.SectionReader
	io.Closer
}
