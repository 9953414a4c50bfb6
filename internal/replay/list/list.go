package list

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"rdiostress/internal/inputfile"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/folder"
)

// List is a list of recordings. It is a [replay.Source]. A recording's number is where its row begins in the file.
type List struct {
	path   string
	format format
}

var _ replay.Source = (*List)(nil)

// IsList reports whether a file's name is that of a list.
func IsList(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv", ".tsv", ".jsonl", ".ndjson":
		return true
	default:
		return false
	}
}

// New returns the recordings of a list.
func New(path string) *List {
	ext := strings.ToLower(filepath.Ext(path))
	return &List{path: path, format: format{isJSON: ext == ".jsonl" || ext == ".ndjson"}}
}

// program is what the recordings of a list count as made by.
const program = "a list"

// Index implements [replay.Source]. It opens no audio.
func (l *List) Index(ctx context.Context, ix *replay.Index) error {
	file, _, err := inputfile.Open(l.path, math.MaxInt64)
	if err != nil {
		return fmt.Errorf("%s: %w", l.path, errors.Unwrap(err))
	}
	defer file.Close()
	rows := newRowReader(file, l.format.isJSON)
	if err := l.readHeader(rows); err != nil {
		return fmt.Errorf("%s: %w", l.path, err)
	}
	for first := true; ; first = false {
		text, at, err := rows.read()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: line %d: %w", l.path, rows.line, err)
		}
		err = l.addRow(ix, text, at, rows.line)
		if lacking := (*MissingError)(nil); errors.As(err, &lacking) && first {
			return fmt.Errorf("%s: %w", l.path, err)
		}
		if err != nil {
			ix.Skip(l.lineName(rows.line), err)
		}
	}
}

func (l *List) lineName(line int) string { return fmt.Sprintf("%s, line %d", l.path, line) }

// readHeader reads the header of a CSV list.
func (l *List) readHeader(rows *rowReader) error {
	if l.format.isJSON {
		return nil
	}
	text, _, err := rows.read()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty: its first line must name its columns")
	}
	if err == nil {
		l.format, err = parseHeader(text)
	}
	return err
}

// addRow adds the call of a row.
func (l *List) addRow(ix *replay.Index, text []byte, at int64, line int) error {
	r, err := l.format.parseRow(text)
	if lacking := (*MissingError)(nil); errors.As(err, &lacking) {
		return replay.Skipf(replay.BadSidecar, "%w", err)
	}
	if err != nil {
		return err
	}
	began, err := r.time()
	if err != nil {
		return err
	}
	switch {
	case r.isEncrypted():
		return replay.Skipf(replay.Encrypted, "encrypted")
	case r[colFile] == "":
		return replay.Skipf(replay.NoAudio, "its row names no file")
	case r.id(colTalkgroup) == 0:
		return replay.Skipf(replay.NoTalkgroup, "%q is not a number of a talkgroup", clip(r[colTalkgroup]))
	}
	ix.Add(replay.Entry{Ref: uint64(at), Earliest: began, Latest: began, Program: program},
		func() string { return l.lineName(line) })
	return nil
}

// Start implements [replay.Source].
func (l *List) Start(ref uint64) (time.Time, error) {
	r, err := l.row(ref)
	if err != nil {
		return time.Time{}, err
	}
	return r.time()
}

// Read implements [replay.Source].
func (l *List) Read(ref uint64, buf []byte, c *rdio.Call) ([]byte, error) {
	r, err := l.row(ref)
	if err != nil {
		return buf, err
	}
	path := l.audioPath(&r)
	if folder.AudioType(filepath.Ext(path)) == "" {
		return buf, replay.Skipf(replay.BadAudio, "its name does not end as audio that servers take: .mp3, .m4a, .wav")
	}
	if buf, err = folder.ReadAudio(path, buf); err != nil {
		return buf, err
	}
	if err := r.call(c); err != nil {
		return buf, err
	}
	c.AudioName, c.AudioType = filepath.Base(path), folder.AudioType(filepath.Ext(path))
	return buf, nil
}

// audioPath returns where the audio of a row is. A path that is not absolute begins in the folder of the list; one that
// was written on Windows may have backslashes.
func (l *List) audioPath(r *row) string {
	path := r[colFile]
	if !strings.Contains(path, "/") {
		path = strings.ReplaceAll(path, `\`, "/")
	}
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(l.path), path)
}

// Name implements [replay.Source].
func (l *List) Name(ref uint64) string {
	if r, err := l.row(ref); err == nil {
		return l.audioPath(&r)
	}
	return fmt.Sprintf("%s, at byte %d", l.path, ref)
}

// row reads the row that begins at a place.
func (l *List) row(ref uint64) (r row, err error) {
	file, _, err := inputfile.Open(l.path, math.MaxInt64)
	if err != nil {
		return r, errors.Unwrap(err)
	}
	defer file.Close()
	if _, err := file.Seek(int64(ref), io.SeekStart); err != nil {
		return r, errors.Unwrap(err)
	}
	rows := newRowReader(file, l.format.isJSON)
	rows.at = int64(ref)
	text, _, err := rows.read()
	if err != nil {
		return r, replay.Skipf(replay.CannotBeRead, "the list has changed since")
	}
	return l.format.parseRow(text)
}
