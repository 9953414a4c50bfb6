package folder

import (
	"errors"
	"io"

	"rdiostress/internal/audio"
	"rdiostress/internal/inputfile"
	"rdiostress/internal/replay"
)

// The sizes of recordings that are calls: a server takes less than 45 bytes for none, and none takes 100 MB.
const (
	minAudio = 45
	maxAudio = 100_000_000
)

// ReadAudio reads a file of audio into buf, which it makes larger if it must, and looks whether it can be played.
func ReadAudio(path string, buf []byte) ([]byte, error) {
	f, size, err := inputfile.Open(path, maxAudio)
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
