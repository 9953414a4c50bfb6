package torture

import (
	"net/http"
	"os"
	"path/filepath"
	"time"

	"rdiostress/internal/testenv"
)

// diskFaults fill the disk.
func diskFaults() []*fault {
	return []*fault{
		{"disk full, and room again", ofServe, func(r *round) { fullDisk(r, false) }},
		{"disk full, kill -9, start on the full disk", ofServe, func(r *round) { fullDisk(r, true) }},
		{"disk full by calls, kill -9", ofServe, fullByCalls},
	}
}

// onSmallDisk starts a server whose data folder is on a small disk.
func (r *round) onSmallDisk() (s *server, disk string) {
	r.Helper()
	disk = r.smallDisk("96m")
	return r.newServer(filepath.Join(disk, "data"), "", "--min-free-disk", "1"), disk
}

// fill takes all that is free of a disk but for a number of bytes, until give is called.
func (r *round) fill(disk string, left int64) (give func()) {
	r.Helper()
	path := testenv.FillDisk(r, disk)
	info, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, max(0, info.Size()-left))
	}
	if err != nil {
		r.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			r.Fatal(err)
		}
	}
}

// fullDisk fills the disk under load, to the last byte or nearly, and makes room again.
func fullDisk(r *round, kill bool) {
	s, disk := r.onSmallDisk()
	l := r.startLoad(s.url)
	for range r.strikes() {
		l.awaitAcks(30)
		left := int64(0)
		if r.random.IntN(2) == 0 {
			left = r.random.Int64N(1 << 20)
		}
		give := r.fill(disk, left)
		r.tally.strikes++
		l.awaitRefusals(20, backLimit)
		r.pass(r.between(0, 200*time.Millisecond, 2*time.Second))
		if kill {
			s.kill()
			s.start()
			r.pass(r.between(0, 200*time.Millisecond, 2*time.Second))
		}
		give()
		l.awaitBack()
		s.awaitReady(http.StatusOK)
	}
	s.settle(l)
}

// fullByCalls lets the calls themselves fill the disk, kills the server then, and starts it on the full disk: it must
// still show all that it has acknowledged.
func fullByCalls(r *round) {
	s, disk := r.onSmallDisk()
	give := r.fill(disk, 12<<20) // so that it is soon full
	l := r.startLoad(s.url)
	l.awaitRefusals(50, backLimit)
	r.tally.strikes++
	r.pass(r.between(0, 100*time.Millisecond, time.Second))
	s.kill()
	s.start()
	r.pass(r.between(0, 100*time.Millisecond, time.Second))
	give()
	l.awaitBack()
	s.settle(l)
}
