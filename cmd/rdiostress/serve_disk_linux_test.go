package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"rdiostress/internal/needs"
)

// smallDisk is a disk of so many megabytes.
func smallDisk(t *testing.T, megabytes string) string {
	t.Helper()
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "size="+megabytes+"m")
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) // fails if the test has done so
	return dir
}

// mount mounts something, for which it takes root.
func mount(t *testing.T, source, target, kind string, flags uintptr, data string) {
	t.Helper()
	err := syscall.Mount(source, target, kind, flags, data)
	switch {
	case err == nil:
	case os.Getenv(needs.Strict) != "":
		t.Fatalf("cannot mount %s: %v", target, err)
	default:
		t.Skipf("cannot mount %s: %v; run this test as root", target, err)
	}
}

// A data folder whose file system is unmounted is gone, though the server still has its files open.
func TestServeUnmounted(t *testing.T) {
	disk := smallDisk(t, "2000") // with less, there is an alert of its own
	checkLoss(t, ownProgram(t), filepath.Join(disk, "data"), loss{
		"unmounted", func(string) error { return syscall.Unmount(disk, syscall.MNT_DETACH) }, nil,
	})
}
