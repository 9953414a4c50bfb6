package rdio

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds on what a form may hold apart from its audio. Real forms have at most 20 fields and a few kB.
const (
	MaxFieldBytes = 256 << 10 // one field; a long call's lists of units and frequencies fit many times over
	MaxFormBytes  = 1 << 20   // all fields together
	MaxParts      = 64
	MaxPartHeader = 32 << 10 // what comes before a part's content; the standard library would take 10 MB
)

// MaxID is the largest system, talkgroup, unit or site number that is taken: ten digits, as sdrtrunk-rdio-api has it.
const MaxID = 9_999_999_999

// Form is an upload's fields as they came, before they are understood.
type Form struct {
	Key    string
	IsTest bool // the connection test's "test" field is present

	AudioName  string // from "audioName", else the audio part's file name
	AudioType  string // from "audioType", else the audio part's Content-Type
	AudioBytes int64  // as counted while it streamed past; meaningful if HasAudio
	HasAudio   bool

	fields     map[string]string
	unreadable []string     // fields that the call can do without, and whose values are no text or contradict each other
	value      bytes.Buffer // of the field being read
}

// AudioSink takes the audio part as it arrives. It is called at most once in ReadForm, with the fields that came before the
// audio; it reads r to its end or fails, and keeps nothing of r after it returns.
type AudioSink func(before *Form, r io.Reader) (n int64, err error)

// ErrMalformed is wrapped by the errors that ReadForm returns when the body is not a well-formed form; the text names what is
// wrong with it and is fit to send to the client.
var ErrMalformed = errors.New("malformed form")

// ErrTooLarge is wrapped by the errors that ReadForm returns when the fields exceed MaxFieldBytes, MaxFormBytes or MaxParts, or a part
// header MaxPartHeader.
var ErrTooLarge = errors.New("form too large")

// ErrNotForm says that a request's Content-Type is not that of a multipart form, or lacks a usable boundary.
var ErrNotForm = errors.New("not a multipart content")

// Boundary finds the boundary in the Content-Type of a call upload.
func Boundary(contentType string) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return "", ErrNotForm
	}
	return params["boundary"], nil
}

// ReadForm reads a call-upload form to its end and hands its audio to sink. Errors in the form wrap ErrMalformed or
// ErrTooLarge; those of sink and of reading the body come back wrapped as they are.
func ReadForm(body io.Reader, boundary string, sink AudioSink) (*Form, error) {
	whole := &wholeReader{r: body}
	mr := multipart.NewReader(whole, boundary)
	f := &Form{fields: make(map[string]string)}
	left := int64(MaxFormBytes)
	for range MaxParts {
		whole.header = MaxPartHeader
		part, err := mr.NextRawPart()
		whole.header = unlimited
		if err == io.EOF {
			f.value = bytes.Buffer{} // it has served
			return f, nil
		}
		if err != nil {
			return nil, formError(err)
		}
		if part.FormName() == "audio" {
			err = f.readAudio(part, sink)
		} else {
			err = f.readField(part, &left)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: more than %d parts", ErrTooLarge, MaxParts)
}

// readAudio streams the audio part to sink.
func (f *Form) readAudio(part *multipart.Part, sink AudioSink) error {
	if f.HasAudio {
		return fmt.Errorf("%w: audio is given twice", ErrMalformed)
	}
	f.HasAudio = true
	f.defaultAudioName(part.FileName())
	if f.AudioType == "" {
		f.AudioType = plainType(part.Header.Get("Content-Type"))
	}
	body := &partReader{part: part}
	n, err := sink(f, body)
	f.AudioBytes = n
	if body.err != nil { // the body broke; what sink made of that is secondary
		return formError(body.err)
	}
	if err != nil {
		return fmt.Errorf("audio: %w", err)
	}
	return nil
}

// defaultAudioName takes the audio part's file name unless an audioName field came first.
func (f *Form) defaultAudioName(name string) {
	if f.AudioName == "" {
		f.AudioName = baseName(name)
	}
}

// readField reads one small field and files it under its name.
func (f *Form) readField(part *multipart.Part, left *int64) error {
	name := part.FormName()
	limit := min(*left, MaxFieldBytes)
	f.value.Reset()
	n, err := f.value.ReadFrom(io.LimitReader(part, limit+1))
	if err != nil {
		return formError(err)
	}
	if n > limit {
		return fmt.Errorf("%w: field %.40q", ErrTooLarge, name)
	}
	*left -= n
	return f.set(name, strings.TrimRight(f.value.String(), "\r\n"))
}

// set files a field under its canonical name. A value that is no text, or a field that comes again with another value, cannot be
// read, since which one is meant would be a guess: that is an error if the call needs the field, else the field is dropped.
func (f *Form) set(name, value string) error {
	name = canonical(name)
	before, again := f.fields[name]
	problem := ""
	switch {
	case slices.Contains(f.unreadable, name):
		return nil
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		problem = "not text"
	case again && before != value:
		problem = "given twice"
	}
	switch {
	case problem != "" && isRequired(name):
		return fmt.Errorf("%w: field %.40q is %s", ErrMalformed, name, problem)
	case problem != "":
		f.unreadable = append(f.unreadable, name)
		delete(f.fields, name)
		return nil
	}
	switch name {
	case "key":
		f.Key = value
	case "test":
		f.IsTest = true
	case "audioName":
		f.AudioName = cmp.Or(baseName(value), f.AudioName)
	case "audioType":
		f.AudioType = cmp.Or(plainType(value), f.AudioType)
	}
	f.fields[name] = value
	return nil
}

// isRequired tells the fields that a call needs, or that it is let in by.
func isRequired(name string) bool {
	switch name {
	case "key", "system", "talkgroup", "dateTime", "timestamp":
		return true
	default:
		return false
	}
}

// isOptional tells the other fields that a call is made of. What else comes in a form is ignored.
func isOptional(name string) bool {
	switch name {
	case "audioName", "audioType", "frequency", "frequencies", "patches", "site", "source", "sources", "units", "systemLabel",
		"talkgroupLabel", "talkgroupName", "talkgroupTag", "talkgroupGroup", "talkgroupGroups", "talkerAlias":
		return true
	default:
		return false
	}
}

// canonical maps the aliases that servers accept to one name each.
func canonical(name string) string {
	switch name {
	case "audioFilename", "audioFileName": // the latter is what rdio-scanner's own API page says
		return "audioName"
	case "audioMime":
		return "audioType"
	case "patched_talkgroups":
		return "patches"
	case "systemId":
		return "system"
	case "talkgroupId":
		return "talkgroup"
	case "unit":
		return "source"
	default:
		return name
	}
}

// baseName drops any folder from a client's file name, written with either kind of slash, and control characters.
func baseName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, name)
	if name == "." || name == ".." {
		return ""
	}
	return name
}

// plainType is a media type without parameters; the ones that say nothing are dropped.
func plainType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil || t == "application/octet-stream" {
		return ""
	}
	return t
}

// wholeReader turns the end of the body into an unexpected one, after a last line break. The closing boundary is then still
// found, line break or not; but a form cut off in a part's header, which the standard library takes for whole, is not.
type wholeReader struct {
	r      io.Reader
	tail   []byte // what is left of the last line break once the body has ended; nil before
	header int    // how much may still come before a part's content
}

const unlimited = math.MaxInt

// errPartHeader says that more comes before a part's content than may.
var errPartHeader = fmt.Errorf("%w: a part's header", ErrTooLarge)

func (w *wholeReader) Read(p []byte) (int, error) {
	if w.tail == nil {
		n, err := w.r.Read(p)
		if w.header -= n; w.header < 0 {
			return 0, errPartHeader
		}
		if err != io.EOF {
			return n, err
		}
		w.tail = []byte("\r\n")
		if n > 0 {
			return n, nil
		}
	}
	n := copy(p, w.tail)
	w.tail = w.tail[n:]
	if len(w.tail) == 0 {
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}

// partReader remembers why reading the part failed, so that a broken body is told from a sink that failed.
type partReader struct {
	part io.Reader
	err  error
}

func (r *partReader) Read(p []byte) (int, error) {
	n, err := r.part.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// formError tells the errors that the client's form is to blame for from those of reading the body. The standard library has
// no types for the former, and its texts may quote the body, key and all: none of them goes on.
func formError(err error) error {
	var tooBig *http.MaxBytesError
	var net interface{ Timeout() bool }
	switch {
	case errors.Is(err, errPartHeader):
		return errPartHeader
	case errors.As(err, &tooBig), errors.As(err, &net), errors.Is(err, context.Canceled):
		return fmt.Errorf("reading the form: %w", err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends before its closing boundary", ErrMalformed)
	default:
		return fmt.Errorf("%w: a part's header or boundary is not as it should be", ErrMalformed)
	}
}
