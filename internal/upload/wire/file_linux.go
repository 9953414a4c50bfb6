package wire

import (
	"os"
	"sync"
	"sync/atomic"
)

const (
	// minFile is the least size of audio that is sent from a file. The kernel then does not copy it but passes it on in
	// parts of 64 kB, each of which wakes a server on the same machine, while one sendmsg wakes it once or twice. Up to
	// 1 MB, that costs more than a copy; from 4 MB on it makes no difference there, and over a network it saves the
	// copy.
	minFile = 4 << 20

	// maxFiles is the largest number of files. All clips of one source share their audio, and there are few sources.
	maxFiles = 16
)

// audioFile is a file that begins with some audio.
type audioFile struct {
	*os.File
	fd   int
	size atomic.Int64
}

// audioFiles keeps files with the audio of clips. The clips of a source are prefixes of the same bytes, which never
// change, so they share a file. Without a file, audio is sent from memory.
//
// The files are on a disk and not in memory, as the kernel keeps what it reads from a disk in larger pieces.
type audioFiles struct {
	byStart sync.Map    // *byte, the first byte of the audio, which keeps it in memory -> *audioFile
	full    atomic.Bool // no more files are made
	mu      sync.Mutex
	opened  []*audioFile
}

// find returns a file that begins with audio, or nil.
func (a *audioFiles) find(audio []byte) *audioFile {
	known, ok := a.byStart.Load(&audio[0])
	if ok {
		if f := known.(*audioFile); f.size.Load() >= int64(len(audio)) {
			return f
		}
	}
	if !ok && a.full.Load() {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f, err := a.add(audio)
	if err != nil {
		a.full.Store(true)
		a.byStart.Delete(&audio[0])
		return nil
	}
	return f
}

// add makes a file that begins with audio, or extends the file that has less of it.
func (a *audioFiles) add(audio []byte) (*audioFile, error) {
	var f *audioFile
	if known, ok := a.byStart.Load(&audio[0]); ok {
		f = known.(*audioFile)
	} else {
		file, err := os.CreateTemp("", "rdiostress-audio-*")
		if err != nil {
			return nil, err
		}
		os.Remove(file.Name()) // the file exists until it is closed
		f = &audioFile{File: file, fd: int(file.Fd())}
		a.opened = append(a.opened, f)
		a.full.Store(len(a.opened) == maxFiles)
		a.byStart.Store(&audio[0], f)
	}
	for size := f.size.Load(); size < int64(len(audio)); size = f.size.Load() {
		n, err := f.WriteAt(audio[size:], size)
		if err != nil {
			return nil, err
		}
		f.size.Store(size + int64(n))
	}
	return f, nil
}

func (a *audioFiles) close() {
	a.byStart.Clear()
	for _, f := range a.opened {
		f.Close()
	}
}
