package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

const (
	// maxBytes is the size at which a segment is full: small enough that much is freed soon after its last call.
	maxBytes = 64 << 20
	// bufferBytes is how much is written at once.
	bufferBytes = 256 << 10
)

// Log appends records to the newest segment. Only one goroutine may use it at a time. Create one with OpenLog.
type Log struct {
	files Files
	store string
	now   func() time.Time
	max   int64

	file   File  // the newest segment, or nil if the next record begins one
	id     int64 // of the newest segment
	day    int64 // on which it was begun, or opened
	kept   int64 // where it ended after the last Keep
	end    int64 // where the next record begins
	synced int64 // how much of it is durable
	buf    []byte
	failed error // of a write since the last Keep or Cut
	broken bool  // of a sync: what the file has is not known
}

// Options are the options of a Log. All but Files and Store may be left out.
type Options struct {
	Files    Files
	Store    string // names the store; at most 16 bytes
	MaxBytes int64
	Now      func() time.Time
}

// OpenLog returns a log that continues the newest segment, of which end bytes are kept: the store has made sure of
// them. An end of 0 begins a new segment. No segment has a number above newest.
func OpenLog(o Options, newest, end int64) (*Log, error) {
	l := &Log{files: o.Files, store: o.Store, now: o.Now, max: o.MaxBytes, id: newest}
	if l.now == nil {
		l.now = time.Now
	}
	if l.max == 0 {
		l.max = maxBytes
	}
	if end < HeaderBytes {
		return l, nil
	}
	var err error
	if l.file, err = l.files.Open(FileName(newest)); err != nil {
		return nil, err
	}
	l.day, l.kept, l.end, l.synced = l.today(), end, end, end
	return l, nil
}

func (l *Log) today() int64 { return l.now().Unix() / 86400 }

// Current returns the number of the newest segment.
func (l *Log) Current() int64 { return l.id }

// Next returns where the next record will be. It begins a new segment if the newest is full, or was begun on another
// day, but never between two records of a transaction.
func (l *Log) Next() (Place, error) {
	if l.failed != nil {
		return Place{}, l.failed
	}
	if l.file != nil && l.end == l.kept && (l.end >= l.max || l.day != l.today()) {
		l.Close()
	}
	if l.file == nil {
		if err := l.begin(); err != nil {
			return Place{}, fmt.Errorf("beginning a segment: %w", err)
		}
	}
	return Place{l.id, l.end}, nil
}

// begin creates a segment, whose name and header are durable then.
func (l *Log) begin() (err error) {
	name := FileName(l.id + 1)
	file, err := l.files.Create(name)
	for errors.Is(err, fs.ErrExist) { // an attempt before could not remove it
		l.id++
		name = FileName(l.id + 1)
		file, err = l.files.Create(name)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteAt(header(l.store, l.id+1), 0)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = l.files.Sync()
	}
	if err != nil {
		return errors.Join(err, file.Close(), l.files.Remove(name))
	}
	l.id++
	l.file, l.day = file, l.today()
	l.kept, l.end, l.synced = HeaderBytes, HeaderBytes, HeaderBytes
	return nil
}

// Append adds a record at the place that Next has returned. It is durable after Sync.
func (l *Log) Append(id int64, audio, row []byte) error {
	if l.file == nil {
		return errors.New("no segment is open")
	}
	var head [HeadBytes]byte
	putHead(head[:], id, l.end, audio, row)
	for _, part := range [][]byte{head[:], audio, row} {
		if err := l.write(part); err != nil {
			l.failed = err
			return err
		}
	}
	return nil
}

// write writes what the buffer cannot take.
func (l *Log) write(p []byte) error {
	if l.buf == nil {
		l.buf = make([]byte, 0, bufferBytes)
	}
	if len(l.buf)+len(p) > bufferBytes {
		if err := l.flush(); err != nil {
			return err
		}
	}
	if len(p) > bufferBytes {
		if _, err := l.file.WriteAt(p, l.end); err != nil {
			return err
		}
	} else {
		l.buf = append(l.buf, p...)
	}
	l.end += int64(len(p))
	return nil
}

func (l *Log) flush() error {
	if len(l.buf) == 0 {
		return nil
	}
	_, err := l.file.WriteAt(l.buf, l.end-int64(len(l.buf)))
	l.buf = l.buf[:0]
	return err
}

// Sync makes all records durable and returns where the segment ends. It fails if the segment's file is no longer at its
// path. After an error the records are to be cut off: what a file has after a failed sync is not known.
func (l *Log) Sync() (Place, error) {
	if l.failed != nil {
		return Place{}, l.failed
	}
	if l.file == nil || l.end == l.synced {
		return Place{l.id, l.end}, nil
	}
	if err := l.flush(); err != nil {
		l.failed = err
		return Place{}, err
	}
	err := l.file.Sync()
	if err == nil {
		err = l.file.Check()
	}
	if err != nil {
		l.failed, l.broken = err, true
		return Place{}, err
	}
	l.synced = l.end
	return Place{l.id, l.end}, nil
}

// HasNew reports whether there are records since the last Keep or Cut.
func (l *Log) HasNew() bool { return l.end != l.kept || l.failed != nil }

// Keep says that rows may point at the records.
func (l *Log) Keep() { l.kept = l.end }

// Cut removes the records since the last Keep, at which no row points. If that fails, or if a sync has failed before,
// the next record begins a segment, and the store finds the records when it starts.
func (l *Log) Cut() error {
	if !l.HasNew() {
		return nil
	}
	isBroken := l.broken
	l.failed, l.broken, l.buf = nil, false, l.buf[:0]
	if l.file == nil {
		return nil
	}
	err := l.file.Truncate(l.kept)
	l.end, l.synced = l.kept, min(l.synced, l.kept)
	if err != nil || isBroken {
		l.Close()
	}
	return err
}

// Probe writes as Append and Sync do, and cuts that off again.
func (l *Log) Probe() error {
	_, err := l.Next()
	if err == nil {
		err = l.Append(1, make([]byte, 4096), nil)
	}
	if err == nil {
		_, err = l.Sync()
	}
	return errors.Join(err, l.Cut())
}

// Roll ends the newest segment, even if nothing is in it: no record will be.
func (l *Log) Roll() error {
	l.Close()
	return l.begin()
}

// Close ends the newest segment: the next record begins another.
func (l *Log) Close() {
	if l.file != nil {
		_ = l.file.Close() // all of it that counts is durable
	}
	l.file, l.end, l.kept, l.synced = nil, 0, 0, 0
}

// List returns the numbers of the segments, lowest first.
func List(files Files) ([]int64, error) {
	names, err := files.Names()
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, name := range names {
		if id, ok := idOf(name); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Tail is a segment as a crash has left it.
type Tail struct {
	ID    int64
	Store string // that it belongs to; empty if the segment has no whole header, and so no records
	Size  int64
	file  File
}

// OpenTail opens a segment to read what a crash has left of it.
func OpenTail(files Files, id int64) (*Tail, error) {
	file, err := files.Open(FileName(id))
	if err != nil {
		return nil, err
	}
	t := &Tail{ID: id, file: file}
	t.Size, err = file.Size()
	if err == nil {
		t.Store, err = readHeader(file, id)
	}
	if errors.Is(err, ErrDamaged) {
		err = nil
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return t, nil
}

// Records calls f with each record from an offset on, up to one that is not whole, and returns where the last whole one
// ends.
func (t *Tail) Records(from int64, f func(Record) error) (end int64, err error) {
	return t.Some(from, t.Size, f)
}

// Some calls f with the records from an offset on, as Records does, until it has read limit bytes.
func (t *Tail) Some(from, limit int64, f func(Record) error) (end int64, err error) {
	for end = from; end-from < limit; {
		rec, err := ReadRecord(t.file, Place{t.ID, end}, t.Size)
		if errors.Is(err, ErrDamaged) {
			return end, nil
		}
		if err == nil {
			err = f(rec)
		}
		if err != nil {
			return end, err
		}
		end += rec.Bytes()
	}
	return end, nil
}

// Cut removes what is after end, and makes the rest durable.
func (t *Tail) Cut(end int64) error {
	if end < t.Size {
		if err := t.file.Truncate(end); err != nil {
			return err
		}
		t.Size = end
	}
	return t.file.Sync()
}

// Close closes the segment.
func (t *Tail) Close() error { return t.file.Close() }
