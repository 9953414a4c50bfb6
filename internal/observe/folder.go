package observe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/shirou/gopsutil/v4/disk"

	"rdiostress/internal/field"
	"rdiostress/internal/measure"
)

// folders observes the folders in which the server keeps its data.
type folders struct {
	paths  []string
	nextAt time.Time // time of the next walk
}

// walkShare is the share of time that may be spent on walking: a folder of a million files takes seconds, and the disk
// is the server's.
const walkShare = 0.05

func folderSignals() []measure.Signal {
	return []measure.Signal{measure.DataSize, measure.DataFiles, measure.DiskFree}
}

func (f *folders) signals() []measure.Signal { return folderSignals() }
func (f *folders) close()                    {}

// check makes sure that all folders exist.
func (f *folders) check() error {
	for _, path := range f.paths {
		if info, err := os.Stat(path); err != nil {
			return field.Errorf("watch_dir", "{watch_dir}: %w", err)
		} else if !info.IsDir() {
			return field.Errorf("watch_dir", "{watch_dir} %s: not a folder", path)
		}
	}
	return nil
}

func (f *folders) read(ctx context.Context, seen *measure.Observation) (bool, error) {
	var errs []error
	for i, path := range f.paths {
		usage, err := disk.UsageWithContext(ctx, path)
		if err != nil {
			errs = append(errs, fmt.Errorf("free space of %s: %w", path, err))
			continue
		}
		free := float64(usage.Free)
		if least, ok := seen.Get(measure.DiskFree); i == 0 || !ok || free < least {
			seen.Set(measure.DiskFree, free)
		}
	}
	began := time.Now()
	if began.Before(f.nextAt) {
		return false, errors.Join(errs...)
	}
	var bytes, files int64
	for _, path := range f.paths {
		if err := sizeOf(ctx, path, &bytes, &files); err != nil {
			return false, errors.Join(append(errs, err)...)
		}
	}
	seen.Set(measure.DataSize, float64(bytes))
	seen.Set(measure.DataFiles, float64(files))
	f.nextAt = began.Add(time.Duration(float64(time.Since(began)) / walkShare))
	return false, errors.Join(errs...)
}

// sizeOf adds up the files below a folder. Files may come and go meanwhile.
func sizeOf(ctx context.Context, folder string, bytes, files *int64) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist) && path != folder:
			return nil
		case err != nil:
			return fmt.Errorf("size of %s: %w", folder, err)
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil // deleted meanwhile
		}
		*bytes += info.Size()
		*files++
		return nil
	})
}
