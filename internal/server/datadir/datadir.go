// Package datadir is a server's data folder: who may use it, whether its files are still the ones that are open, what room it keeps for a
// full disk, and the audio files in it, which belong to calls that a database knows.
//
// Long audio waits in the spool folder while it is uploaded, and is then moved to the audio folder, where it is on disk for good
// before the row that names it is written. Removal goes the other way round: first the row, then the file. So a crash can leave a
// file without a row, which the next start sweeps, but never a row without its file.
package datadir

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/disk"
)

// The names in a data folder.
const (
	audioDir = "audio" // its files keep the names that they had in the spool folder
	spoolDir = "spool"
	lockFile = "lock.db"
)

var (
	// ErrForeign says that the data folder holds files that do not belong to this store, so that they are not its to touch.
	ErrForeign = errors.New("holds files of something else")
	// ErrInUse says that another server has the data folder open.
	ErrInUse = errors.New("in use by another server")
)

// SpoolDir is the folder of a data folder in which a server keeps what it is about to Put.
func SpoolDir(dir string) string { return filepath.Join(dir, spoolDir) }

// Folder is an open data folder.
type Folder struct {
	dir   string
	audio string
	log   *slog.Logger
	lock  *sql.DB
	made  []string // folders in which a name is new
	warn  sync.Once
	watch watch

	reserve reserve
}

// Open makes the folder if need be and keeps every other server out of it until Close, or until the process ends in whatever
// way. A folder that has audio but not the file called mark is foreign.
func Open(ctx context.Context, dir, mark string, log *slog.Logger) (*Folder, error) {
	f := &Folder{dir: dir, audio: filepath.Join(dir, audioDir), log: log}
	if err := f.checkForeign(mark); err != nil {
		return nil, err
	}
	for _, name := range []string{f.audio, SpoolDir(dir)} {
		made, err := disk.MakeDir(name)
		if err != nil {
			return nil, err
		}
		f.made = append(f.made, made...)
	}
	var err error
	if f.lock, err = acquireLock(ctx, filepath.Join(dir, lockFile)); err != nil {
		return nil, err
	}
	return f, nil
}

// checkForeign refuses a folder with audio in it and no mark: somebody's recordings, or the remains of a data folder whose
// database is lost. Nothing of either may be swept.
func (f *Folder) checkForeign(mark string) error {
	if _, err := os.Stat(f.Path(mark)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range []string{audioDir, spoolDir} {
		entries, err := os.ReadDir(f.Path(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if len(entries) > 0 {
			return fmt.Errorf("the folder %s in it %w: there are no calls that they belong to", name, ErrForeign)
		}
	}
	return nil
}

// Close lets others use the folder.
func (f *Folder) Close() error {
	f.saveReserve()
	for _, file := range f.watch.pins {
		file.Close() // an error only says that it is closed
	}
	return f.lock.Close()
}

// Path is where a file of the data folder is.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, name) }

// Sync makes the names in the data folder durable, and those in the folders above it that Open has made. The latter may belong to
// others and need not be readable.
func (f *Folder) Sync() error {
	errs := []error{f.syncDir(f.dir)}
	for _, above := range f.made {
		if err := f.syncDir(above); !errors.Is(err, fs.ErrPermission) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// syncDir makes the names in a folder durable. Where that cannot be, it says so, once.
func (f *Folder) syncDir(dir string) error {
	err := disk.SyncDir(dir)
	if errors.Is(err, disk.ErrNoSync) {
		f.warn.Do(func() {
			f.log.Warn("calls with long audio may be lost if this machine crashes, though not if only the server does",
				"folder", dir, "reason", err)
		})
		return nil
	}
	return err
}

// Adopt moves a file, whose content is on disk for good, to the audio folder, and returns its name there.
func (f *Folder) Adopt(path string) (name string, err error) {
	name = filepath.Base(path)
	if err := os.Rename(path, filepath.Join(f.audio, name)); err != nil {
		return "", err
	}
	if err := f.syncDir(f.audio); err != nil {
		return "", errors.Join(err, f.Remove(name))
	}
	return name, nil
}

// Probe tells whether long audio can be taken in, by doing with an empty file what is done with audio.
func (f *Folder) Probe() error {
	path := filepath.Join(SpoolDir(f.dir), rand.Text()+".spool") // what a crash leaves of it is swept
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	kept := filepath.Join(f.audio, filepath.Base(path))
	if err := errors.Join(file.Close(), os.Rename(path, kept)); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return os.Remove(kept)
}

// Audio opens an audio file.
func (f *Folder) Audio(name string) (io.ReadSeekCloser, error) {
	file, err := os.Open(filepath.Join(f.audio, name))
	if err != nil {
		return nil, err // not file, which would be an interface that is not nil
	}
	return file, nil
}

// Remove removes an audio file, if it is there.
func (f *Folder) Remove(name string) error {
	if err := os.Remove(filepath.Join(f.audio, name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Sweep removes the audio files that no call names: a crash came between the file and its row. A crash leaves at most as many as
// limit; if there are more, the database is older than the audio, and the files are kept for whoever finds out why.
func (f *Folder) Sweep(limit int, named map[string]bool) error {
	entries, err := os.ReadDir(f.audio)
	if err != nil {
		return err
	}
	var orphans []string
	for _, e := range entries {
		if e.Type().IsRegular() && blob.IsSpoolFile(e.Name()) && !named[e.Name()] {
			orphans = append(orphans, e.Name())
		}
	}
	if len(orphans) > limit {
		return fmt.Errorf("%d audio files belong to no call, more than a crash leaves: is the database an old copy? Move them "+
			"away to go on", len(orphans))
	}
	for _, name := range orphans {
		if err := f.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes what this program has made in a data folder that no store has open: its audio, its lock and the named files; and
// the folder itself if that was all.
func Remove(dir string, files ...string) error {
	var errs []error
	remove := func(path string) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	for _, name := range []string{audioDir, spoolDir} {
		entries, err := os.ReadDir(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, e := range entries {
			if blob.IsSpoolFile(e.Name()) {
				remove(filepath.Join(dir, name, e.Name()))
			}
		}
		remove(filepath.Join(dir, name))
	}
	for _, name := range append(files, lockFile, reserveFile) {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			remove(filepath.Join(dir, name+suffix))
		}
	}
	remove(dir)
	return errors.Join(errs...)
}
