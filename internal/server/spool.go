package server

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/disk"
)

const (
	// DefaultInlineAudio is how much audio is kept in memory, and by a store inside its database: a minute of what trunk-recorder
	// sends at its best rate.
	DefaultInlineAudio = 256 << 10
	// MaxInlineAudio bounds that.
	MaxInlineAudio = 16 << 20

	// maxUntrusted is how much audio all uploads together may have spooled whose key is not known yet, since the client sends the
	// audio first: nobody without a key fills the disk.
	maxUntrusted = 256 << 20

	firstBuffer = 20 << 10 // fits a usual call of 16 kB
	nextBuffer  = 32 << 10 // what it grows to, and doubles from there
)

// spoolName is what the files of a spool folder are called.
var spoolName = regexp.MustCompile(`^[A-Z2-7]{26}\.spool$`)

// IsSpoolFile tells whether name is one that a server gives to the audio that it spools, and hardly anybody else does.
func IsSpoolFile(name string) bool { return spoolName.MatchString(name) }

// spool takes audio in: into memory while it is short, else into a file of its folder, which nobody else may write to.
type spool struct {
	dir     string
	inline  int64        // what audio may have that is kept in memory
	buffers []sync.Pool  // of *[]byte; by class, until they hold what is inline
	open    atomic.Int64 // files that are being written
	files   *fileRoom    // for these, and others
	disk    *diskGuard

	maxUntrusted int64
	untrusted    atomic.Int64 // bytes spooled for uploads whose key is not known yet
}

// openSpool makes the folder if need be and sweeps what a crash has left in it. On a full disk it need not be there yet: no upload comes as
// far as that.
func openSpool(dir string, inline int64, files *fileRoom, guard *diskGuard) (*spool, error) {
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
		if !IsSpoolFile(e.Name()) || !e.Type().IsRegular() {
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
	return &spool{dir: dir, inline: inline, files: files, disk: guard, buffers: make([]sync.Pool, classes), maxUntrusted: maxUntrusted}, nil
}

// spoolError is a failure of this machine's disk, as against one of the client or the network.
type spoolError struct{ err error }

func (e *spoolError) Error() string { return "spooling audio: " + e.err.Error() }
func (e *spoolError) Unwrap() error { return e.err }

// intake is the audio of one upload. It must be released.
type intake struct {
	spool *spool
	visit *visit
	buf   *[]byte  // all of the audio, or the last chunk of it once there is a file
	file  *os.File // nil while the audio is in memory
	size  int64
	sum   [sha256.Size]byte

	key       *Key  // which the upload came with; nil until a good one has
	refused   error // why the upload's audio or key is refused
	trusted   bool  // a good key has come
	untrusted int64 // bytes that count in the spool's
}

// receive reads r to its end.
func (in *intake) receive(r io.Reader) (int64, error) {
	if err := in.grow(0); err != nil {
		return 0, err
	}
	for class := 1; ; class++ {
		err := in.read(r)
		switch {
		case err == io.EOF && in.size <= in.spool.inline:
			in.sum = sha256.Sum256(*in.buf)
			return in.size, nil
		case err == io.EOF, err == nil && class == len(in.spool.buffers):
			return in.receiveLong(r, err)
		case err != nil:
			return in.size, err
		}
		if err := in.grow(class); err != nil {
			return in.size, err
		}
	}
}

// grow exchanges the buffer for one of the next size.
func (in *intake) grow(class int) error {
	old, had := in.buf, 0
	if old != nil {
		had = cap(*old)
	}
	if !in.visit.hold(in.visit.memory + bufferSize(class) - int64(had)) {
		return errNoMemory
	}
	in.buf = in.spool.buffer(class)
	if old != nil {
		*in.buf = append(*in.buf, *old...)
		in.spool.buffers[class-1].Put(old)
	}
	return nil
}

// receiveLong goes on from receive, whose last read gave err, with a file. The buffer serves for the chunks.
func (in *intake) receiveLong(r io.Reader, err error) (int64, error) {
	in.visit.isLarge = true
	if in.spool.disk.isFullForFiles() {
		return in.size, errNoSpace
	}
	if !in.spool.files.take() {
		return in.size, errNoFiles
	}
	path := filepath.Join(in.spool.dir, rand.Text()+".spool")
	file, oerr := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if oerr != nil {
		in.spool.files.give()
		return in.size, &spoolError{oerr}
	}
	in.file = file
	in.spool.open.Add(1)
	sum := sha256.New()
	for {
		if !in.trusted {
			in.untrusted += int64(len(*in.buf))
			if in.spool.untrusted.Add(int64(len(*in.buf))) > in.spool.maxUntrusted {
				return in.size, errBusy
			}
		}
		if werr := in.write(sum); werr != nil {
			return in.size, &spoolError{werr}
		}
		switch err {
		case nil:
			err = in.read(r)
		case io.EOF:
			sum.Sum(in.sum[:0])
			return in.size, nil
		default:
			return in.size, err
		}
	}
}

// read fills what is free of the buffer. It returns nil once that is full, else why reading ended, io.EOF included.
func (in *intake) read(r io.Reader) error {
	buf := *in.buf
	defer func() { *in.buf = buf }()
	for len(buf) < cap(buf) {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		in.size += int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// write empties the buffer into the file.
func (in *intake) write(sum hash.Hash) error {
	sum.Write(*in.buf) // never fails
	_, err := in.file.Write(*in.buf)
	*in.buf = (*in.buf)[:0]
	return err
}

// seal makes sure that a file is on disk for good. Short audio needs nothing.
func (in *intake) seal() error {
	if in.file == nil {
		return nil
	}
	if err := errors.Join(in.file.Sync(), in.file.Close()); err != nil {
		return &spoolError{err}
	}
	return nil
}

// fill hands the audio over to an upload; it stays this intake's until Put has taken it.
func (in *intake) fill(u *call.Upload) {
	u.Size, u.SHA256 = in.size, in.sum
	if in.file != nil {
		u.File = in.file.Name()
	} else {
		u.Audio = *in.buf
	}
}

// trust lifts the bound on uploads that may come from anybody.
func (in *intake) trust() {
	in.trusted = true
	if in.untrusted > 0 {
		in.spool.untrusted.Add(-in.untrusted)
		in.untrusted = 0
	}
}

// release gives the memory back and removes the file, unless a store has taken it.
func (in *intake) release() error {
	in.trust()
	if in.buf != nil {
		in.spool.buffers[bits.Len(uint(cap(*in.buf)/nextBuffer))].Put(in.buf)
		in.buf = nil
	}
	if in.file == nil {
		return nil
	}
	in.spool.open.Add(-1)
	in.file.Close() // an error only says that it is closed already
	in.spool.files.give()
	if err := os.Remove(in.file.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing spooled audio: %w", err)
	}
	return nil
}

// bufferSize is how much a buffer of a class holds.
func bufferSize(class int) int64 {
	if class == 0 {
		return firstBuffer
	}
	return nextBuffer << (class - 1)
}

// buffer is an empty one of a class.
func (s *spool) buffer(class int) *[]byte {
	if buf, ok := s.buffers[class].Get().(*[]byte); ok {
		*buf = (*buf)[:0]
		return buf
	}
	buf := make([]byte, 0, bufferSize(class))
	return &buf
}
