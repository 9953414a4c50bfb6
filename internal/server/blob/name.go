package blob

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"rdiostress/internal/rdio"
)

const spoolSuffix = ".spool"

var (
	spoolName = regexp.MustCompile(`^[A-Z2-7]{26}\.spool$`)
	audioName = regexp.MustCompile(`^\d{6}_-?\d+_-?\d+_[A-Za-z0-9]+\.[a-z0-9]+$`)
	dayName   = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2}|` + undated + `)$`)
)

// IsSpoolFile reports whether name is one that a server gives to spooled audio. Other programs hardly use such names.
func IsSpoolFile(name string) bool { return spoolName.MatchString(name) }

func isAudioFile(name string) bool { return audioName.MatchString(name) }

// Name returns the name of a call's audio: its day, a slash, and the file name, from the path of its spool file.
func Name(spooled string, c *rdio.Call) string {
	return path.Join(dayOf(c.Time), fileName(c, filepath.Base(spooled)))
}

// IsDay reports whether name is that of a day, the first part of the names that [Name] returns.
func IsDay(name string) bool { return dayName.MatchString(name) }

// IsName reports whether name is one that [Name] returns.
func IsName(name string) bool {
	day, file, ok := strings.Cut(name, "/")
	return ok && IsDay(day) && isAudioFile(file)
}

// undated is the folder of calls whose year does not have four digits.
const undated = "undated"

// dayOf returns the name of a day's folder.
func dayOf(t time.Time) string {
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return undated
	}
	return t.Format(time.DateOnly)
}

// fileName returns the name of a call's audio file, derived from its spool name.
func fileName(c *rdio.Call, spooled string) string {
	return fmt.Sprintf("%s_%d_%d_%s%s", c.Time.UTC().Format("150405"), c.System, c.Talkgroup, unique(spooled),
		Extension(c))
}

// unknown is the extension of audio of an unknown type.
const unknown = ".audio"

// Extension returns the file name extension for a call's audio: by its type if the client gave a known one, otherwise
// by the file name that the client gave.
func Extension(c *rdio.Call) string {
	kind, _, _ := strings.Cut(strings.ToLower(c.AudioType), ";")
	switch strings.TrimSpace(kind) {
	case "audio/mpeg", "audio/mp3", "audio/mpeg3", "audio/x-mp3", "audio/x-mpeg", "audio/x-mpeg-3":
		return ".mp3"
	case "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/mp4a-latm":
		return ".m4a"
	case "audio/aac", "audio/aacp", "audio/x-aac":
		return ".aac"
	case "audio/wav", "audio/wave", "audio/x-wav", "audio/vnd.wave", "audio/x-pn-wav":
		return ".wav"
	case "audio/ogg":
		return ".ogg"
	case "audio/opus":
		return ".opus"
	case "audio/flac", "audio/x-flac":
		return ".flac"
	case "audio/webm":
		return ".webm"
	}
	switch ext := strings.ToLower(path.Ext(c.AudioName)); ext {
	case ".mp3", ".m4a", ".aac", ".wav", ".ogg", ".opus", ".flac", ".webm":
		return ext
	case ".mp4":
		return ".m4a"
	default:
		return unknown
	}
}
