package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Archive is a folder of recordings, in the order in which they were made. It never changes once opened, so any number
// of goroutines may read it at once.
type Archive struct {
	folders []string
	entries []entry
	kinds   [numKinds]int
	span    time.Duration
	bad     []Skipped // that not even the name tells a time of
	badMore int
}

// Kind is which program made a recording.
type Kind uint8

// The kinds.
const (
	TrunkRecorder Kind = iota
	SDRTrunk
	numKinds
)

// String returns the program's name.
func (k Kind) String() string { return [...]string{"trunk-recorder", "sdrtrunk"}[k] }

// entry is one recording. There may be millions, so it is small.
type entry struct {
	name   string
	at     int64 // Unix milliseconds by which it is ordered: when it began, or for SDRTrunk when it was written
	number int64 // trunk-recorder's call number; 0 without
	folder int32
	kind   Kind
}

// Skipped is a file that is no call to replay, and why.
type Skipped struct {
	Path   string
	Reason string
}

// maxNamed is how many skipped files are named; the others are counted.
const maxNamed = 20

// Open walks a folder and everything under it. The error says why there is nothing to replay.
func Open(dir string) (*Archive, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, errors.Unwrap(err))
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file: name the folder that it is in", dir)
	}
	w := walker{Archive: &Archive{}, sidecars: make(map[string]bool)}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			w.skip(path, err.Error())
		case d.IsDir():
			w.folder(path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	a := w.Archive
	if len(a.entries) == 0 {
		if len(a.bad) > 0 {
			return nil, fmt.Errorf(
				"%s holds no recorded call that can be read: %s: %s", dir, a.bad[0].Path, a.bad[0].Reason,
			)
		}
		return nil, fmt.Errorf(
			"%s holds no recorded calls: neither audio with a .json sidecar, as trunk-recorder writes, nor "+
				"SDRTrunk's recordings",
			dir,
		)
	}
	a.sort()
	return a, nil
}

// walker fills an archive.
type walker struct {
	*Archive
	sidecars map[string]bool // stems of the folder in hand that have one
}

// folder takes in the recordings of one folder.
func (w *walker) folder(path string) {
	files, err := os.ReadDir(path)
	if err != nil {
		return // WalkDir reports it too
	}
	clear(w.sidecars)
	for _, f := range files {
		if stem, ok := strings.CutSuffix(f.Name(), ".json"); ok {
			w.sidecars[stem] = true
		}
	}
	w.folders = append(w.folders, path)
	for _, f := range files {
		ext := filepath.Ext(f.Name())
		if f.IsDir() || audioType(ext) == "" {
			continue
		}
		e, err := w.entry(path, f.Name(), strings.TrimSuffix(f.Name(), ext))
		if err != nil {
			w.skip(filepath.Join(path, f.Name()), err.Error())
			continue
		}
		w.kinds[e.kind]++
		w.entries = append(w.entries, e)
	}
}

// entry makes an entry of an audio file.
func (w *walker) entry(folder, name, stem string) (entry, error) {
	e := entry{name: name, folder: int32(len(w.folders) - 1)}
	if !w.sidecars[stem] {
		at, ok := parseWritten(name)
		if !ok {
			return e, errors.New("neither a .json sidecar, nor a name as SDRTrunk gives")
		}
		e.kind, e.at = SDRTrunk, at.UnixMilli()
		return e, nil
	}
	e.kind = TrunkRecorder
	start, number, ok := parseRecorderName(stem)
	if !ok { // renamed: only the sidecar knows
		call, err := readSidecar(filepath.Join(folder, stem+".json"))
		if err != nil {
			return e, err
		}
		start = call.start()
	}
	e.at, e.number = start.UnixMilli(), number
	return e, nil
}

func (a *Archive) skip(path, reason string) {
	if len(a.bad) < maxNamed {
		a.bad = append(a.bad, Skipped{path, reason})
		return
	}
	a.badMore++
}

// sort orders the recordings. Names have whole seconds, so those of one second are spread over it in their order.
func (a *Archive) sort() {
	slices.SortFunc(a.entries, func(x, y entry) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.number, y.number), cmp.Compare(x.name, y.name),
			cmp.Compare(x.folder, y.folder))
	})
	for i := 0; i < len(a.entries); {
		j := i
		for j < len(a.entries) && a.entries[j].at == a.entries[i].at {
			j++
		}
		for k := i; k < j; k++ {
			a.entries[k].at += int64((k - i) * 1000 / (j - i))
		}
		i = j
	}
	a.span = a.Offset(len(a.entries) - 1)
}

// Len is how many recordings there are, readable or not.
func (a *Archive) Len() int { return len(a.entries) }

// Offset is when recording i was made, since the first.
func (a *Archive) Offset(i int) time.Duration {
	return time.Duration(a.entries[i].at-a.entries[0].at) * time.Millisecond
}

// Began is when the first recording was made.
func (a *Archive) Began() time.Time { return time.UnixMilli(a.entries[0].at) }

// Span is the time from the first recording to the last.
func (a *Archive) Span() time.Duration { return a.span }

// Kinds counts the recordings by the program that made them.
func (a *Archive) Kinds() map[string]int {
	kinds := make(map[string]int)
	for k, n := range a.kinds {
		if n > 0 {
			kinds[Kind(k).String()] = n
		}
	}
	return kinds
}

// Skipped names the files that are no recordings as far as their names tell, and counts all of them.
func (a *Archive) Skipped() (named []Skipped, all int) { return a.bad, len(a.bad) + a.badMore }

// Path is where recording i is.
func (a *Archive) Path(i int) string {
	return filepath.Join(a.folders[a.entries[i].folder], a.entries[i].name)
}

// audioType is the media type of files with an extension; empty where they are no audio that servers take.
func audioType(ext string) string {
	switch strings.ToLower(ext) {
	case ".mp3":
		return "audio/mpeg"
	case ".m4a":
		return "audio/mp4"
	case ".wav":
		return "audio/wav"
	case ".aac":
		return "audio/aac"
	case ".ogg", ".opus":
		return "audio/ogg"
	default:
		return ""
	}
}
