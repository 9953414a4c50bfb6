package stt

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"time"

	"rdiostress/internal/units"
)

// Text returns the text of audio with a checksum that plays for some time; 0: it is not known how long.
func Text(sum [sha256.Size]byte, length time.Duration) string {
	text := fmt.Sprintf("Audio %x", sum[:8])
	if length > 0 {
		text += " of " + units.Trim(units.Seconds(length.Seconds()))
	}
	return text + "."
}

// write writes the text in the format that was asked for.
func (r *recording) write(w http.ResponseWriter) error {
	text := Text(r.sum, r.length)
	switch r.format {
	case "json":
		return writeJSON(w, http.StatusOK, map[string]string{"text": text})
	case "verbose_json":
		return writeJSON(w, http.StatusOK, r.verbose(text))
	case "srt":
		return writeText(w, "application/x-subrip",
			fmt.Sprintf("1\n%s --> %s\n%s\n\n", timestamp(0, ','), timestamp(r.length, ','), text))
	case "vtt":
		return writeText(w, "text/vtt",
			fmt.Sprintf("WEBVTT\n\n%s --> %s\n%s\n\n", timestamp(0, '.'), timestamp(r.length, '.'), text))
	default:
		return writeText(w, "text/plain", text+"\n")
	}
}

// verbose returns a text with its language, duration and segments: there is one.
func (r *recording) verbose(text string) map[string]any {
	language := r.language
	if language == "" {
		language = "english"
	}
	return map[string]any{
		"task": "transcribe", "language": language, "duration": r.length.Seconds(), "text": text,
		"segments": []map[string]any{{
			"id": 0, "seek": 0, "start": 0, "end": r.length.Seconds(), "text": text, "tokens": []int{},
			"temperature": 0, "avg_logprob": 0, "compression_ratio": 1, "no_speech_prob": 0,
		}},
	}
}

func writeText(w http.ResponseWriter, mediaType, text string) error {
	w.Header().Set("Content-Type", mediaType+"; charset=utf-8")
	_, err := io.WriteString(w, text)
	return err
}

// timestamp formats a time of a subtitle.
func timestamp(d time.Duration, point rune) string {
	ms := d.Milliseconds()
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, point, ms%1000)
}
