package rdio

import (
	"strings"

	"rdiostress/internal/secret"
)

// Encoder lays calls out as a client does: its fields in its order under its boundary, the audio in its place. It is
// safe for concurrent use.
//
// It runs once per upload, where a millisecond holds fifty of them. So all that is the same in every form is made
// beforehand: what stands between two values, as one piece of bytes.
type Encoder struct {
	client   Client
	key      string
	redactor *secret.Redactor // of the key
	boundary string           // the random part is zeros
	random   int              // how many digits at the boundary's end are random, for each call
	parts    [][]byte
	end      []byte
}

// sdrtrunkBoundary is SDRTrunk's fixed boundary; with the two dashes of a delimiter, its lines begin with four.
const sdrtrunkBoundary = "--sdrtrunk-sdrtrunk-sdrtrunk"

// curlDashes is what boundaries of libcurl 7 begin with, before sixteen random digits.
const curlDashes = "------------------------"

// maxRandom is the most random digits that a boundary has.
const maxRandom = 60

// NewEncoder returns an encoder of uploads by a client that carry key.
func NewEncoder(c Client, key string) *Encoder {
	e := &Encoder{client: c, key: key, redactor: secret.NewRedactor(key)}
	fixed := ""
	switch c {
	case SDRTrunk:
		fixed = sdrtrunkBoundary
	case Voxcall:
		e.random = 32
	case RdioScanner:
		e.random = maxRandom
	default:
		fixed, e.random = curlDashes, 16
	}
	e.boundary = fixed + strings.Repeat("0", e.random)
	for _, name := range partNames(c) {
		e.parts = append(e.parts, []byte("\r\n--"+e.boundary+"\r\n"+disposition(c, name)))
	}
	e.end = []byte("\r\n--" + e.boundary + "--\r\n")
	return e
}

// disposition is the head of a form's part, for a file up to its name.
func disposition(c Client, name string) string {
	const begin = "Content-Disposition: form-data; "
	switch {
	case name == "audio" && c == SDRTrunk:
		return begin + `filename="`
	case name == "audio" || name == "meta":
		return begin + `name="` + name + `"; filename="`
	default:
		return begin + `name="` + name + "\"\r\n\r\n"
	}
}

// partNames are the parts of a client's form in their order.
func partNames(c Client) []string {
	switch c {
	case TrunkRecorder, TrunkRecorder52:
		return trunkRecorderParts()
	case TrunkRecorderMeta:
		return []string{"key", "audio", "meta", "system"}
	case Voxcall:
		return []string{"key", "dateTime", "system", "talkgroup", "audio"}
	case RdioScanner:
		return rdioScannerParts()
	case Curl:
		return curlParts()
	default:
		return sdrtrunkParts()
	}
}

// Client is whose uploads the encoder makes.
func (e *Encoder) Client() Client { return e.client }

// Hide takes the key out of a text, such as a reply that repeats it, and what a reply makes of the key by escapes. The
// text must not have been cut before.
func (e *Encoder) Hide(text string) string { return e.redactor.Hide(text) }

// BoundaryLen is the length of the boundary. Its value is that of each form, which begins with two dashes and it.
func (e *Encoder) BoundaryLen() int { return len(e.boundary) }

// Append appends the form of an upload to dst, except the audio's body, which goes where it is split: the form is
// form[:split], which ends with the audio's head, then the body, then form[split:]. It does not allocate once dst has
// room.
func (e *Encoder) Append(dst []byte, u *Upload) (form []byte, split int) {
	w := formWriter{
		buf:    dst,
		parts:  e.parts,
		at:     len("\r\n--") + len(e.boundary) - e.random,
		digits: e.random,
		first:  true,
	}
	randomHex(w.random[:w.digits], u.Random)
	switch e.client {
	case TrunkRecorder, TrunkRecorder52:
		w.trunkRecorder(e, u)
	case TrunkRecorderMeta:
		w.trunkRecorderMeta(e, u)
	case Voxcall:
		w.voxcall(e, u)
	case RdioScanner:
		w.rdioScanner(e, u)
	case Curl:
		w.curl(e, u)
	default:
		w.sdrtrunk(e, u)
	}
	w.piece(e.end)
	return w.buf, w.split
}

// AppendTest appends the form of SDRTrunk's connection test, stray line break and all.
func (e *Encoder) AppendTest(dst []byte, system int64) []byte {
	w := formWriter{buf: dst, at: len("\r\n"), first: true}
	for _, field := range []struct{ name, value string }{{"key", e.key}, {"system", ""}, {"test", "1\r\n"}} {
		w.piece([]byte("\r\n--" + sdrtrunkBoundary + "\r\n" + disposition(SDRTrunk, field.name)))
		if field.name == "system" {
			w.number(system)
		}
		w.text(field.value)
	}
	w.piece([]byte("\r\n--" + sdrtrunkBoundary + "--\r\n"))
	return w.buf
}

// sdrtrunkParts is the order of SDRTrunk's form.
func sdrtrunkParts() []string {
	return []string{
		"key", "system", "dateTime", "talkgroup", "source", "frequency", "talkerAlias", "talkgroupLabel",
		"talkgroupGroup",
		"systemLabel", "patches", "audio",
	}
}

func (w *formWriter) sdrtrunk(e *Encoder, u *Upload) {
	w.next().text(e.key)
	w.next().number(u.System)
	w.next().number(u.Time.Unix())
	w.next().number(u.Talkgroup)
	w.next().number(u.Source)
	w.next().number(u.Frequency)
	w.next().text(u.TalkerAlias)
	w.next().text(u.TalkgroupLabel)
	w.next().text(firstOf(u.TalkgroupGroups))
	w.next().text(u.SystemLabel)
	w.next().numbers(u.Patches)
	w.next().text(u.AudioName)
	w.text("\"; name=\"audio\"\r\n\r\n")
	w.audio(u)
}
