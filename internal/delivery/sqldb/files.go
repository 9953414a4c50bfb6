package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rdiostress/internal/dbread"
	"rdiostress/internal/delivery"
	"rdiostress/internal/inputfile"
)

// audioFiles finds the files that a server's database names.
type audioFiles struct {
	folders []string
}

// AudioFolders implements FileKeeper.
func (p *database) AudioFolders(folders ...string) {
	p.files.folders = slices.Concat(folders, p.files.folders)
}

// addParents has files looked for in the folder of a database and in those above it: a server that works in one of them
// often keeps its database below.
func (f *audioFiles) addParents(folder string) {
	for ; ; folder = filepath.Dir(folder) {
		f.folders = append(f.folders, folder)
		if folder == filepath.Dir(folder) {
			return
		}
	}
}

// open opens a file of audio. The error is fit for the report: it names no path but where that helps.
func (f *audioFiles) open(path string) (*os.File, error) {
	if filepath.IsAbs(path) {
		return openRegular(path)
	}
	for i, folder := range f.folders {
		file, err := openRegular(filepath.Join(folder, filepath.FromSlash(path)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		f.folders[0], f.folders[i] = f.folders[i], f.folders[0] // the others are most likely there too
		return file, err
	}
	if len(f.folders) == 0 {
		return nil, errors.New("its path begins in a folder of the server's that is not known")
	}
	return nil, fmt.Errorf(
		"its path begins in a folder of the server's, and is not found in %s",
		joinFolders(f.folders),
	)
}

// joinFolders names folders in a line, the first ones.
func joinFolders(folders []string) string {
	const most = 3
	if len(folders) > most {
		return strings.Join(folders[:most], ", ") + " or above"
	}
	return strings.Join(folders, " or ")
}

// openRegular opens a file that is one. The error is without the path.
func openRegular(path string) (*os.File, error) {
	file, _, err := inputfile.Open(path, math.MaxInt64)
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return file, err
}

// readInto puts a file's audio into a row.
func (f *audioFiles) readInto(path string, r *delivery.Row) {
	file, err := f.open(path)
	if err == nil {
		defer file.Close()
		h, kept := sha256.New(), delivery.NewAudioBuffer(delivery.MaxAudio)
		if _, err = io.Copy(io.MultiWriter(h, kept), file); err == nil {
			h.Sum(r.Sum[:0])
			r.HasSum, r.Audio, r.Size = true, kept.Bytes(), int64(kept.Len())
			return
		}
	}
	r.NoAudio = "the file that the database names cannot be read: " + err.Error()
}

// Audio reads the audio of a call by its row's id. It makes a database an audioReader.
func (p *database) Audio(ctx context.Context, id int64) (found []byte, err error) {
	s := p.schema
	column, file := s.columns[colAudio], s.columns[colFile]
	if column == "" && file == "" {
		return nil, errors.New("the database has only its hash")
	}
	if column == "" {
		column = field(p.dialect, colFile, file, true)
	}
	text := p.dialect.Translate(fmt.Sprintf("SELECT %s FROM %s WHERE %s = %s", column, s.from, s.id, p.dialect.First))
	there := false
	err = dbread.Retry(ctx, p.lookPatience, temporary, func() (bool, error) {
		return false, p.query(ctx, text, []any{id}, func(rows *sql.Rows) error {
			there = true
			return rows.Scan(&found)
		})
	})
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, errors.New("the call is not there any more")
	case file == "" || s.columns[colAudio] != "":
		return found, nil
	}
	var r delivery.Row
	if p.files.readInto(string(found), &r); r.Audio == nil {
		return nil, errors.New(r.NoAudio)
	}
	return r.Audio, nil
}
