// Package blob stores the audio of calls in files, so that an operator can find and play them.
//
// Audio that is being received is in a spool folder, under a unique name that ends in .spool. Just before a call is
// stored, [Folder.Adopt] moves its audio to the folder of the call's day (in UTC). The new name has the call's time,
// system and talkgroup and the audio's extension:
//
//	spool/RS2NAJ6QXUKQXCGVVMSAZGOZPQ.spool
//	audio/2026-11-24/142059_11_1001_RS2NAJ6QXUKQXCGVVMSAZGOZPQ.m4a
//
// The day is that of the call, not of its arrival: people look for a call by its day, and since calls are deleted by
// age, whole folders become empty and are removed. Earlier versions kept audio under its spool name in the audio folder
// itself. Such files are read, deleted and swept like any other.
//
// What Adopt returns survives a crash: the file name is on disk, and so is the name of the day's folder. The database
// stores the file's name after that, and deletes it before the file is removed. So a crash can leave a file without a
// call, which [Folder.Sweep] removes at the next start, but never a call without its file.
package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/rdio"
)

// maxKnownDays limits how many folders are remembered; beyond it, some folders are synced more often than necessary.
const maxKnownDays = 1000

// Folder is the audio folder of a server. It is safe for concurrent use. Create one with NewFolder.
type Folder struct {
	dir   string
	spool string
	sync  func(dir string) error // makes the names in a folder durable

	// A file is moved to a day's folder while mu is held for reading; the folder itself is made and removed while mu is
	// held for writing. So a folder in days exists durably while mu is held.
	mu   sync.RWMutex
	days map[string]bool // folders whose names are durable
}

// NewFolder returns the audio folder at dir. Audio comes from the folder spool on the same file system. Both folders
// must exist. Sync makes the names in a folder durable.
func NewFolder(dir, spool string, sync func(dir string) error) *Folder {
	return &Folder{dir: dir, spool: spool, sync: sync, days: make(map[string]bool)}
}

// Adopt moves the audio of a call out of the spool folder. The file's content must already be durable. It returns the
// name that Open and Remove take: a path in the folder, with slashes.
func (f *Folder) Adopt(ctx context.Context, spooled string, c *rdio.Call) (name string, err error) {
	day := dayOf(c.Time)
	name = Name(spooled, c)
	if err := f.move(spooled, day, f.path(name)); err != nil {
		return "", err
	}
	if err := f.sync(f.path(day)); err != nil {
		return "", errors.Join(err, f.Remove(ctx, name))
	}
	return name, nil
}

// move moves a file to a day's folder.
func (f *Folder) move(from, day, to string) error {
	if ok, err := f.moveKnown(from, day, to); ok {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := os.Mkdir(f.path(day), 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := f.sync(f.dir); err != nil {
		return err
	}
	if len(f.days) >= maxKnownDays {
		clear(f.days)
	}
	f.days[day] = true
	return os.Rename(from, to)
}

// moveKnown moves a file to the folder of a day if that is known to exist. It returns false if not.
func (f *Folder) moveKnown(from, day, to string) (ok bool, err error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if !f.days[day] {
		return false, nil
	}
	err = os.Rename(from, to)
	// Somebody may have removed the folder.
	return !errors.Is(err, fs.ErrNotExist), err
}

// Open opens an audio file.
func (f *Folder) Open(_ context.Context, name string) (io.ReadSeekCloser, error) {
	file, err := os.Open(f.path(name))
	if err != nil {
		return nil, err // not file: it would be a non-nil interface
	}
	return file, nil
}

// Remove removes an audio file, if it exists, and its day's folder if that is then empty.
func (f *Folder) Remove(_ context.Context, name string) error {
	if err := removeIfThere(f.path(name)); err != nil {
		return err
	}
	if day := path.Dir(name); day != "." {
		f.removeDay(day)
	}
	return nil
}

// removeDay removes a day's folder if it is empty.
func (f *Folder) removeDay(day string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if os.Remove(f.path(day)) == nil {
		delete(f.days, day)
	}
}

// Probe checks whether audio can be stored: it does with an empty file what Adopt does with the audio of a call of
// today.
func (f *Folder) Probe(ctx context.Context) error {
	from := filepath.Join(f.spool, SpoolName()) // a crash leaves this file to the sweep
	file, err := os.OpenFile(from, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return errors.Join(err, os.Remove(from))
	}
	name, err := f.Adopt(ctx, from, &rdio.Call{Time: time.Now()})
	if err != nil {
		return errors.Join(err, removeIfThere(from))
	}
	return f.Remove(ctx, name)
}

// ErrManyOrphans means that more audio files belong to no call than a crash leaves.
var ErrManyOrphans = errors.New("audio files belong to no call, more than a crash leaves")

// Sweep removes audio files without a call, which a crash leaves between the file and its row. A crash leaves at most
// limit such files. If there are more, the database is older than the audio, and Sweep keeps the files until somebody
// finds the cause.
func (f *Folder) Sweep(ctx context.Context, limit int, named map[string]bool) error {
	files, days, err := list(f.dir)
	if err != nil {
		return err
	}
	var orphans []string
	for _, name := range files {
		if !named[name] {
			orphans = append(orphans, name)
		}
	}
	if len(orphans) > limit {
		return fmt.Errorf("%d %w: is the database an old copy? Move the files away to continue",
			len(orphans), ErrManyOrphans)
	}
	for _, name := range orphans {
		if err := f.Remove(ctx, name); err != nil {
			return err
		}
	}
	for _, day := range days {
		f.removeDay(day) // a crash may have left it empty
	}
	return nil
}

// RemoveAll removes the audio files in a folder, including those of a spool folder, and then the folder itself if it is
// empty. It does not touch other files.
func RemoveAll(dir string) error {
	files, days, err := list(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, name := range files {
		errs = append(errs, removeIfThere(filepath.Join(dir, filepath.FromSlash(name))))
	}
	for _, day := range days {
		errs = append(errs, removeIfThere(filepath.Join(dir, day)))
	}
	return errors.Join(append(errs, removeIfThere(dir))...)
}

// list returns the audio files in a folder, under the names of this and of earlier versions of Adopt, and the day
// folders.
func list(dir string) (files, days []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		switch {
		case e.Type().IsRegular() && IsSpoolFile(e.Name()):
			files = append(files, e.Name())
		case e.IsDir() && IsDay(e.Name()):
			days = append(days, e.Name())
		}
	}
	for _, day := range days {
		entries, err := os.ReadDir(filepath.Join(dir, day))
		if err != nil {
			return nil, nil, err
		}
		for _, e := range entries {
			if e.Type().IsRegular() && isAudioFile(e.Name()) {
				files = append(files, path.Join(day, e.Name()))
			}
		}
	}
	return files, days, nil
}

func (f *Folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// SpoolName returns a new name for a file in a spool folder.
func SpoolName() string { return rand.Text() + spoolSuffix }

// unique returns the unique part of a spool file's name.
func unique(spooled string) string { return strings.TrimSuffix(spooled, spoolSuffix) }
