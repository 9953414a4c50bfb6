package folder

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rdiostress/internal/rdio"
)

// Format is a program's way to keep recordings in files. It is safe for concurrent use.
type Format interface {
	// Program returns the program's name.
	Program() string

	// Recognize returns between which times a call can have begun, and reports whether the program made the recording.
	// It should not open files. Its error says why a recording of the program cannot be sent.
	Recognize(r *Recording) (When, bool, error)

	// Start returns when a call began. It is not called if Recognize has told it exactly.
	Start(r *Recording) (time.Time, error)

	// Read reads what is known of a call into c. The recording's audio has been read and can be played.
	Read(r *Recording, audio []byte, c *rdio.Call) error
}

// When is between which times a call can have begun, both included.
type When struct{ Earliest, Latest time.Time }

// Recording is the files of one stem in a folder.
type Recording struct {
	Folder  string
	Stem    string
	Ext     string // of the audio, as the file has it; "" if there is none
	Sidecar string // extension of the JSON sidecar, as the file has it; "" if there is none

	AudioStem string // stem of the audio if it is another; see AudioNamer
}

// AudioPath returns the path of the audio.
func (r *Recording) AudioPath() string {
	return filepath.Join(r.Folder, cmp.Or(r.AudioStem, r.Stem)+r.Ext)
}

// SidecarPath returns the path of the sidecar.
func (r *Recording) SidecarPath() string { return filepath.Join(r.Folder, r.Stem+r.Sidecar) }

// Size returns how many bytes of audio there are; 0 if that is not known.
func (r *Recording) Size() int64 {
	info, err := os.Stat(r.AudioPath())
	if err != nil {
		return 0
	}
	return info.Size()
}

// audioTypes are the media types of the extensions that audio has, in the order in which one is chosen if a recording
// has several: what is uploaded is the compressed file, if the recorder keeps both.
var audioTypes = [...]struct{ ext, media string }{
	{".m4a", "audio/mp4"},
	{".mp4", "audio/mp4"},
	{".mp3", "audio/mpeg"},
	{".aac", "audio/aac"},
	{".opus", "audio/ogg"},
	{".ogg", "audio/ogg"},
	{".wav", "audio/wav"},
}

// rank returns the place of an extension in the list of them; it is that of the list's end if a file is no audio.
func rank(ext string) int {
	for i, t := range audioTypes {
		if strings.EqualFold(ext, t.ext) {
			return i
		}
	}
	return len(audioTypes)
}

// AudioType returns the media type of files with an extension; it is empty if they are no audio that servers take.
func AudioType(ext string) string {
	if i := rank(ext); i < len(audioTypes) {
		return audioTypes[i].media
	}
	return ""
}
