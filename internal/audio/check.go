package audio

import (
	"errors"
	"path/filepath"
	"strings"
)

// Check looks whether a file is a recording that can be played, as far as its frame shows: not at the sound itself. The
// name's extension says what it is to be; of one that is not known here, nothing is said. It neither changes nor keeps
// the file.
func Check(name string, file []byte) error {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp3":
		_, err := readMP3(file)
		return err
	case ".wav":
		_, _, err := parseWAV(file)
		return err
	case ".m4a", ".mp4":
		return checkM4A(file)
	default:
		return nil
	}
}

// checkM4A looks for the sound of a file, and for what describes it.
func checkM4A(file []byte) error {
	found := make(map[string]bool)
	err := eachBox(file, func(path string, start, _ int) {
		found[path] = found[path] || path != "ftyp" || start == 0
	})
	switch {
	case err != nil:
		return err
	case !found["ftyp"] || !found["mdat"] || !found["moov"]:
		return errors.New("not an M4A file")
	default:
		return nil
	}
}
