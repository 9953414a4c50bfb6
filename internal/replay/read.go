package replay

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"rdiostress/internal/audio"
	"rdiostress/internal/inputfile"
	"rdiostress/internal/rdio"
)

// ErrEncrypted says that a recording is of a call that was encrypted; trunk-recorder does not upload those.
var ErrEncrypted = errors.New("encrypted")

// The sizes of recordings that are calls: a server takes less than 45 bytes for none, and none takes 100 MB.
const (
	minAudio = 45
	maxAudio = 100_000_000
)

// Read reads recording i: its audio into buf, which is made larger if it must be, and what is known of it into c, with
// the time that it was made at and without a system's number, which recordings do not have. The error says what is
// wrong with it; [ErrEncrypted] is one.
func (a *Archive) Read(i int, buf []byte, c *rdio.Call) (sound []byte, err error) {
	e := &a.entries[i]
	path := a.Path(i)
	ext := filepath.Ext(e.name)
	var s *sidecar
	if e.kind == TrunkRecorder {
		if s, err = readSidecar(strings.TrimSuffix(path, ext) + ".json"); err != nil {
			return buf, err
		}
		if s.Encrypted != 0 {
			return buf, ErrEncrypted
		}
	}
	if buf, err = readFile(path, buf); err != nil {
		return buf, err
	}
	if err := audio.Check(e.name, buf); err != nil {
		return buf, fmt.Errorf("its audio cannot be read: %w", err)
	}
	if s != nil {
		s.call(c)
	} else if err := recordingCall(e.name, buf, c); err != nil {
		return buf, err
	}
	c.AudioType = audioType(ext)
	return buf, nil
}

// readFile reads a file into buf.
func readFile(path string, buf []byte) ([]byte, error) {
	f, size, err := inputfile.Open(path, maxAudio)
	if large := (*inputfile.SizeError)(nil); errors.As(err, &large) {
		return buf, fmt.Errorf("%d bytes are more than a server takes", large.Size)
	}
	if err != nil {
		return buf, errors.Unwrap(err)
	}
	defer f.Close()
	if size < minAudio {
		return buf, fmt.Errorf("%d bytes are no audio", size)
	}
	n := int(size)
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(f, buf); err != nil {
		return buf, err
	}
	return buf, nil
}
