package audio

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"rdiostress/internal/inputfile"
)

// MaxRecordings is how many bytes of recordings are kept in memory; those beyond it are left out.
const MaxRecordings = 256 << 20

// Recordings are the user's own call audio. They never change once read, so any number of goroutines may use them at
// once.
type Recordings struct {
	clips  []Clip
	Bad    []error // the files that are not used, each by name and why
	Beyond int     // files that were left out because there was no more room
	Bare   int     // files used that have no place for a tag, so that calls of the same have the same bytes
}

// ReadRecordings reads the MP3, M4A and WAV files of a folder and those below it, in the order of their names, up to a
// number of bytes. The error says that the folder cannot be read or that none of them can be used.
func ReadRecordings(folder string, limit int64) (*Recordings, error) {
	r := &Recordings{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil && path == folder {
			return err
		}
		read := readerOf(path)
		if err == nil && (entry.IsDir() || read == nil) {
			return nil
		}
		if err == nil {
			err = r.add(path, read, &limit)
		}
		if err != nil {
			r.Bad = append(r.Bad, fmt.Errorf("%s: %w", path, cause(err)))
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", folder, cause(err))
	case len(r.clips) == 0 && len(r.Bad) > 0:
		return nil, fmt.Errorf("%s: none of %d recordings can be used: %w", folder, len(r.Bad), r.Bad[0])
	case len(r.clips) == 0:
		return nil, fmt.Errorf("%s: no MP3, M4A or WAV files in it", folder)
	}
	return r, nil
}

// cause is an error of the file system without the path, which the caller names.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// readerOf is how files of a name are read; nil if they are no recordings.
func readerOf(name string) func([]byte) (Clip, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp3":
		return readMP3
	case ".wav":
		return readWAV
	case ".m4a", ".mp4":
		return readM4A
	default:
		return nil
	}
}

// add reads a file, if there is room for it.
func (r *Recordings) add(path string, read func([]byte) (Clip, error), room *int64) error {
	file, err := inputfile.Read(path, *room)
	if large := (*inputfile.SizeError)(nil); errors.As(err, &large) {
		r.Beyond++
		return nil
	}
	if err != nil {
		return err
	}
	clip, err := read(file)
	if err != nil {
		return err
	}
	*room -= int64(len(file))
	if clip.maker == nil {
		r.Bare++
	}
	r.clips = append(r.clips, clip)
	return nil
}

// Len is how many recordings there are.
func (r *Recordings) Len() int { return len(r.clips) }

// Incomplete reports whether something of the folder is not used, or not as the rest is.
func (r *Recordings) Incomplete() bool { return len(r.Bad) > 0 || r.Beyond > 0 || r.Bare > 0 }

// Only are those whose names end so, or all if none does.
func (r *Recordings) Only(ext string) *Recordings {
	some := &Recordings{}
	for _, c := range r.clips {
		if c.Ext == ext {
			some.clips = append(some.clips, c)
		}
	}
	if len(some.clips) == 0 {
		return r
	}
	return some
}

// Clip returns one of the recordings at random, whatever length is wanted.
func (r *Recordings) Clip(w Want) Clip { return r.clips[w.Random%uint64(len(r.clips))] }
