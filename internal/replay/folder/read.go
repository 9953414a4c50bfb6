package folder

import (
	"errors"
	"io"

	"rdiostress/internal/audio"
	"rdiostress/internal/inputfile"
	"rdiostress/internal/replay"
)

// minAudio is the size of the smallest recording that is a call: servers take what is less for none.
const minAudio = 45

// MaxAudio is the size of the largest recording that is sent: no server takes 100 MB.
const MaxAudio = 100_000_000

// ReadAudio reads a file of audio into buf, which it makes larger if it must, and looks whether it can be played.
func ReadAudio(path string, buf []byte) ([]byte, error) {
	f, size, err := inputfile.Open(path, MaxAudio)
	if large := (*inputfile.SizeError)(nil); errors.As(err, &large) {
		return buf, replay.Skipf(replay.TooLarge, "%d bytes are more than a server takes", large.Size)
	}
	if err != nil {
		return buf, errors.Unwrap(err)
	}
	defer f.Close()
	if size < minAudio {
		return buf, replay.Skipf(replay.NoAudio, "%d bytes are no audio", size)
	}
	n := int(size)
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(f, buf); err != nil {
		return buf, err
	}
	if err := audio.Check(path, buf); err != nil {
		return buf, replay.Skipf(replay.BadAudio, "its audio cannot be read: %w", err)
	}
	return buf, nil
}
