package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rdiostress/internal/server/segment"
	"rdiostress/internal/server/segment/losstest"
)

var errGone = errors.New("the segment is gone")

func folder(dir string) segment.Folder {
	return segment.Folder{
		Dir: dir, SyncDir: func(string) error { return nil },
		Gone: func(string, error) error { return errGone },
	}
}

func mustOpen(t testing.TB, o segment.Options, newest, end int64) *segment.Log {
	t.Helper()
	o.Store = "0123456789abcdef"
	l, err := segment.OpenLog(o, newest, end)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// add appends a record and returns its place.
func add(t testing.TB, l *segment.Log, id int64, audio, row []byte) segment.Place {
	t.Helper()
	place, err := l.Next()
	if err == nil {
		err = l.Append(id, audio, row)
	}
	if err != nil {
		t.Fatal(err)
	}
	return place
}

// commit makes the records durable and keeps them, and returns where they end.
func commit(t testing.TB, l *segment.Log) segment.Place {
	t.Helper()
	end, err := l.Sync()
	if err != nil {
		t.Fatal(err)
	}
	l.Keep()
	return end
}

// records returns the ids of a segment's records, and where they end.
func records(t testing.TB, files segment.Files, id int64) (ids []int64, end int64) {
	t.Helper()
	tail, err := segment.OpenTail(files, id)
	if err != nil {
		t.Fatal(err)
	}
	defer tail.Close()
	end, err = tail.Records(segment.HeaderBytes, func(rec segment.Record) error {
		ids = append(ids, rec.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids, end
}

// What is appended comes back, whatever its size: shorter, longer and as long as the buffer.
func TestRecordsComeBack(t *testing.T) {
	files := folder(t.TempDir())
	l := mustOpen(t, segment.Options{Files: files}, 0, 0)
	sizes := []int{0, 1, 511, 16 << 10, 256<<10 - segment.HeadBytes, 256 << 10, 1 << 20}
	var places []segment.Place
	for i, size := range sizes {
		places = append(places, add(t, l, int64(i+1), bytes.Repeat([]byte{byte(i)}, size), []byte("row")))
	}
	end := commit(t, l)
	ids, got := records(t, files, 1)
	if len(ids) != len(sizes) || got != end.Offset || end.Segment != 1 {
		t.Fatalf("records %v up to %d; want %d up to %v", ids, got, len(sizes), end)
	}
	for i, size := range sizes {
		r, err := segment.OpenAudio(files, int64(i+1), places[i], int64(size))
		if err != nil {
			t.Fatal(err)
		}
		audio, err := io.ReadAll(r)
		if !bytes.Equal(audio, bytes.Repeat([]byte{byte(i)}, size)) || err != nil {
			t.Errorf("audio of %d bytes came back as %d, %v", size, len(audio), err)
		}
		r.Close()
	}
	for _, wrong := range []struct {
		id, size int64
		at       segment.Place
	}{
		{2, 511, places[2]},
		{3, 510, places[2]},
		{3, 511, places[1]},
		{3, 511, segment.Place{Segment: 1, Offset: 1 << 40}},
	} {
		if _, err := segment.OpenAudio(files, wrong.id, wrong.at, wrong.size); !errors.Is(err, segment.ErrDamaged) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

// Records that no row points at are cut off, and those after them take their place.
func TestCut(t *testing.T) {
	files := folder(t.TempDir())
	l := mustOpen(t, segment.Options{Files: files}, 0, 0)
	add(t, l, 1, []byte("kept"), nil)
	end := commit(t, l)
	add(t, l, 2, make([]byte, 1<<20), nil)
	if _, err := l.Sync(); err != nil || !l.HasNew() {
		t.Fatalf("%v, new %v", err, l.HasNew())
	}
	if err := l.Cut(); err != nil || l.HasNew() {
		t.Fatalf("%v, new %v", err, l.HasNew())
	}
	if err := l.Probe(); err != nil {
		t.Fatal(err)
	}
	if place := add(t, l, 3, []byte("next"), nil); place != end {
		t.Errorf("the next record is at %v, want %v", place, end)
	}
	commit(t, l)
	if ids, _ := records(t, files, 1); fmt.Sprint(ids) != "[1 3]" {
		t.Errorf("records %v", ids)
	}
}

// A segment ends when it is full, and at the end of a day, but not within a transaction.
func TestSegmentsEnd(t *testing.T) {
	files := folder(t.TempDir())
	now := time.Date(2026, 12, 1, 23, 0, 0, 0, time.UTC)
	l := mustOpen(t, segment.Options{Files: files, MaxBytes: 1000, Now: func() time.Time { return now }}, 0, 0)
	for id := range int64(3) {
		if at := add(t, l, id+1, make([]byte, 600), nil); at.Segment != 1 {
			t.Errorf("record %d is in segment %d", id+1, at.Segment)
		}
	}
	commit(t, l)
	if at := add(t, l, 4, nil, nil); at.Segment != 2 {
		t.Errorf("after a full segment: %v", at)
	}
	commit(t, l)
	now = now.Add(2 * time.Hour)
	if at := add(t, l, 5, nil, nil); at.Segment != 3 {
		t.Errorf("on the next day: %v", at)
	}
	end := commit(t, l)
	if err := l.Roll(); err != nil || l.Current() != 4 {
		t.Errorf("rolled to %d, %v", l.Current(), err)
	}
	if ids, err := segment.List(files); len(ids) != 4 || err != nil {
		t.Errorf("segments %v, %v", ids, err)
	}
	l.Close()
	l = mustOpen(t, segment.Options{Files: files, MaxBytes: 1000}, 3, end.Offset)
	if at := add(t, l, 6, nil, nil); at != end {
		t.Errorf("reopened, it goes on at %v, want %v", at, end)
	}
	if err := segment.RemoveAll(files.Dir); err != nil {
		t.Error(err)
	}
	if err := segment.RemoveAll(files.Dir); err != nil {
		t.Errorf("again: %v", err)
	}
}

// A file that is no longer at its path takes no more records.
func TestGone(t *testing.T) {
	files := folder(t.TempDir())
	l := mustOpen(t, segment.Options{Files: files}, 0, 0)
	add(t, l, 1, nil, nil)
	commit(t, l)
	path := filepath.Join(files.Dir, segment.FileName(1))
	if err := os.Rename(path, path+".away"); err != nil {
		t.Skip(err) // Windows keeps open files where they are
	}
	add(t, l, 2, nil, nil)
	if _, err := l.Sync(); !errors.Is(err, errGone) {
		t.Errorf("Sync: %v", err)
	}
	if _, err := l.Next(); !errors.Is(err, errGone) {
		t.Errorf("Next after a failure: %v", err)
	}
	if err := l.Cut(); err != nil {
		t.Error(err)
	}
	if at := add(t, l, 2, nil, nil); at.Segment != 2 {
		t.Errorf("after a failure the next record is at %v", at)
	}
}

// Whatever a loss of power leaves of what was written after the last sync, all records before it are whole, and what
// follows them is no record that was not written.
func TestPowerLoss(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	disk := &losstest.Disk{}
	files := losstest.Files{Folder: folder(t.TempDir()), Disk: disk, Name: "segments"}
	l := mustOpen(t, segment.Options{Files: files, MaxBytes: 64 << 10}, 0, 0)
	type kept struct {
		at    int // events
		place segment.Place
	}
	var all []kept
	audio := func(id int64) []byte { return bytes.Repeat([]byte{byte(id)}, 100+int(id*977%9000)) }
	for id := int64(1); id <= 120; {
		var places []segment.Place
		for range 1 + random.IntN(5) {
			places = append(places, add(t, l, id, audio(id), []byte("row")))
			id++
		}
		if _, err := l.Sync(); err != nil {
			t.Fatal(err)
		}
		if random.IntN(4) == 0 {
			id -= int64(len(places))
			if err := l.Cut(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		l.Keep()
		for _, p := range places {
			all = append(all, kept{disk.Now(), p})
		}
	}
	for range 80 {
		n := random.IntN(disk.Now() + 1)
		dir := t.TempDir()
		if err := disk.Lose(n, random, dir); err != nil {
			t.Fatal(err)
		}
		for i, k := range all {
			if k.at > n {
				break
			}
			id := int64(i + 1)
			tail, err := segment.OpenTail(folder(filepath.Join(dir, "segments")), k.place.Segment)
			if err != nil {
				t.Fatalf("after %d events: %v", n, err)
			}
			found := false
			_, err = tail.Records(segment.HeaderBytes, func(rec segment.Record) error {
				if rec.Place == k.place {
					found = rec.ID == id && bytes.Equal(rec.Audio, audio(id))
				}
				if !bytes.Equal(rec.Audio, audio(rec.ID)) {
					t.Errorf("after %d events record %d was never written", n, rec.ID)
				}
				return nil
			})
			if !found || err != nil {
				t.Fatalf("after %d events record %d is not at %v: %v", n, id, k.place, err)
			}
			tail.Close()
		}
	}
}

// FuzzReadRecord holds that whatever is in a file, what ReadRecord returns lies in the file and has been written as a
// record: writing it again gives the same bytes.
func FuzzReadRecord(f *testing.F) {
	files := folder(f.TempDir())
	l := mustOpen(f, segment.Options{Files: files}, 0, 0)
	add(f, l, 7, []byte("audio"), []byte("row"))
	commit(f, l)
	whole, err := os.ReadFile(filepath.Join(files.Dir, segment.FileName(1)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, int64(segment.HeaderBytes))
	f.Add(whole[:len(whole)-1], int64(segment.HeaderBytes))
	f.Add(bytes.Repeat([]byte{0xff}, 200), int64(segment.HeaderBytes))
	f.Fuzz(func(t *testing.T, content []byte, offset int64) {
		at := segment.Place{Segment: 1, Offset: offset}
		rec, err := segment.ReadRecord(bytes.NewReader(content), at, int64(len(content)))
		if err != nil {
			return
		}
		end := offset + rec.Bytes()
		if rec.Place != at || rec.ID < 1 || end > int64(len(content)) {
			t.Fatalf("a record of %d bytes at %d of %d: %+v", rec.Bytes(), offset, len(content), rec)
		}
		if !bytes.Equal(segment.Encode(rec), content[offset:end]) {
			t.Error("the record is not what is in the file")
		}
	})
}
