// Package losstest simulates the loss of power. A [Disk] records what is written to files and when it is synced, and
// then makes, for any moment, a folder as the loss of power at that moment might have left it: what was written after a
// file's last sync is dropped, torn, or there without what was written before it. It is for tests only.
package losstest

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"rdiostress/internal/server/segment"
)

const sector = 512 // what a disk writes at once

type kind int

const (
	wrote kind = iota
	truncated
	synced
	created
	removed
	namesSynced
)

type event struct {
	kind   kind
	name   string
	offset int64 // or the new size, or for a sync the number of events that it covers
	data   []byte
}

// Disk records what happens to files, by their paths in a folder. It is safe for concurrent use.
type Disk struct {
	mu     sync.Mutex
	events []event
}

func (d *Disk) add(e event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// Now returns how many events there have been.
func (d *Disk) Now() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.events)
}

// Wrote records a write. It copies the data.
func (d *Disk) Wrote(name string, offset int64, data []byte) {
	d.add(event{wrote, name, offset, slices.Clone(data)})
}

// Truncated records that a file has got another size.
func (d *Disk) Truncated(name string, size int64) { d.add(event{truncated, name, size, nil}) }

// Sync calls sync and records, if that succeeds, that the events before it are durable.
func (d *Disk) Sync(name string, sync func() error) error {
	from := d.Now()
	err := sync()
	if err == nil {
		d.add(event{synced, name, int64(from), nil})
	}
	return err
}

// Lose writes the files to a folder as they may be when power is lost after the first n events.
func (d *Disk) Lose(n int, random *rand.Rand, dir string) error {
	d.mu.Lock()
	events := d.events[:n]
	d.mu.Unlock()
	durable, names := make(map[string]int64), int64(0) // events that are durable
	for _, e := range events {
		switch e.kind {
		case synced:
			durable[e.name] = max(durable[e.name], e.offset)
		case namesSynced:
			names = max(names, e.offset)
		}
	}
	files := make(map[string][]byte)
	severity := random.IntN(4)
	for i, e := range events {
		isDurable := int64(i) < durable[e.name]
		switch e.kind {
		case created:
			if int64(i) < names || random.IntN(2) == 0 {
				files[e.name] = []byte{}
			}
		case removed:
			if int64(i) < names || random.IntN(2) == 0 {
				delete(files, e.name)
			}
		case wrote, truncated:
			content, exists := files[e.name]
			if !exists && filepath.Dir(e.name) != "." {
				continue // its name is lost
			}
			files[e.name] = e.apply(content, isDurable, severity, random)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[name], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// How much of what is not durable is lost, from none to all.
const (
	keepsAll = iota
	keepsNone
	keepsSome
)

// apply returns the content of a file after the event. Unless it is durable it may not take place, or in part.
func (e *event) apply(content []byte, isDurable bool, severity int, random *rand.Rand) []byte {
	isWhole := isDurable || severity == keepsAll || severity >= keepsSome && random.IntN(3) == 0
	isLost := !isWhole && (severity == keepsNone || random.IntN(2) == 0)
	if isLost || e.kind == truncated && !isWhole {
		return content
	}
	if e.kind == truncated {
		return resize(content, e.offset)
	}
	end := e.offset + int64(len(e.data))
	if end > int64(len(content)) {
		content = resize(content, end)
	}
	if isWhole {
		copy(content[e.offset:], e.data)
		return content
	}
	for at := int64(0); at < int64(len(e.data)); { // up to the end of a sector of the file
		next := min((e.offset+at)/sector*sector+sector-e.offset, int64(len(e.data)))
		if random.IntN(2) == 0 {
			copy(content[e.offset+at:], e.data[at:next])
		}
		at = next
	}
	return content
}

func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// Files is a folder of segments whose events a Disk records, by the paths of the files in a data folder.
type Files struct {
	segment.Folder
	Disk *Disk
	Name string // of the folder
}

var _ segment.Files = Files{}

// Create implements segment.Files.
func (f Files) Create(name string) (segment.File, error) {
	file, err := f.Folder.Create(name)
	if err != nil {
		return nil, err
	}
	f.Disk.add(event{created, filepath.Join(f.Name, name), 0, nil})
	return recorded{file, f.Disk, filepath.Join(f.Name, name)}, nil
}

// Open implements segment.Files.
func (f Files) Open(name string) (segment.File, error) {
	file, err := f.Folder.Open(name)
	if err != nil {
		return nil, err
	}
	return recorded{file, f.Disk, filepath.Join(f.Name, name)}, nil
}

// Remove implements segment.Files.
func (f Files) Remove(name string) error {
	err := f.Folder.Remove(name)
	if err == nil {
		f.Disk.add(event{removed, filepath.Join(f.Name, name), 0, nil})
	}
	return err
}

// Sync implements segment.Files.
func (f Files) Sync() error {
	from := f.Disk.Now()
	err := f.Folder.Sync()
	if err == nil {
		f.Disk.add(event{namesSynced, "", int64(from), nil})
	}
	return err
}

type recorded struct {
	segment.File
	disk *Disk
	name string
}

// WriteAt implements segment.File.
func (f recorded) WriteAt(p []byte, offset int64) (int, error) {
	f.disk.Wrote(f.name, offset, p)
	return f.File.WriteAt(p, offset)
}

// Truncate implements segment.File.
func (f recorded) Truncate(size int64) error {
	f.disk.Truncated(f.name, size)
	return f.File.Truncate(size)
}

// Sync implements segment.File.
func (f recorded) Sync() error { return f.disk.Sync(f.name, f.File.Sync) }
