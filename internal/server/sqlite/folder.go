package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// makeDir makes a folder and what is missing above it, and returns the folders in which a name is new.
func makeDir(dir string) (changed []string, err error) {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		changed = append(changed, filepath.Dir(at))
	}
	return changed, os.MkdirAll(dir, 0o750)
}

// syncDirs makes the names in a data folder durable, and those in the folders above it that have a new one. The latter may belong
// to others and need not be readable; the data folder itself must be.
func syncDirs(dir string, above []string) error {
	errs := []error{syncDir(dir)}
	for _, a := range above {
		if err := syncDir(a); !errors.Is(err, os.ErrPermission) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// syncDir makes the names in a folder durable. Windows cannot, and needs it less: it journals them. The same goes for file systems
// that know no such thing.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = errors.Join(d.Sync(), d.Close())
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
