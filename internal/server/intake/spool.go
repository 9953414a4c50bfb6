package intake

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"rdiostress/internal/server/admission"
	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/disk"
)

const (
	// DefaultInlineAudio is the size up to which audio is kept in memory, and by a store inside its database: a minute
	// of trunk-recorder's audio at its best rate.
	DefaultInlineAudio = 256 << 10
	// MaxInlineAudio is the maximum of that size.
	MaxInlineAudio = 16 << 20

	// maxUntrusted is how much audio all uploads together may spool before their keys are known. A client may send the
	// audio first, and nobody may fill the disk without a key.
	maxUntrusted = 256 << 20

	firstBuffer = 20 << 10 // fits a usual call of 16 kB
	nextBuffer  = 32 << 10 // the next size, which then doubles
)

// Spool receives audio: short audio into memory, longer audio into a file in its folder, which no other program may
// write to.
type Spool struct {
	dir     string
	inline  int64        // audio up to this size is kept in memory
	buffers []sync.Pool  // of *[]byte, by size class, up to the inline size
	open    atomic.Int64 // files that are being written
	files   *admission.Files
	disk    *admission.DiskGuard

	// MaxUntrusted is how many bytes all uploads together may spool before their keys are known.
	MaxUntrusted int64
	untrusted    atomic.Int64 // bytes spooled for uploads whose key is not known yet
}

// OpenSpool creates the folder if necessary and sweeps the files that a crash left in it. On a full disk the folder may
// be missing: then no upload gets that far.
func OpenSpool(dir string, inline int64, files *admission.Files, guard *admission.DiskGuard) (*Spool, error) {
	err := os.MkdirAll(dir, 0o750)
	if err != nil && !disk.IsFull(err) {
		return nil, err
	}
	isFull := err != nil
	entries, err := os.ReadDir(dir)
	if err != nil && !isFull {
		return nil, err
	}
	for _, e := range entries {
		if !blob.IsSpoolFile(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	classes := 1
	for bufferSize(classes-1) < inline {
		classes++
	}
	return &Spool{
		dir: dir, inline: inline, files: files, disk: guard, buffers: make([]sync.Pool, classes),
		MaxUntrusted: maxUntrusted,
	}, nil
}

// Inline returns the size up to which audio is kept in memory, and by a store inside its database.
func (s *Spool) Inline() int64 { return s.inline }

// Dir returns the spool's folder.
func (s *Spool) Dir() string { return s.dir }

// Open returns how many files are being written.
func (s *Spool) Open() int64 { return s.open.Load() }

// Untrusted returns how many bytes are spooled for uploads whose key is not known yet.
func (s *Spool) Untrusted() int64 { return s.untrusted.Load() }

// SpoolError is an error of this machine's disk, and not of the client or the network.
type SpoolError struct{ Err error }

func (e *SpoolError) Error() string { return "spooling audio: " + e.Err.Error() }
func (e *SpoolError) Unwrap() error { return e.Err }

// audio is the audio of one upload. It must be released.
type audio struct {
	spool  *Spool
	ticket *admission.Ticket
	buf    *[]byte  // all of the audio, or its last chunk if there is a file
	file   *os.File // nil while the audio is in memory
	size   int64
	sum    [sha256.Size]byte

	refused   error // why the audio is refused, if the body is not the cause
	trusted   bool  // a valid key was sent
	untrusted int64 // bytes that count in the spool's total
}

// refuse records why the audio is refused: the code that reads the form cannot tell the cause from an error.
func (a *audio) refuse(err error) error {
	a.refused = err
	return err
}

// readAll reads r to its end.
func (a *audio) readAll(r io.Reader) (int64, error) {
	if err := a.grow(0); err != nil {
		return 0, err
	}
	for class := 1; ; class++ {
		err := a.fillBuffer(r)
		switch {
		case err == io.EOF && a.size <= a.spool.inline:
			a.sum = sha256.Sum256(*a.buf)
			return a.size, nil
		case err == io.EOF, err == nil && class == len(a.spool.buffers):
			return a.readToFile(r, err)
		case err != nil:
			return a.size, err
		}
		if err := a.grow(class); err != nil {
			return a.size, err
		}
	}
}

// grow replaces the buffer with one of another class.
func (a *audio) grow(class int) error {
	old, had := a.buf, 0
	if old != nil {
		had = cap(*old)
	}
	if !a.ticket.Reserve(a.ticket.Reserved() + bufferSize(class) - int64(had)) {
		return a.refuse(admission.ErrNoMemory)
	}
	a.buf = a.spool.buffer(class)
	if old != nil {
		*a.buf = append(*a.buf, *old...)
		a.spool.buffers[class-1].Put(old)
	}
	return nil
}

// readToFile continues readAll, whose last read returned err, with a file. The buffer holds the chunks.
func (a *audio) readToFile(r io.Reader, err error) (int64, error) {
	a.ticket.SetLarge()
	if a.spool.disk.IsFullForFiles() {
		return a.size, a.refuse(call.ErrNoSpace)
	}
	if !a.spool.files.Acquire() {
		return a.size, a.refuse(admission.ErrNoFiles)
	}
	path := filepath.Join(a.spool.dir, blob.SpoolName())
	file, oerr := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if oerr != nil {
		a.spool.files.Release()
		return a.size, &SpoolError{oerr}
	}
	a.file = file
	a.spool.open.Add(1)
	sum := sha256.New()
	for {
		if !a.trusted {
			a.untrusted += int64(len(*a.buf))
			if a.spool.untrusted.Add(int64(len(*a.buf))) > a.spool.MaxUntrusted {
				return a.size, a.refuse(admission.ErrBusy)
			}
		}
		if werr := a.flushBuffer(sum); werr != nil {
			return a.size, &SpoolError{werr}
		}
		switch err {
		case nil:
			err = a.fillBuffer(r)
		case io.EOF:
			sum.Sum(a.sum[:0])
			return a.size, nil
		default:
			return a.size, err
		}
	}
}

// fillBuffer fills the rest of the buffer. It returns nil once the buffer is full, and otherwise why reading ended,
// including io.EOF.
func (a *audio) fillBuffer(r io.Reader) error {
	buf := *a.buf
	defer func() { *a.buf = buf }()
	for len(buf) < cap(buf) {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		a.size += int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// flushBuffer writes the buffer to the file.
func (a *audio) flushBuffer(sum hash.Hash) error {
	sum.Write(*a.buf) // never fails
	_, err := a.file.Write(*a.buf)
	*a.buf = (*a.buf)[:0]
	return err
}

// syncFile makes a file's content durable. Short audio has no file.
func (a *audio) syncFile() error {
	if a.file == nil {
		return nil
	}
	if err := errors.Join(a.file.Sync(), a.file.Close()); err != nil {
		return &SpoolError{err}
	}
	return nil
}

// handOver passes the audio to a call; it still belongs to a until Put has stored it.
func (a *audio) handOver(u *call.Upload) {
	u.Size, u.SHA256 = a.size, a.sum
	if a.file != nil {
		u.File = a.file.Name()
	} else {
		u.Audio = *a.buf
	}
}

// trust lifts the limit on audio whose key is unknown.
func (a *audio) trust() {
	a.trusted = true
	if a.untrusted > 0 {
		a.spool.untrusted.Add(-a.untrusted)
		a.untrusted = 0
	}
}

// release frees the memory and removes the file, unless a store has taken it.
func (a *audio) release() error {
	a.trust()
	if a.buf != nil {
		a.spool.buffers[bits.Len(uint(cap(*a.buf)/nextBuffer))].Put(a.buf)
		a.buf = nil
	}
	if a.file == nil {
		return nil
	}
	a.spool.open.Add(-1)
	a.file.Close() // an error only means that it is already closed
	a.spool.files.Release()
	if err := os.Remove(a.file.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing spooled audio: %w", err)
	}
	return nil
}

// bufferSize returns the buffer size of a class.
func bufferSize(class int) int64 {
	if class == 0 {
		return firstBuffer
	}
	return nextBuffer << (class - 1)
}

// buffer returns an empty buffer of a class.
func (s *Spool) buffer(class int) *[]byte {
	if buf, ok := s.buffers[class].Get().(*[]byte); ok {
		*buf = (*buf)[:0]
		return buf
	}
	buf := make([]byte, 0, bufferSize(class))
	return &buf
}
