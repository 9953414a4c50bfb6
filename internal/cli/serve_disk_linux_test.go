package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
)

// smallDisk makes a disk of a number of megabytes.
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
	case os.Getenv(testenv.Strict) != "":
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

// fill takes all that is free of a disk, until give is called.
func fill(t *testing.T, disk string) (give func()) {
	t.Helper()
	path := testenv.FillDisk(t, disk)
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// On a disk that is full at the start, the server shows the calls that are there, deletes old ones, and takes new ones
// once there is room: also in a folder without a reserve, such as an older version's, though it deletes nothing there;
// and in a new one.
func TestServeOnAFullDisk(t *testing.T) {
	program := ownProgram(t)
	for _, tt := range []struct {
		name                string
		isNew, noReserve    bool
		isKilled, retention bool
		calls               int // that are there
	}{
		{name: "stopped", calls: 12},
		{name: "killed", calls: 12, isKilled: true},
		{name: "with retention", calls: 30, retention: true},
		{name: "killed, with retention", calls: 30, isKilled: true, retention: true},
		{name: "no reserve", calls: 12, noReserve: true},
		{name: "no reserve, killed", calls: 12, noReserve: true, isKilled: true},
		{name: "new folder", isNew: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			disk := smallDisk(t, "40")
			dir := filepath.Join(disk, "data")
			acked := &acknowledged{sums: make(map[string]string)}
			if !tt.isNew {
				s := startLoggedServe(t, program, dir)
				for n := range tt.calls {
					if err := s.upload(t, n, acked); err != nil {
						t.Fatal(err)
					}
				}
				if !tt.isKilled {
					_ = s.cmd.Process.Signal(syscall.SIGTERM)
					_ = s.cmd.Wait()
				}
				s.kill()
			}
			if tt.noReserve {
				if err := os.Remove(filepath.Join(dir, "reserve")); err != nil {
					t.Fatal(err)
				}
			}
			give := fill(t, disk)
			var args []string
			if tt.retention {
				args = []string{"--retention", "1h"}
			}
			s := startLoggedServe(t, program, dir, args...)
			checkFullDisk(t, s, acked, tt.retention)
			give()
			waitUntil(t, "it is ready with room again", func() bool {
				status, _ := s.get(t, "/ready")
				return status == http.StatusOK
			})
			if !tt.retention { // which would delete it
				for n := range 6 {
					if err := s.upload(t, 100+n, acked); err != nil {
						t.Error(err)
					}
				}
				checkStored(t, s.url, acked)
			}
			if _, err := os.Stat(filepath.Join(dir, "reserve")); err != nil {
				t.Errorf("no reserve for the next time: %v", err)
			}
		})
	}
}

// checkFullDisk looks at a server whose disk was full when it started.
func checkFullDisk(t *testing.T, s *loggedServe, acked *acknowledged, retention bool) {
	t.Helper()
	for n := range 6 {
		if err := s.upload(t, 200+n, acked); err == nil || !strings.Contains(err.Error(), "507") {
			t.Errorf("an upload got %v, want 507", err)
		}
	}
	if status, text := s.get(t, "/ready"); status != http.StatusServiceUnavailable ||
		!strings.Contains(text, `"disk":"full"`) {
		t.Errorf("/ready: %d %s", status, text)
	}
	if !retention {
		checkStored(t, s.url, acked)
		return
	}
	waitUntil(t, "old calls are deleted", func() bool { return len(listPage(t, s.url, 1)) == 0 })
	if names := filesIn(t, filepath.Join(s.dir, "audio")); len(names) > 0 {
		t.Errorf("audio files %q of calls that were deleted", names)
	}
}

// With calls in PostgreSQL, too, a server starts on a disk that is full, and takes uploads once there is room.
func TestServePostgreSQLOnAFullDisk(t *testing.T) {
	database := pgtest.Open(t).Database(t)
	disk := smallDisk(t, "40")
	give := fill(t, disk)
	s := startLoggedServe(t, ownProgram(t), filepath.Join(disk, "data"), "--database-url", database)
	acked := &acknowledged{sums: make(map[string]string)}
	if err := s.upload(t, 1, acked); err == nil || !strings.Contains(err.Error(), "507") {
		t.Errorf("an upload got %v, want 507", err)
	}
	if status, text := s.get(t, "/ready"); status != http.StatusServiceUnavailable ||
		!strings.Contains(text, `"disk":"full"`) {
		t.Errorf("/ready: %d %s", status, text)
	}
	give()
	waitUntil(t, "it is ready with room again", func() bool {
		status, _ := s.get(t, "/ready")
		return status == http.StatusOK
	})
	for n := range 6 {
		if err := s.upload(t, n, acked); err != nil {
			t.Error(err)
		}
	}
	checkStored(t, s.url, acked)
}
