package sqlite

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/segment"
	"rdiostress/internal/server/segment/losstest"
	"rdiostress/internal/server/storetest"
)

// lossesVariable says at how many moments the test loses power: make crash-test sets 1000.
const lossesVariable = "RDIOSTRESS_TEST_POWER_LOSSES"

// lossAcks are the promises of a store, each with the number of events after which it was made.
type lossAcks struct {
	mu      sync.Mutex
	stored  map[int64]lossAck // by the calls' numbers
	expired map[int64]int     // by ids
}

type lossAck struct {
	id    int64
	after int
}

// lossUpload returns an upload of call n. Two in three are long enough for a segment to be full soon.
func lossUpload(n int64) *call.Upload {
	u := storetest.UploadOf(n)
	u.Audio = bytes.Repeat([]byte(strconv.FormatInt(n, 10)+" "), 1+int(n*7919%6000))
	u.Size, u.SHA256 = int64(len(u.Audio)), sha256.Sum256(u.Audio)
	return u
}

// Power is lost at some moment, and with it some of what was written after the last syncs of the database, its log and
// the segments, in any order, some of it in part. The store then opens, its database is sound, every acknowledged call
// is there unaltered, no other call is there that is not whole, no deleted one has come back, and it takes calls.
func TestPowerLoss(t *testing.T) {
	losses := 40
	if text := os.Getenv(lossesVariable); text != "" {
		var err error
		if losses, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(21, 42))
	disk, acks := &losstest.Disk{}, &lossAcks{stored: make(map[int64]lossAck), expired: make(map[int64]int)}
	recordLoad(t, disk, acks)
	for i := range losses {
		n := random.IntN(disk.Now() + 1)
		dir := filepath.Join(t.TempDir(), strconv.Itoa(i))
		if err := os.MkdirAll(filepath.Join(dir, segmentsDir), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := disk.Lose(n, random, dir); err != nil {
			t.Fatal(err)
		}
		checkLoss(t, dir, n, acks)
		if t.Failed() {
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// recordLoad stores and deletes calls in a store whose writes are recorded.
func recordLoad(t *testing.T, disk *losstest.Disk, acks *lossAcks) {
	t.Helper()
	dir := t.TempDir()
	(&recordingVFS{disk: disk}).register(t, t.Name())
	files := losstest.Files{
		Folder: segment.Folder{
			Dir: filepath.Join(dir, segmentsDir), SyncDir: func(string) error { return nil },
			Gone: func(path string, err error) error { return err },
		}, Disk: disk, Name: segmentsDir,
	}
	if err := os.MkdirAll(files.Dir, 0o750); err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), Options{Dir: dir, NoReserve: true}, seams{
		vfs: t.Name(), files: files, segmentBytes: 200 << 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	store := func(from, to int64) {
		var clients sync.WaitGroup
		for c := range int64(8) {
			clients.Go(func() {
				for n := from + c; n < to; n += 8 {
					id, err := s.Put(t.Context(), lossUpload(n))
					if err != nil {
						t.Error(err)
						return
					}
					acks.mu.Lock()
					acks.stored[n] = lossAck{id, disk.Now()}
					acks.mu.Unlock()
				}
			})
		}
		clients.Wait()
	}
	store(1, 150)
	before := storetest.Noon().Add(60 * time.Second)
	if n, err := s.Expire(t.Context(), before, 1000); n != 59 || err != nil {
		t.Fatalf("deleted %d calls, %v", n, err)
	}
	for n := range int64(60) {
		acks.expired[acks.stored[n].id] = disk.Now()
	}
	if err := s.checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	store(150, 300)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkLoss checks what is left when power was lost after n events.
func checkLoss(t *testing.T, dir string, n int, acks *lossAcks) {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: dir, NoReserve: true})
	if err != nil {
		t.Errorf("after %d events: %v", n, err)
		return
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("after %d events: %v", n, err)
		}
	}()
	var sound string
	if err := s.read.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("after %d events the database is damaged: %s, %v", n, sound, err)
	}
	page, total, err := s.Calls(t.Context(), call.Query{SortBy: call.SortID, Page: 1, PerPage: 1000})
	if err != nil || total != int64(len(page)) {
		t.Errorf("after %d events: %d calls, %d are counted, %v", n, len(page), total, err)
	}
	found := make(map[string]int64)
	for i := range page {
		rec := &page[i]
		found[rec.Call.AudioName] = rec.ID
		checkAudio(t, s, rec)
		if at, ok := acks.expired[rec.ID]; ok && at <= n {
			t.Errorf("after %d events call %d, which was deleted, is back", n, rec.ID)
		}
	}
	if len(found) != len(page) {
		t.Errorf("after %d events calls are stored twice", n)
	}
	for i, ack := range acks.stored {
		_, wasExpired := acks.expired[ack.id]
		if name := storetest.UploadOf(i).Call.AudioName; ack.after <= n && found[name] != ack.id && !wasExpired {
			t.Errorf("after %d events call %d, acknowledged as %d after %d, is %d", n, i, ack.id, ack.after,
				found[name])
		}
	}
	if id, err := s.Put(t.Context(), lossUpload(1000)); id <= 0 || err != nil {
		t.Errorf("after %d events no call is taken: %v", n, err)
	}
}

// checkAudio compares a call's audio with what was sent.
func checkAudio(t *testing.T, s *Store, rec *call.Record) {
	t.Helper()
	n := int64(rec.Call.Time.Sub(storetest.Noon()) / time.Second)
	r, err := s.Audio(t.Context(), rec.ID)
	if err != nil {
		t.Errorf("call %d: %v", rec.ID, err)
		return
	}
	defer r.Close()
	audio, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(audio, lossUpload(n).Audio) || sha256.Sum256(audio) != rec.SHA256 {
		t.Errorf("the audio of call %d is altered: %d bytes, %v", rec.ID, len(audio), err)
	}
}
