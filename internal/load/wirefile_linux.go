package load

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	// minFile is the size of audio from which on it is sent from a file: the kernel then does not copy it, but takes three
	// system calls instead of one.
	minFile = 64 << 10

	// maxFiles bounds the files. All clips of one source share their audio, and there are few sources.
	maxFiles = 16
)

// audioFile is a file in memory that begins with some audio.
type audioFile struct {
	fd   int
	size atomic.Int64
}

// audioFiles has files with the audio of clips. Clips of the same source are beginnings of the same bytes, which never change,
// so they share a file. Where there can be none, audio is sent from memory.
type audioFiles struct {
	byStart sync.Map // *byte, the first of the audio, which stays in memory with it -> *audioFile
	mu      sync.Mutex
	count   int
}

// find returns the file that begins with audio, or nil.
func (a *audioFiles) find(audio []byte) *audioFile {
	if f, ok := a.byStart.Load(&audio[0]); ok {
		if f := f.(*audioFile); f.size.Load() >= int64(len(audio)) {
			return f
		}
	}
	return a.add(audio)
}

// add makes a file that begins with audio, or extends the one that has a part of it.
func (a *audioFiles) add(audio []byte) *audioFile {
	a.mu.Lock()
	defer a.mu.Unlock()
	var file *audioFile
	if f, ok := a.byStart.Load(&audio[0]); ok {
		file = f.(*audioFile)
	} else {
		if a.count == maxFiles {
			return nil
		}
		fd, err := unix.MemfdCreate("audio", unix.MFD_CLOEXEC)
		if err != nil {
			return nil
		}
		a.count++
		file = &audioFile{fd: fd}
		a.byStart.Store(&audio[0], file)
	}
	for size := file.size.Load(); size < int64(len(audio)); {
		n, err := unix.Pwrite(file.fd, audio[size:], size)
		if err != nil {
			return nil
		}
		size += int64(n)
		file.size.Store(size)
	}
	return file
}

func (a *audioFiles) close() {
	a.byStart.Range(func(_, f any) bool {
		unix.Close(f.(*audioFile).fd)
		return true
	})
	a.byStart.Clear()
}
