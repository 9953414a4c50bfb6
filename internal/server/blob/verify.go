package blob

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

// ErrAltered means that audio is not what was stored.
var ErrAltered = errors.New("the stored audio was altered")

// Verify returns a reader of r that checks the audio if it is read from its start to its end. The last bytes come only
// if all have the given sum, so that nobody takes altered audio for whole.
func Verify(r io.ReadSeekCloser, sum [sha256.Size]byte) io.ReadSeekCloser {
	return &verifier{ReadSeekCloser: r, want: sum, size: -1}
}

type verifier struct {
	io.ReadSeekCloser

	want   [sha256.Size]byte
	size   int64 // -1 is unknown
	at     int64
	hashed hash.Hash // of all bytes before at; nil if some were not read
}

// Read implements io.Reader.
func (v *verifier) Read(p []byte) (int, error) {
	if v.size < 0 {
		if err := v.measure(); err != nil {
			return 0, err
		}
	}
	if v.at == 0 {
		v.hashed = sha256.New()
	}
	n, err := v.ReadSeekCloser.Read(p)
	v.at += int64(n)
	if v.hashed == nil {
		return n, err
	}
	v.hashed.Write(p[:n]) // never fails
	if v.at >= v.size && [sha256.Size]byte(v.hashed.Sum(nil)) != v.want {
		return 0, ErrAltered
	}
	return n, err
}

// measure finds the size.
func (v *verifier) measure() (err error) {
	if v.size, err = v.ReadSeekCloser.Seek(0, io.SeekEnd); err == nil {
		_, err = v.ReadSeekCloser.Seek(v.at, io.SeekStart)
	}
	return err
}

// Seek implements io.Seeker.
func (v *verifier) Seek(offset int64, whence int) (int64, error) {
	at, err := v.ReadSeekCloser.Seek(offset, whence)
	if err == nil && at != v.at {
		v.at, v.hashed = at, nil
	}
	return at, err
}
