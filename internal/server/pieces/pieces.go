// Package pieces reads a blob from a database piece by piece, so that a slow client holds only one piece in memory.
package pieces

import (
	"errors"
	"io"
)

// Size is the size of a piece. Most audio fits into one.
const Size = 64 << 10

// Reader is an io.ReadSeekCloser. Only one goroutine may use it.
type Reader struct {
	size  int64
	at    int64  // the offset of the next read
	piece []byte // the current piece
	start int64  // where the piece begins
	fetch func(start int64) ([]byte, error)
}

// New returns a reader of size bytes whose first piece is given. Fetch returns the piece that begins at an offset: Size
// bytes, or the rest.
func New(size int64, first []byte, fetch func(start int64) ([]byte, error)) *Reader {
	return &Reader{size: size, piece: first, fetch: fetch}
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (n int, err error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.at < r.start || r.at >= r.start+int64(len(r.piece)) {
		if r.piece, err = r.fetch(r.at); err != nil {
			r.piece = nil
			return 0, err
		}
		if r.start = r.at; len(r.piece) == 0 {
			return 0, io.ErrUnexpectedEOF // the blob is shorter than its announced size
		}
	}
	n = copy(p, r.piece[r.at-r.start:])
	r.at += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("seeking before the start")
	}
	r.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (r *Reader) Close() error {
	r.piece = nil
	return nil
}
