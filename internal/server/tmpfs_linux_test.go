package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rdiostress/internal/server"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/testenv"
)

// smallDisk returns a disk of some megabytes.
func smallDisk(t *testing.T, megabytes string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+megabytes+"m"); err != nil {
		if os.Getenv(testenv.Strict) != "" {
			t.Fatalf("cannot mount a small disk: %v", err)
		}
		t.Skipf("cannot mount a small disk: %v; run this test as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// On a full disk, uploads get 507, short and long ones. No acknowledged call is lost or altered, and nothing is left
// behind. When the disk has room again, calls are stored again, also after a restart.
func TestDiskFull(t *testing.T) {
	disk := smallDisk(t, "12")
	dir := filepath.Join(disk, "data")
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	change := func(o *server.Options) { o.Store, o.SpoolDir = store, filepath.Join(dir, "spool") }
	r := newRig(t, change)
	acknowledged := make(map[string]string) // audio by id
	upload := func(n, size int) int {
		t.Helper()
		audio := strings.Repeat(string(rune('a'+n%26)), size)
		resp, body := r.post(t, strings.NewReader(form(callWith(field{"audio", audio}))), "Accept", "application/json")
		if resp.StatusCode == 200 {
			acknowledged[decode(t, body)["callId"].(string)] = audio
		}
		return resp.StatusCode
	}
	fill := func(size int) {
		t.Helper()
		for n := range 1000 {
			switch status := upload(n, size); status {
			case 200:
			case 507:
				return
			default:
				t.Fatalf("upload %d of %d bytes got %d", n, size, status)
			}
		}
		t.Fatal("the disk never got full")
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	fill(1 << 20)   // the spool fails
	fill(200 << 10) // the database fails
	fill(1000)
	if resp, _ := r.get(t, "/ready"); resp.StatusCode != 503 {
		t.Errorf("/ready of a full disk: %s", resp.Status)
	}
	if names := spooled(t, filepath.Join(dir, "spool")); len(names) > 0 {
		t.Errorf("left in the spool folder: %q", names)
	}
	check := func() {
		t.Helper()
		for id, audio := range acknowledged {
			if _, got := r.get(t, "/api/calls/"+id+"/audio"); got != audio {
				t.Errorf("call %s has %d bytes of audio, want %d", id, len(got), len(audio))
			}
		}
	}
	check()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1000, 200 << 10, 300 << 10} {
		if status := upload(1, size); status != 200 {
			t.Errorf("%d bytes with room again: %d", size, status)
		}
	}
	if resp, _ := r.get(t, "/ready"); resp.StatusCode != 200 {
		t.Errorf("/ready with room again: %s", resp.Status)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if store, err = sqlite.Open(t.Context(), sqlite.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r = newRig(t, change)
	check()
}

// A disk below --min-free-disk accepts calls again once retention has deleted some, short and long ones: segments
// without calls are removed, although the database file does not shrink.
func TestRetentionMakesRoom(t *testing.T) {
	dir := filepath.Join(smallDisk(t, "80"), "data")
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	clock := &steppedClock{at: now}
	r := newRig(t, func(o *server.Options) {
		o.Store, o.SpoolDir, o.MinFreeDisk, o.Now = store, filepath.Join(dir, "spool"), 40<<20, clock.now
	})
	upload := func(size int) int {
		resp, _ := r.post(t, strings.NewReader(form(callWith(field{"audio", strings.Repeat("x", size)}))))
		return resp.StatusCode
	}
	eventually(t, "the disk is full", func() bool { return upload(200<<10) == 507 })
	for {
		n, err := store.Expire(t.Context(), now.AddDate(1, 0, 0), 50)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	eventually(t, "there is room again", func() bool {
		r.sampleFor(t, clock, time.Second)
		return upload(200<<10) == 200
	})
	if resp, body := r.get(t, "/ready"); resp.StatusCode != 200 {
		t.Errorf("/ready: %s %s", resp.Status, body)
	}
	if status := upload(1 << 20); status != 200 {
		t.Errorf("a long one got %d, want 200", status)
	}
}

// Retention works on a disk that another program filled while the server ran. The space that the reserve freed is not
// for new calls. The reserve is restored when the disk has room, and then calls are accepted again.
func TestRetentionOnAFullDisk(t *testing.T) {
	small := smallDisk(t, "40")
	dir := filepath.Join(small, "data")
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := newRig(t, func(o *server.Options) { o.Store, o.SpoolDir = store, filepath.Join(dir, "spool") })
	for n := range 300 {
		if status := r.statusOf(t, n, n%20 == 0); status != 200 {
			t.Fatalf("upload %d: %d", n, status)
		}
	}
	ballast := testenv.FillDisk(t, small)
	deleted := 0
	for {
		n, err := store.Expire(t.Context(), now.AddDate(1, 0, 0), 100)
		if err != nil {
			t.Fatalf("after %d: %v", deleted, err)
		}
		if deleted += n; n < 100 {
			break
		}
	}
	if deleted != 300 {
		t.Errorf("%d calls deleted, want 300", deleted)
	}
	if _, err := os.Stat(filepath.Join(dir, "reserve")); err == nil {
		t.Error("the reserve was not needed: this tests nothing")
	}
	if status := r.statusOf(t, 1000, false); status != 507 || r.isReady(t) {
		t.Errorf("an upload got %d, want 507, and the server says that it is ready: %t", status, r.isReady(t))
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, "uploads are taken again", func() bool { return r.statusOf(t, 1001, false) == 200 })
	if _, err := os.Stat(filepath.Join(dir, "reserve")); err != nil || !r.isReady(t) {
		t.Errorf("the reserve: %v; ready: %t", err, r.isReady(t))
	}
}
