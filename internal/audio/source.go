package audio

import (
	"fmt"
	"path"

	clips "rdiostress/testdata/audio"
)

// Source makes clips of one kind. It is safe for concurrent use.
type Source interface {
	Clip(w Want) Clip
}

// Kind is a format that clients upload.
type Kind uint8

// The kinds.
const (
	MP3At16k  Kind = iota // MP3, 16 kb/s, 16 kHz: SDRTrunk
	MP3At32k              // MP3, 32 kb/s, 22,050 Hz: voxcall
	M4AAt8k               // AAC, nominal 8 kb/s, 8 kHz: trunk-recorder 5.0
	M4AAt32k              // AAC, 32 kb/s, 16 kHz: trunk-recorder 5.2, rdio-scanner
	WAVAt8kHz             // 16-bit samples, 8 kHz: trunk-recorder as it records
)

// recording is the embedded speech of a kind.
func (k Kind) recording() string {
	switch k {
	case MP3At32k:
		return "police-vox-5s.mp3"
	case M4AAt8k:
		return "public-works-6s.m4a"
	case M4AAt32k:
		return "ems-10s.m4a"
	case WAVAt8kHz:
		return "police-reply-3s.wav"
	default:
		return "fire-dispatch-30s.mp3"
	}
}

// Ext is what names of files of the kind end with.
func (k Kind) Ext() string { return path.Ext(k.recording()) }

// New lays out the embedded speech of a kind, ready to be cut into clips of a minute, and of so many bytes if that is
// more.
func New(k Kind, bytes int) (Source, error) {
	file, err := clips.FS.ReadFile(k.recording())
	if err != nil {
		return nil, err
	}
	var s Source
	switch k {
	case M4AAt8k, M4AAt32k:
		s, err = newM4A(file, bytes)
	case WAVAt8kHz:
		s, err = newWAV(file, bytes)
	default:
		s, err = newMP3(file, bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.recording(), err)
	}
	return s, nil
}
