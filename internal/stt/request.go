package stt

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"rdiostress/internal/audio"
)

const (
	// maxAudio limits the audio of a request, in bytes, as OpenAI does.
	maxAudio = 25 << 20

	// maxField limits any other field of a form, and maxFields their number.
	maxField  = 64 << 10
	maxFields = 100
)

// recording is what a request asks for.
type recording struct {
	sum      [sha256.Size]byte
	bytes    int
	length   time.Duration // 0: unknown
	format   string
	language string
}

// formats are the forms in which a text can be asked for.
func formats() []string { return []string{"json", "text", "srt", "verbose_json", "vtt"} }

// extensions are what names of audio files end with that OpenAI takes.
func extensions() []string {
	return []string{"flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"}
}

// readRequest reads a request's form. An error that is no *problem means that the client is gone.
func readRequest(w http.ResponseWriter, r *http.Request) (*recording, error) {
	c := http.NewResponseController(w)
	// The deadline must not stay: when it is over, the client is taken to be gone.
	if err := c.SetReadDeadline(time.Now().Add(readTimeout)); err == nil {
		defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, wrong("", "the request is no form: send multipart/form-data")
	}
	name, file, fields, err := readForm(parts)
	var p *problem
	switch {
	case errors.As(err, &p):
		return nil, p
	case err != nil && r.Context().Err() != nil:
		return nil, err
	case err != nil:
		return nil, wrong("", "the form is malformed: %v", err)
	}
	return check(name, file, fields)
}

// readForm returns the file of a form and its other fields. A name is not empty.
func readForm(parts *multipart.Reader) (name string, file []byte, fields map[string]string, err error) {
	fields = make(map[string]string)
	for {
		part, err := parts.NextRawPart()
		switch {
		case errors.Is(err, io.EOF):
			return name, file, fields, nil
		case err != nil:
			return "", nil, nil, err
		case part.FormName() != "file":
			if len(fields) == maxFields {
				return "", nil, nil, wrong("", "the form has more than %d fields", maxFields)
			}
			value, err := readPart(part, maxField, wrong(part.FormName(), "the field is too long"))
			if err != nil {
				return "", nil, nil, err
			}
			fields[part.FormName()] = string(value)
		case name != "":
			return "", nil, nil, wrong("file", "the form has two files")
		case part.FileName() == "":
			return "", nil, nil, wrong("file", "the file has no name")
		default:
			name = part.FileName()
			if file, err = readPart(part, maxAudio, tooLarge()); err != nil {
				return "", nil, nil, err
			}
		}
	}
}

// readPart reads a part of a form that may have so many bytes.
func readPart(part io.Reader, most int64, tooLong error) ([]byte, error) {
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(part, most+1))
	if err == nil && n > most {
		err = tooLong
	}
	return b.Bytes(), err
}

// check checks a form as OpenAI does, and the audio by its frame.
func check(name string, file []byte, fields map[string]string) (*recording, error) {
	r := &recording{sum: sha256.Sum256(file), bytes: len(file), format: fields["response_format"]}
	r.language = fields["language"]
	if r.format == "" {
		r.format = "json"
	}
	dot := strings.LastIndexByte(name, '.')
	switch {
	case name == "":
		return nil, wrong("file", "the form has no file")
	case !slices.Contains(extensions(), strings.ToLower(name[dot+1:])):
		return nil, wrong("file", "the name %.100q ends with none of %s", name, strings.Join(extensions(), ", "))
	case fields["model"] == "":
		return nil, wrong("model", "the form names no model")
	case !slices.Contains(formats(), r.format):
		return nil, wrong("response_format", "the format %.100q is none of %s", r.format, strings.Join(formats(), ", "))
	case fields["stream"] == "true":
		return nil, wrong("stream", "texts are not streamed")
	}
	sound, err := measure(name, file)
	if err != nil {
		return nil, wrong("file", "the file is no audio: %v", err)
	}
	r.length = sound
	return r, nil
}

// measure returns how long a file plays, as its first bytes have it or else as its name has it; 0: that is not known of
// the format.
func measure(name string, file []byte) (time.Duration, error) {
	for _, magic := range []string{"fLaC", "OggS", "\x1a\x45\xdf\xa3"} {
		if bytes.HasPrefix(file, []byte(magic)) {
			return 0, nil
		}
	}
	sound, err := audio.Measure("", file)
	if errors.Is(err, audio.ErrFormat) {
		sound, err = audio.Measure(name, file)
	}
	if errors.Is(err, audio.ErrFormat) {
		return 0, fmt.Errorf("its %d bytes are in no known format", len(file))
	}
	return sound.Length, err
}
