package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"

	"rdiostress/internal/server/transcribe"
)

// guessedRate is how many bytes a second a recording of unknown duration is taken to have: 32 kbit/s.
const guessedRate = 4000

// duration returns how long the audio plays, or what its size suggests.
func duration(a transcribe.Audio) time.Duration {
	if a.Duration > 0 {
		return a.Duration
	}
	return time.Duration(float64(a.Size) / guessedRate * float64(time.Second))
}

// checkSize returns an error if n bytes of the audio were read where it has another size.
func checkSize(a transcribe.Audio, n int64, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("cannot read the audio: %w", err)
	case n != a.Size:
		return fmt.Errorf("the audio has %d bytes, not %d", n, a.Size)
	default:
		return nil
	}
}

// copyTo copies the audio into a new file.
func copyTo(ctx context.Context, path string, a transcribe.Audio) error {
	from, err := a.Open(ctx)
	if err != nil {
		return fmt.Errorf("cannot open the audio: %w", err)
	}
	defer from.Close()
	const owner = 0o600
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, owner)
	if err != nil {
		return fmt.Errorf("cannot make a file for the audio: %w", err)
	}
	n, err := io.Copy(to, from)
	return errors.Join(checkSize(a, n, err), to.Close())
}

// extension is what the name of an audio file may end with. Some programs know the format by it.
var extension = regexp.MustCompile(`^\.[A-Za-z0-9]{1,8}$`)

// fileName returns a name for the audio in which nothing but the extension is from outside.
func fileName(a transcribe.Audio) string {
	ext := filepath.Ext(a.Name)
	if !extension.MatchString(ext) {
		ext = extensionOf(a.Type)
	}
	return fmt.Sprintf("call-%d%s", a.CallID, strings.ToLower(ext))
}

// extensionOf returns the extension of files of a media type; empty if the type is not known.
func extensionOf(mediaType string) string {
	base, _, _ := strings.Cut(mediaType, ";")
	switch strings.ToLower(strings.TrimSpace(base)) {
	case "audio/mpeg", "audio/mp3":
		return ".mp3"
	case "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac":
		return ".m4a"
	case "audio/wav", "audio/wave", "audio/x-wav", "audio/vnd.wave":
		return ".wav"
	case "audio/ogg", "audio/opus":
		return ".ogg"
	case "audio/flac", "audio/x-flac":
		return ".flac"
	case "audio/webm":
		return ".webm"
	default:
		return ""
	}
}

// cleanText returns a transcript without what cannot be stored or shown: it is from outside. Lines stay
// lines; what is stored has blanks between them.
func cleanText(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD")
	text = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}
