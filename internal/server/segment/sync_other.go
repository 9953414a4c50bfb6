//go:build !linux

package segment

import "os"

// syncData makes a file's content and size durable, on macOS in the drive's own memory too.
func syncData(f *os.File) error { return f.Sync() }
