package delivery

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"

	"rdiostress/internal/inputfile"
)

// LogReader is a log that grows.
type LogReader interface {
	// Read calls each with every line that was added since the last call, as far as that is quick. A line comes without
	// its line end.
	Read(each func(line string)) error
}

// LogFile reads what is added to a server's log after it was opened. It follows a log that is rotated, replaced under
// the same name or truncated. One goroutine uses it at a time.
type LogFile struct {
	path string
	file *os.File
	at   int64
	rest []byte // start of a line that has no end yet
	skip bool   // the current line is too long
}

var _ LogReader = (*LogFile)(nil)

const (
	logChunk  = 64 << 10
	logAtOnce = 16 << 20 // bytes of one Read
)

// OpenLogFile opens a server's log, which must be a regular file: reading a pipe would steal lines from another reader.
func OpenLogFile(path string) (*LogFile, error) {
	l := &LogFile{path: path}
	if err := l.open(); err != nil {
		return nil, err
	}
	size, err := l.file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l.at = size
	return l, nil
}

func (l *LogFile) open() error {
	file, _, err := inputfile.Open(l.path, math.MaxInt64)
	if err != nil {
		return err
	}
	if l.file != nil {
		_ = l.file.Close() // opened for reading only
	}
	l.file, l.at, l.rest, l.skip = file, 0, nil, false
	return nil
}

// Close closes the file.
func (l *LogFile) Close() error { return l.file.Close() }

// Read implements LogReader.
func (l *LogFile) Read(each func(line string)) error {
	buf := make([]byte, logChunk)
	for left := logAtOnce; left > 0; {
		n, err := l.file.ReadAt(buf, l.at)
		l.at, left = l.at+int64(n), left-n
		l.split(buf[:n], each)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err == nil {
			continue
		}
		if anew, err := l.checkReplaced(); !anew || err != nil {
			return err
		}
	}
	return nil
}

// checkReplaced reports, at the end of the file, whether there is a new file to read, or the same one from its start.
func (l *LogFile) checkReplaced() (bool, error) {
	have, err := l.file.Stat()
	if err != nil {
		return false, err
	}
	now, err := os.Stat(l.path)
	switch {
	case err != nil: // it was moved away, and there is no new file yet
		return false, nil
	case !os.SameFile(have, now):
		return true, l.open()
	case have.Size() < l.at:
		l.at, l.rest, l.skip = 0, nil, false
		return true, nil
	default:
		return false, nil
	}
}

// split calls each with the lines that end in the bytes read.
func (l *LogFile) split(read []byte, each func(string)) {
	for len(read) > 0 {
		line, rest, ended := bytes.Cut(read, []byte("\n"))
		if !l.skip {
			l.rest = append(l.rest, line...)
		}
		if l.skip = l.skip || len(l.rest) > MaxLogLine; l.skip && l.rest != nil {
			each(string(l.rest[:MaxLogLine])) // its start says what it is about
			l.rest = nil
		}
		if ended {
			if !l.skip {
				each(string(bytes.TrimSuffix(l.rest, []byte("\r"))))
			}
			l.rest, l.skip = l.rest[:0], false
		}
		read = rest
	}
}
