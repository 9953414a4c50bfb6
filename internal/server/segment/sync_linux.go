package segment

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData makes a file's content and size durable. Its times need not be.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err == unix.EINTR {
			continue
		}
		return os.NewSyscallError("fdatasync", err)
	}
}
