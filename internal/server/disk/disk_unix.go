//go:build unix

package disk

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

var fullErrors = []error{syscall.ENOSPC, syscall.EDQUOT}

// Free returns how many bytes this user may still write to the disk that holds dir.
func Free(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("asking for the free space of %s: %w", dir, err)
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil //nolint:unconvert // their types differ between systems
}
