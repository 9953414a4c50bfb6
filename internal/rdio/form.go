package rdio

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
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

	usualFields = 24 // what a form has room for at first
)

// The bounds on what a call keeps of its form. Lists of calls show labels, and any number of clients may ask for them.
const (
	maxLabelBytes = 1 << 10 // a label, name, tag or group; the longest real ones are a line
	maxListItems  = 1000    // units, frequencies, patches or groups
)

// octets is the media type that says nothing.
const octets = "application/octet-stream"

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

	fields     values
	unreadable []string // fields that the call can do without, and whose values are no text or contradict each other
	cut        []string // as Cut has it
	value      []byte   // of the field being read
}

// AudioSink takes the audio part as it arrives. It is called at most once in ReadForm, with the fields that came before
// the audio; it reads r to its end or fails, and keeps nothing of r after it returns.
type AudioSink func(before *Form, r io.Reader) (n int64, err error)

// ErrMalformed is wrapped by the errors that ReadForm returns when the body is not a well-formed form; the text names
// what is wrong with it and is fit to send to the client.
var ErrMalformed = errors.New("malformed form")

// ErrTooLarge is wrapped by the errors that ReadForm returns when the fields exceed MaxFieldBytes, MaxFormBytes or
// MaxParts, or a part header MaxPartHeader.
var ErrTooLarge = errors.New("form too large")

// ErrEncoded is wrapped by the errors that ReadForm returns when a part is sent in an encoding other than
// quoted-printable, such as base64, which no client of the protocol does: its content would be taken for audio.
var ErrEncoded = errors.New("unsupported encoding")

// ErrNotForm says that a request's Content-Type is not that of a multipart form, or lacks a usable boundary.
var ErrNotForm = errors.New("not a multipart content")

// Boundary finds the boundary in the Content-Type of a call upload: of the types that [http.Request.MultipartReader]
// takes.
func Boundary(contentType string) (string, error) {
	if b, ok := strings.CutPrefix(contentType, "multipart/form-data; boundary="); ok && isWord([]byte(b)) {
		return b, nil
	}
	kind, params, err := mime.ParseMediaType(contentType)
	isForm := kind == "multipart/form-data" || kind == "multipart/mixed"
	if err != nil || !isForm || params["boundary"] == "" {
		return "", ErrNotForm
	}
	return params["boundary"], nil
}

// ReadForm reads a call-upload form to its end and hands its audio to sink. Errors in the form wrap ErrMalformed or
// ErrTooLarge; those of sink and of reading the body come back wrapped as they are. A body that is a *bufio.Reader is
// read through its own buffer.
func ReadForm(body io.Reader, boundary string, sink AudioSink) (*Form, error) {
	p := newParts(body, boundary)
	f := &Form{fields: make(values, 0, usualFields), value: make([]byte, 0, 512)}
	left := int64(MaxFormBytes)
	for n := 0; ; n++ {
		head, err := p.next()
		switch {
		case err == io.EOF:
			f.value = nil // it has served
			return f, nil
		case err != nil:
			return nil, formError(err)
		case n == MaxParts:
			return nil, fmt.Errorf("%w: more than %d parts", ErrTooLarge, MaxParts)
		case !isKnownCoding(head.coding):
			return nil, fmt.Errorf("%w: part %.40q is sent as %.40q", ErrEncoded, head.name, head.coding)
		case head.name == "audio":
			err = f.readAudio(p, head, sink)
		default:
			err = f.readField(p.content(head), head.name, &left)
		}
		if err != nil {
			return nil, err
		}
	}
}

// isKnownCoding reports whether a Content-Transfer-Encoding can be read: it changes nothing, or is the one that
// mime/multipart decodes. mime/multipart takes a part in any other for its content, such as base64 for audio.
func isKnownCoding(coding string) bool {
	switch strings.ToLower(coding) {
	case "", "binary", "7bit", "8bit", quotedPrintable:
		return true
	default:
		return false
	}
}

// readAudio streams the audio part to sink.
func (f *Form) readAudio(p *parts, head partHead, sink AudioSink) error {
	if f.HasAudio {
		return fmt.Errorf("%w: audio is given twice", ErrMalformed)
	}
	f.HasAudio = true
	f.defaultAudioName(head.file)
	if f.AudioType == "" {
		f.AudioType = plainType(head.kind)
	}
	n, err := sink(f, p.content(head))
	f.AudioBytes = n
	if p.end != nil && p.end != io.EOF { // the body broke; what sink made of that is secondary
		return formError(p.end)
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
func (f *Form) readField(p io.Reader, name string, left *int64) error {
	limit := min(*left, MaxFieldBytes)
	f.value = f.value[:0]
	for {
		if len(f.value) == cap(f.value) {
			f.value = slices.Grow(f.value, len(f.value))
		}
		n, err := p.Read(f.value[len(f.value):cap(f.value)])
		f.value = f.value[:len(f.value)+n]
		if int64(len(f.value)) > limit {
			return fmt.Errorf("%w: field %.40q", ErrTooLarge, name)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return formError(err)
		}
	}
	*left -= int64(len(f.value))
	return f.set(name, string(bytes.TrimRight(f.value, "\r\n")))
}

// set files a field under its canonical name. A value that is no text, or a field that comes again with another value,
// cannot be read, since which one is meant would be a guess: that is an error if the call needs the field, else the
// field is dropped.
func (f *Form) set(name, value string) error {
	name = canonical(name)
	known := f.fields.index(name)
	problem := ""
	switch {
	case slices.Contains(f.unreadable, name):
		return nil
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		problem = "not text"
	case known >= 0 && f.fields[known].value != value:
		problem = "given twice"
	}
	switch {
	case problem != "" && isRequired(name):
		return fmt.Errorf("%w: field %.40q is %s", ErrMalformed, name, problem)
	case problem != "":
		f.unreadable = append(f.unreadable, name)
		f.fields.remove(name)
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
	f.fields.set(name, value)
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
	case "audioName",
		"audioType",
		"frequency",
		"frequencies",
		"patches",
		"site",
		"source",
		"sources",
		"units",
		"systemLabel",
		"talkgroupLabel",
		"talkgroupName",
		"talkgroupTag",
		"talkgroupGroup",
		"talkgroupGroups",
		"talkerAlias":
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
	if s == "" || isUsualType(s) && s != octets {
		return s
	}
	t, _, err := mime.ParseMediaType(s)
	if err != nil || t == octets {
		return ""
	}
	return t
}

// errPartHeader says that more comes before a part's content than may.
var errPartHeader = fmt.Errorf("%w: a part's header", ErrTooLarge)

// formError tells the errors that the client's form is to blame for from those of reading the body.
func formError(err error) error {
	var tooBig *http.MaxBytesError
	var net interface{ Timeout() bool }
	switch {
	case errors.Is(err, errPartHeader):
		return errPartHeader
	case errors.Is(err, errCoding):
		return err
	case errors.As(err, &tooBig), errors.As(err, &net), errors.Is(err, context.Canceled):
		return fmt.Errorf("reading the form: %w", err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends before its closing boundary", ErrMalformed)
	default:
		return fmt.Errorf("%w: a part's header or boundary is not as it should be", ErrMalformed)
	}
}
