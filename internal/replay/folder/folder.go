package folder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
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
	names   [][]byte // stems of all recordings, in pieces that are never copied
	files   []file   // by folder and stem
}

var _ replay.Source = (*Folder)(nil)

// file is a recording in memory. There may be a million of them, so it is small.
type file struct {
	piece        uint32 // where its stem is in the names
	at           uint16
	stem, format uint8 // length of the stem, and who reads it
	folder       uint32
	ext, sidecar [maxExt]byte
	named        bool // its audio has another stem; see AudioNamer
}

// pieceSize is the size of a piece of names.
const pieceSize = 1 << 16

// maxExt is the length of the longest extension that a file of a recording has.
const maxExt = len(".json")

// maxStem is the longest stem of a recording. File systems draw the line here too.
const maxStem = 255

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
	defer func() { f.files = slices.Clip(f.files) }()
	return w.walk(ctx, f.dir)
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
	c.AudioName, c.AudioType = filepath.Base(r.AudioPath()), AudioType(r.Ext)
	return buf, nil
}

// Name implements [replay.Source].
func (f *Folder) Name(ref uint64) string {
	r := f.recording(&f.files[ref])
	return named(&r)
}

// stem returns the stem of a recording.
func (f *Folder) stem(e *file) []byte { return f.names[e.piece][e.at : int(e.at)+int(e.stem)] }

// recording returns a recording as formats take it.
func (f *Folder) recording(e *file) Recording {
	r := Recording{
		Folder: f.folders[e.folder], Stem: string(f.stem(e)), Ext: extension(e.ext), Sidecar: extension(e.sidecar),
	}
	if e.named {
		r.AudioStem = f.audioStem(r.Stem)
	}
	return r
}

// extension is the text of one.
func extension(ext [maxExt]byte) string { return string(bytes.TrimRight(ext[:], "\x00")) }

// walker fills a Folder.
type walker struct {
	*Folder
	ix    *replay.Index
	first int               // recording of the folder in hand
	stems map[uint64]uint32 // its recordings, by the hash of their stems
	seed  maphash.Seed
}

// batch is how many entries of a folder are read at once.
const batch = 1024

// walk takes in the recordings of a folder and of those in it. It never has all names of a folder at once in memory, as
// filepath.WalkDir does.
func (w *walker) walk(ctx context.Context, path string) error {
	inside := w.readFolder(path)
	slices.Sort(inside)
	for _, name := range inside {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.walk(ctx, filepath.Join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// readFolder takes in the recordings of one folder, and returns the folders in it.
func (w *walker) readFolder(path string) (inside []string) {
	d, err := os.Open(path)
	if err != nil {
		w.ix.Skip(path, errors.Unwrap(err))
		return nil
	}
	defer d.Close()
	w.folders = append(w.folders, path)
	w.first = len(w.files)
	clear(w.stems)
	for {
		entries, err := d.ReadDir(batch)
		for _, e := range entries {
			if e.IsDir() {
				inside = append(inside, e.Name())
			} else {
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
	w.joinAudio()
	found := w.files[w.first:]
	slices.SortFunc(found, func(x, y file) int { return compareNatural(w.stem(&x), w.stem(&y)) })
	w.files = w.files[:w.first]
	for i := range found {
		w.addRecording(found[i])
	}
	return inside
}

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

// find returns the recording of a stem.
func (w *walker) find(stem string) *file {
	for h := maphash.String(w.seed, stem); ; h++ {
		i, ok := w.stems[h]
		if !ok {
			w.stems[h] = uint32(len(w.files))
			w.files = append(w.files, w.keep(stem))
			return &w.files[len(w.files)-1]
		}
		if string(w.stem(&w.files[i])) == stem {
			return &w.files[i]
		}
	}
}

// keep returns a recording whose stem is kept among the names.
func (w *walker) keep(stem string) file {
	if n := len(w.names); n == 0 || len(w.names[n-1])+len(stem) > pieceSize {
		w.names = append(w.names, make([]byte, 0, pieceSize))
	}
	piece := len(w.names) - 1
	at := len(w.names[piece])
	w.names[piece] = append(w.names[piece], stem...)
	return file{
		piece: uint32(piece), at: uint16(at), stem: uint8(len(stem)), folder: uint32(len(w.folders) - 1),
	}
}

// addRecording adds a recording to the index if a format recognizes it.
func (w *walker) addRecording(e file) {
	r := w.recording(&e)
	for i, format := range w.formats {
		when, ok, err := format.Recognize(&r)
		if err != nil {
			w.ix.Skip(named(&r), err)
			return
		}
		if !ok {
			continue
		}
		e.format = uint8(i)
		w.files = append(w.files, e)
		w.ix.Add(replay.Entry{
			Ref: uint64(len(w.files) - 1), Earliest: when.Earliest, Latest: when.Latest, Program: format.Program(),
		}, func() string { return named(&r) })
		return
	}
	if r.Ext != "" {
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
