package disk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"rdiostress/internal/server/disk"
)

func TestFree(t *testing.T) {
	if n, err := disk.Free(t.TempDir()); n == 0 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	if _, err := disk.Free(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a missing folder has free space")
	}
}

func TestIsFull(t *testing.T) {
	if err := fmt.Errorf("writing: %w", &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}); !disk.IsFull(err) {
		t.Errorf("%v is not taken for a full disk", err)
	}
	if disk.IsFull(syscall.EIO) || disk.IsFull(nil) {
		t.Error("a full disk in an error of another kind")
	}
}

func TestMakeDir(t *testing.T) {
	top := t.TempDir()
	changed, err := disk.MakeDir(filepath.Join(top, "a", "b"))
	if diff := gocmp.Diff([]string{filepath.Join(top, "a"), top}, changed); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	for _, dir := range append(changed, filepath.Join(top, "a", "b")) {
		if err := disk.SyncDir(dir); err != nil {
			t.Error(err)
		}
	}
	if err := disk.SyncDir(filepath.Join(top, "nothing")); err == nil {
		t.Error("a missing folder was synced")
	}
	if changed, err := disk.MakeDir(top); len(changed) != 0 || err != nil {
		t.Errorf("a folder that is there: %q, %v", changed, err)
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node")
	if err := disk.WriteFile(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != "one" || err != nil {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if err := disk.WriteFile(filepath.Join(path, "below"), nil); err == nil {
		t.Error("a file was written below a file")
	}
}
