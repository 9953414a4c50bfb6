package folder

import (
	"hash/maphash"
	"slices"
)

// AudioNamer is a [Format] of a program that gives the compressed audio of a call a shorter name than its other files.
type AudioNamer interface {
	// AudioStem returns the stem that the compressed audio of a recording may have; empty if no other than the
	// recording's own.
	AudioStem(stem string) string
}

// audioStem returns the other stem that the audio of a recording may have; empty if there is none.
func (f *Folder) audioStem(stem string) string {
	for _, format := range f.formats {
		if n, ok := format.(AudioNamer); ok {
			if other := n.AudioStem(stem); other != "" {
				return other
			}
		}
	}
	return ""
}

// joinAudio gives the recordings of the folder in hand the audio that has another stem, if it is preferred to what they
// have. Audio that could be of several recordings remains one of its own.
func (w *walker) joinAudio() {
	found := w.files[w.first:]
	of := make(map[int][]int) // recordings by their audio
	for i := range found {
		r := &found[i]
		if compressed := rank(extension(r.ext)) == 0; !compressed && extension(r.sidecar) != "" {
			if audio, ok := w.lookUp(w.audioStem(string(w.stem(r)))); ok {
				of[audio] = append(of[audio], i)
			}
		}
	}
	for at, recordings := range of {
		audio, r := &w.files[at], &found[recordings[0]]
		had, has := extension(r.ext), extension(audio.ext)
		if len(recordings) > 1 || extension(audio.sidecar) != "" || had != "" && rank(has) >= rank(had) {
			continue
		}
		r.ext, r.named, audio.ext = audio.ext, true, [maxExt]byte{}
	}
	if len(of) > 0 { // after which positions differ from those in stems
		kept := slices.DeleteFunc(found, func(e file) bool { return e.ext == e.sidecar })
		w.files = w.files[:w.first+len(kept)]
	}
}

// lookUp returns which recording of the folder in hand has a stem.
func (w *walker) lookUp(stem string) (at int, ok bool) {
	for h := maphash.String(w.seed, stem); stem != ""; h++ {
		i, ok := w.stems[h]
		if !ok || string(w.stem(&w.files[i])) == stem {
			return int(i), ok
		}
	}
	return 0, false
}
