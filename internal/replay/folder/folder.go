package folder

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

// Folder is a folder of recordings. It is a [replay.Source].
type Folder struct {
	dir     string
	formats []Format
	folders []string
	names   []byte // stems and extensions of all files, one after the other
	files   []file // by folder and stem
}

var _ replay.Source = (*Folder)(nil)

// file is a recording in memory.
type file struct {
	at      uint32 // where its stem begins in the names; its extensions follow
	folder  uint32
	stem    uint8 // length
	ext     uint8 // length of the audio's extension
	sidecar uint8 // length of the sidecar's extension
	format  uint8
}

// New returns the recordings of a folder in some formats. If several formats recognize a recording, the first of them
// has it.
func New(dir string, formats ...Format) *Folder { return &Folder{dir: dir, formats: formats} }

// Index implements [replay.Source].
func (f *Folder) Index(ctx context.Context, ix *replay.Index) error {
	if info, err := os.Stat(f.dir); err != nil {
		return fmt.Errorf("%s: %w", f.dir, errors.Unwrap(err))
	} else if !info.IsDir() {
		return fmt.Errorf("%s is a file: name the folder that it is in", f.dir)
	}
	w := walker{Folder: f, ix: ix, stems: make(map[uint64]uint32), seed: maphash.MakeSeed()}
	return filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			ix.Skip(path, err)
		case d.IsDir():
			w.readFolder(path)
		}
		return nil
	})
}

// Start implements [replay.Source].
func (f *Folder) Start(ref uint64) (time.Time, error) {
	r := f.recording(&f.files[ref])
	return f.formats[f.files[ref].format].Start(&r)
}

// Read implements [replay.Source].
func (f *Folder) Read(ref uint64, buf []byte, c *rdio.Call) (audio []byte, err error) {
	r := f.recording(&f.files[ref])
	if buf, err = ReadAudio(r.AudioPath(), buf); err != nil {
		return buf, err
	}
	if err := f.formats[f.files[ref].format].Read(&r, buf, c); err != nil {
		return buf, err
	}
	c.AudioName, c.AudioType = r.Stem+r.Ext, AudioType(r.Ext)
	return buf, nil
}

// Name implements [replay.Source].
func (f *Folder) Name(ref uint64) string {
	r := f.recording(&f.files[ref])
	if r.Ext == "" {
		return r.SidecarPath()
	}
	return r.AudioPath()
}

// recording returns a recording as formats take it.
func (f *Folder) recording(e *file) Recording {
	text := f.names[e.at:]
	stem, ext := int(e.stem), int(e.ext)
	return Recording{
		Folder: f.folders[e.folder], Stem: string(text[:stem]), Ext: string(text[stem : stem+ext]),
		Sidecar: string(text[stem+ext : stem+ext+int(e.sidecar)]),
	}
}

// walker fills a Folder.
type walker struct {
	*Folder
	ix    *replay.Index
	found []found           // stems of the folder in hand
	text  []byte            // their names
	stems map[uint64]uint32 // by hash, which of them
	seed  maphash.Seed
}

// found is the files of one stem.
type found struct {
	at           uint32
	stem         uint8
	ext, sidecar [maxExt]byte
}

// maxExt is the length of the longest extension that a file of a recording has.
const maxExt = len(".json")

// maxStem is the longest stem of a recording. File systems draw the line here too.
const maxStem = 255

// batch is how many entries of a folder are read at once.
const batch = 1024

// readFolder takes in the recordings of one folder.
func (w *walker) readFolder(path string) {
	d, err := os.Open(path)
	if err != nil {
		return // WalkDir reports it too
	}
	defer d.Close()
	w.found, w.text = w.found[:0], w.text[:0]
	clear(w.stems)
	for {
		entries, err := d.ReadDir(batch)
		for _, e := range entries {
			if !e.IsDir() {
				w.takeFile(e.Name())
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				w.ix.Skip(path, err)
			}
			break
		}
	}
	slices.SortFunc(w.found, func(x, y found) int { return compareNatural(w.stem(&x), w.stem(&y)) })
	w.folders = append(w.folders, path)
	for i := range w.found {
		w.addRecording(&w.found[i])
	}
}

func (w *walker) stem(f *found) []byte { return w.text[f.at : int(f.at)+int(f.stem)] }

// takeFile adds a file to the recording of its stem.
func (w *walker) takeFile(name string) {
	ext := filepath.Ext(name)
	audio, sidecar := rank(ext) < len(audioTypes), strings.EqualFold(ext, ".json")
	stem := name[:len(name)-len(ext)]
	if !audio && !sidecar || len(stem) > maxStem {
		return
	}
	f := w.find(stem)
	if sidecar {
		copy(f.sidecar[:], ext)
	} else if had := extension(f.ext); had == "" || rank(ext) < rank(had) {
		f.ext = [maxExt]byte{}
		copy(f.ext[:], ext)
	}
}

// find returns the files of a stem.
func (w *walker) find(stem string) *found {
	for h := maphash.String(w.seed, stem); ; h++ {
		i, ok := w.stems[h]
		if !ok {
			w.stems[h] = uint32(len(w.found))
			w.found = append(w.found, found{at: uint32(len(w.text)), stem: uint8(len(stem))})
			w.text = append(w.text, stem...)
			return &w.found[len(w.found)-1]
		}
		if string(w.stem(&w.found[i])) == stem {
			return &w.found[i]
		}
	}
}

// extension is the text of one.
func extension(ext [maxExt]byte) string { return string(bytes.TrimRight(ext[:], "\x00")) }

// addRecording adds a recording to the index if a format recognizes it.
func (w *walker) addRecording(f *found) {
	ext, sidecar := extension(f.ext), extension(f.sidecar)
	e := file{
		at: uint32(len(w.names)), folder: uint32(len(w.folders) - 1), stem: f.stem, ext: uint8(len(ext)),
		sidecar: uint8(len(sidecar)),
	}
	r := Recording{Folder: w.folders[e.folder], Stem: string(w.stem(f)), Ext: ext, Sidecar: sidecar}
	for i, format := range w.formats {
		when, ok, err := format.Recognize(&r)
		if err != nil {
			w.ix.Skip(cmp.Or(named(&r), r.Folder), err)
			return
		}
		if !ok {
			continue
		}
		e.format = uint8(i)
		w.names = append(append(append(w.names, r.Stem...), ext...), sidecar...)
		w.files = append(w.files, e)
		w.ix.Add(replay.Entry{
			Ref: uint64(len(w.files) - 1), Earliest: when.Earliest, Latest: when.Latest, Program: format.Program(),
		}, func() string { return named(&r) })
		return
	}
	if ext != "" {
		w.ix.Skip(r.AudioPath(), replay.Skipf(replay.NotACall,
			"neither a .json sidecar, nor a name as SDRTrunk gives"))
	}
}

// named is what is called by the recording's name: its audio, or its sidecar if it has none.
func named(r *Recording) string {
	if r.Ext == "" {
		return r.SidecarPath()
	}
	return r.AudioPath()
}
