package torture

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// loss is a way in which the files of a running server go.
type loss struct {
	take     func(dir string) error
	giveBack func(dir string) error
}

func move(from, to string) func(dir string) error {
	return func(dir string) error { return os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)) }
}

func moved(name string) loss { return loss{move(name, "old"), move("old", name)} }

// away is where a data folder is moved to, beside it.
func away(dir string) string { return dir + ".away" }

func moveAway(dir string) error { return os.Rename(dir, away(dir)) }
func moveBack(dir string) error { return os.Rename(away(dir), dir) }

// exchange puts a copy in the place of the data folder.
func exchange(dir string) error {
	return errors.Join(moveAway(dir), os.MkdirAll(filepath.Join(dir, "spool"), 0o700),
		os.CopyFS(dir, os.DirFS(away(dir))))
}

// removeAll removes a folder in which files are being made.
func removeAll(dir string) (err error) {
	for range 100 {
		if err = os.RemoveAll(dir); !errors.Is(err, syscall.ENOTEMPTY) {
			break
		}
	}
	return err
}

// goneFaults take files away from the running server.
func goneFaults() []*fault {
	takeAndGive := func(l loss) func(r *round) { return func(r *round) { movedAndBack(r, l) } }
	return []*fault{
		{"database moved, and back", ofServe, takeAndGive(moved("rdiostress.db"))},
		{"its log moved, and back", ofServe, takeAndGive(moved("rdiostress.db-wal"))},
		{"audio folder moved, and back", ofServe, takeAndGive(moved("audio"))},
		{"data folder moved, and back", ofServe, takeAndGive(loss{moveAway, moveBack})},
		{"a copy in the data folder's place, and back", ofServe, takeAndGive(loss{
			exchange, func(dir string) error { return errors.Join(removeAll(dir), moveBack(dir)) },
		})},
		{"database removed", ofServe, func(r *round) {
			removed(r, r.sqlite(), func(dir string) error {
				return os.Remove(filepath.Join(dir, "rdiostress.db"))
			})
		}},
		{"data folder removed", ofServe, func(r *round) { removed(r, r.sqlite(), removeAll) }},
		{"file system unmounted", ofServe, unmounted},
	}
}

// awaitNoticed waits until uploads are refused since files are gone, and /ready says so.
func (s *server) awaitNoticed(l *load) {
	s.r.Helper()
	l.awaitRefusals(1, 10*time.Second)
	s.awaitReady(http.StatusServiceUnavailable)
}

// movedAndBack takes files away under load, and gives them back. All that was ever acknowledged is there then, also
// what was acknowledged before it was noticed that they are gone.
func movedAndBack(r *round, how loss) {
	s := r.sqlite()
	l := r.startLoad(s.url)
	for range r.strikes() {
		l.awaitAcks(30)
		if err := how.take(s.dir); err != nil {
			r.Fatal(err)
		}
		r.tally.strikes++
		s.awaitNoticed(l)
		r.pass(r.between(0, 200*time.Millisecond, 3*time.Second))
		if err := how.giveBack(s.dir); err != nil {
			r.Fatal(err)
		}
		l.awaitBack()
	}
	s.settle(l)
}

// notice is how soon after files are removed no upload is acknowledged any more.
const notice = 100 * time.Millisecond

// removed takes files away for good. What they held is gone with them; what begins after that is not acknowledged.
func removed(r *round, s *server, remove func(dir string) error) {
	l := r.startLoad(s.url)
	l.awaitAcks(30)
	r.pass(r.between(0, 100*time.Millisecond, time.Second))
	began := time.Now()
	if err := remove(s.dir); err != nil {
		r.Fatal(err)
	}
	gone := time.Now()
	r.tally.strikes++
	s.awaitNoticed(l)
	r.pass(r.between(0, 200*time.Millisecond, 2*time.Second))
	l.stop()
	s.kill()
	t := &r.tally
	late := 0
	for _, c := range l.calls {
		switch {
		case c.id == "":
		case c.began.After(gone.Add(notice)):
			late++
		case c.began.After(began):
			t.early++
		}
	}
	l.count()
	if t.lost += late; late > 0 {
		r.breaks("%d uploads that began more than %v after the files were removed are acknowledged", late, notice)
	}
}

// smallDisk mounts a file system in memory.
func (r *round) smallDisk(size string) string {
	r.Helper()
	dir := r.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		r.notTried("no file system can be mounted (%v), which takes root", err)
	}
	r.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) // fails if the round has done so
	return dir
}

// unmounted takes the data folder's file system away.
func unmounted(r *round) {
	disk := r.smallDisk("1g")
	s := r.newServer(filepath.Join(disk, "data"), "", "--min-free-disk", "1")
	removed(r, s, func(string) error { return syscall.Unmount(disk, syscall.MNT_DETACH) })
}
