// Package datadir manages a server's data folder: it locks the folder, checks whether the open files are still at their
// paths, and keeps a reserve for a full disk. Package blob manages the audio files in it.
package datadir

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/disk"
)

// Names in a data folder.
const (
	audioDir = "audio"
	spoolDir = "spool"
	lockFile = "lock.db"
)

var (
	// ErrForeign means that the data folder holds files that do not belong to this store and must not be changed.
	ErrForeign = errors.New("holds files that belong to something else")
	// ErrInUse means that another server has the data folder open.
	ErrInUse = errors.New("in use by another server")
)

// SpoolDir returns the folder in a data folder where a server keeps audio that it receives.
func SpoolDir(dir string) string { return filepath.Join(dir, spoolDir) }

// Folder is an open data folder. Create one with Open.
type Folder struct {
	Audio *blob.Folder

	dir   string
	log   *slog.Logger
	lock  *sql.DB
	made  []string // folders that have new names
	warn  sync.Once
	watch watch

	reserve reserve
}

// Open creates the folder if necessary and locks out every other server until Close, or until the process ends for any
// reason. A folder that has audio but not the file called mark is foreign.
func Open(ctx context.Context, dir, mark string, log *slog.Logger) (*Folder, error) {
	f := &Folder{dir: dir, log: log}
	f.Audio = blob.NewFolder(f.Path(audioDir), SpoolDir(dir), f.syncDir)
	if err := f.checkForeign(mark); err != nil {
		return nil, err
	}
	for _, name := range []string{f.Path(audioDir), SpoolDir(dir)} {
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

// checkForeign refuses a folder with audio and without a mark: it holds somebody's recordings, or it is a data folder
// whose database is lost. Neither may be swept.
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

// Close unlocks the folder for other servers.
func (f *Folder) Close() error {
	f.saveReserve()
	for _, file := range f.watch.pins {
		file.Close() // an error only means that it is already closed
	}
	return f.lock.Close()
}

// Path returns the path of a file in the data folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, name) }

// Sync makes the names in the data folder durable, and those in the parents that Open created. The parents may belong
// to other users and need not be readable.
func (f *Folder) Sync() error {
	errs := []error{f.syncDir(f.dir)}
	for _, above := range f.made {
		if err := f.syncDir(above); !errors.Is(err, fs.ErrPermission) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// syncDir makes the names in a folder durable. If that is impossible, it logs one warning.
func (f *Folder) syncDir(dir string) error {
	err := disk.SyncDir(dir)
	if errors.Is(err, disk.ErrNoSync) {
		f.warn.Do(func() {
			f.log.Warn("calls with long audio may be lost if this machine crashes, but not if only the server crashes",
				"folder", dir, "reason", err)
		})
		return nil
	}
	return err
}

// Remove removes what this program created in a data folder that no store has open: its audio, its lock and the named
// files. It removes the folder itself if it is then empty.
func Remove(dir string, files ...string) error {
	var errs []error
	remove := func(path string) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	for _, name := range []string{audioDir, spoolDir} {
		errs = append(errs, blob.RemoveAll(filepath.Join(dir, name)))
	}
	for _, name := range append(files, lockFile, reserveFile) {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			remove(filepath.Join(dir, name+suffix))
		}
	}
	remove(dir)
	return errors.Join(errs...)
}
