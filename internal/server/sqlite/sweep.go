package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"rdiostress/internal/server"
)

// ErrForeign says that the data folder holds files that no database there tells of, so that it is not this program's to touch.
var ErrForeign = errors.New("holds files, but there are no calls that they belong to")

// checkForeign refuses a folder with audio in it and no database: somebody's recordings, or the remains of a data folder whose
// database is lost. Nothing of either may be swept.
func checkForeign(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, databaseFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range []string{audioDir, spoolDir} {
		entries, err := os.ReadDir(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if len(entries) > 0 {
			return fmt.Errorf("the folder %s in it %w", name, ErrForeign)
		}
	}
	return nil
}

// Remove removes what this program has made in a data folder that no store has open, and the folder itself if that was all.
func Remove(dir string) error {
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
			if server.IsSpoolFile(e.Name()) {
				remove(filepath.Join(dir, name, e.Name()))
			}
		}
		remove(filepath.Join(dir, name))
	}
	for _, name := range []string{databaseFile, lockFile} {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			remove(filepath.Join(dir, name+suffix))
		}
	}
	remove(dir)
	return errors.Join(errs...)
}

// sweep removes the audio files that no call names: a crash came between the file and its row. There can be no more of them than
// calls may wait; if there are, the database is older than the audio, and the files are kept for whoever finds out why.
func (s *Store) sweep(ctx context.Context) error {
	named, err := s.audioNames(ctx)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(s.audio)
	if err != nil {
		return err
	}
	var orphans []string
	for _, e := range entries {
		if e.Type().IsRegular() && server.IsSpoolFile(e.Name()) && !named[e.Name()] {
			orphans = append(orphans, filepath.Join(s.audio, e.Name()))
		}
	}
	if int64(len(orphans)) > s.limit {
		return fmt.Errorf("%d files in it belong to no call, more than a crash leaves: is the database an old copy? Move them "+
			"away to go on", len(orphans))
	}
	for _, path := range orphans {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// audioNames are the audio files that calls name.
func (s *Store) audioNames(ctx context.Context) (map[string]bool, error) {
	rows, err := s.write.QueryContext(ctx, "SELECT audio_file FROM calls WHERE audio_file IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	named := make(map[string]bool)
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		named[name] = true
	}
	return named, rows.Err()
}
