package audio

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	clips "rdiostress/testdata/audio"
)

// Decoder decodes recordings with ffmpeg, at a low priority where the system has nice. It is safe for concurrent use.
type Decoder struct {
	command []string // that the arguments of ffmpeg are put behind
}

// ErrUndecodable says that a recording cannot be decoded, as opposed to a decoder that does not work.
var ErrUndecodable = errors.New("it cannot be decoded")

// FindDecoder looks for ffmpeg. The error says why nothing can be decoded.
func FindDecoder() (*Decoder, error) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, errors.New("ffmpeg is not installed here")
	}
	d := &Decoder{command: []string{ffmpeg}}
	if nice, err := exec.LookPath("nice"); err == nil {
		d.command = []string{nice, "-n", "19", ffmpeg}
	}
	return d, nil
}

// Try decodes a recording of its own, so that what fails later is the recording's fault.
func (d *Decoder) Try(ctx context.Context) error {
	name := M4AAt8k.recording()
	file, err := clips.FS.ReadFile(name)
	if err != nil {
		return err
	}
	switch s, err := d.Decode(ctx, name, file); {
	case err != nil:
		return fmt.Errorf("ffmpeg does not decode AAC here: %w", err)
	case s.Silent || s.Length == 0:
		return errors.New("ffmpeg decodes AAC to nothing here")
	default:
		return nil
	}
}

const (
	decodedRate  = 8000 // samples per second that are asked for, whatever the recording has
	decodeLimit  = 10 * time.Second
	decodedPeak  = 1 // of 32,767, that silence may have
	mostComplain = 500
)

// Decode decodes a recording, in the format that its name or else its first bytes tell, and measures what is heard. The
// error wraps ErrUndecodable if the recording is at fault.
func (d *Decoder) Decode(ctx context.Context, name string, file []byte) (Sound, error) {
	demuxer, ok := map[string]string{".m4a": "mov", ".mp3": "mp3", ".wav": "wav"}[formOf(name, file)]
	if !ok {
		return Sound{}, ErrFormat
	}
	ctx, cancel := context.WithTimeout(ctx, decodeLimit)
	defer cancel()
	path, err := temporary(file) // an index behind the sound cannot be read from a pipe
	if err != nil {
		return Sound{}, err
	}
	defer os.Remove(path)
	args := append(d.command[1:len(d.command):len(d.command)],
		"-v", "error", "-nostdin", "-threads", "1", "-protocol_whitelist", "file,pipe", "-f", demuxer, "-i", path,
		"-map", "0:a:0", "-ac", "1", "-ar", fmt.Sprint(decodedRate), "-f", "s16le", "pipe:1")
	cmd := exec.CommandContext(ctx, d.command[0], args...)
	var heard listener
	complaints := headBuffer{most: mostComplain}
	cmd.Stdout, cmd.Stderr = &heard, &complaints
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return Sound{}, ctx.Err()
	case errors.As(err, &exit) && exit.Exited():
		return Sound{}, fmt.Errorf("%w: %s", ErrUndecodable, complaints.last(path))
	case err != nil:
		return Sound{}, err
	}
	return heard.sound(), nil
}

// temporary writes a file that the caller removes.
func temporary(file []byte) (path string, err error) {
	f, err := os.CreateTemp("", "rdiostress-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(file)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// listener measures samples of 16 bits that are written to it, and keeps none.
type listener struct {
	bytes int64
	peak  int32
	half  []byte // of a sample
}

func (l *listener) Write(b []byte) (int, error) {
	l.bytes += int64(len(b))
	n := len(b)
	if len(l.half) > 0 {
		b = append(l.half, b...)
	}
	for ; len(b) >= 2; b = b[2:] {
		s := int32(int16(binary.LittleEndian.Uint16(b)))
		l.peak = max(l.peak, s, -s)
	}
	l.half = append([]byte(nil), b...)
	return n, nil
}

func (l *listener) sound() Sound {
	return Sound{Length: seconds(float64(l.bytes/2) / decodedRate), Silent: l.peak <= decodedPeak}
}

// headBuffer keeps the beginning of what is written to it.
type headBuffer struct {
	bytes.Buffer
	most int
}

func (c *headBuffer) Write(b []byte) (int, error) {
	_, _ = c.Buffer.Write(b[:max(0, min(len(b), c.most-c.Len()))]) // it never fails
	return len(b), nil
}

var _ io.Writer = (*headBuffer)(nil)

// last is the last line, without a path that means nothing to the reader.
func (c *headBuffer) last(path string) string {
	lines := strings.Split(strings.TrimSpace(c.String()), "\n")
	return strings.TrimSpace(strings.TrimPrefix(lines[len(lines)-1], path+":"))
}
