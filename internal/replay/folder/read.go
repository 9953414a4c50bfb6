package folder

import (
	"errors"
	"io"
	"os"

	"rdiostress/internal/audio"
	"rdiostress/internal/inputfile"
	"rdiostress/internal/replay"
)

// minAudio is the size of the smallest recording that is a call: servers take what is less for none.
const minAudio = 45

// maxAudio is the size of the largest recording that is sent: no server takes 100 MB.
const maxAudio = 100_000_000

// CheckSize returns why audio of so many bytes is not sent; nil if it is.
func CheckSize(size int64) error {
	switch {
	case size < minAudio:
		return replay.Skipf(replay.NoAudio, "%d bytes are no audio", size)
	case size > maxAudio:
		return replay.Skipf(replay.TooLarge, "%d bytes are more than a server takes", size)
	default:
		return nil
	}
}

// CheckAudio returns why audio cannot be played, which the extension of its name says the kind of; nil if it can.
func CheckAudio(name string, file []byte) error {
	if err := audio.Check(name, file); err != nil {
		return replay.Skipf(replay.BadAudio, "its audio cannot be read: %w", err)
	}
	return nil
}

// OpenAudio opens a file of audio that is not too large to be sent. The caller closes it.
func OpenAudio(path string) (f *os.File, size int64, err error) {
	f, size, err = inputfile.Open(path, maxAudio)
	if large := (*inputfile.SizeError)(nil); errors.As(err, &large) {
		return nil, 0, CheckSize(large.Size)
	}
	if err != nil {
		return nil, 0, errors.Unwrap(err)
	}
	return f, size, nil
}

// ReadAudio reads a file of audio into buf, which it makes larger if it must, and looks whether it can be played.
func ReadAudio(path string, buf []byte) ([]byte, error) {
	f, size, err := OpenAudio(path)
	if err != nil {
		return buf, err
	}
	defer f.Close()
	if err := CheckSize(size); err != nil {
		return buf, err
	}
	n := int(size)
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(f, buf); err != nil {
		return buf, err
	}
	return buf, CheckAudio(path, buf)
}
