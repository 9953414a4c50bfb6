package rdio

import (
	"strconv"
	"strings"
)

// Encoder lays calls out as SDRTrunk 0.6 does: its fields in its order under its boundary, the audio last. It is safe for
// concurrent use.
//
// It formats by hand since it runs once per upload, where a millisecond holds fifty of them.
type Encoder struct {
	key string
}

// sdrtrunkBoundary is SDRTrunk's fixed boundary; with the two dashes of a delimiter, its lines begin with four.
const sdrtrunkBoundary = "--sdrtrunk-sdrtrunk-sdrtrunk"

// UserAgent is what SDRTrunk calls itself.
const UserAgent = "sdrtrunk"

// NewEncoder returns an encoder of uploads that carry key.
func NewEncoder(key string) *Encoder { return &Encoder{key: key} }

// Hide takes the key out of a text, such as a reply that repeats it.
func (e *Encoder) Hide(text string) string {
	if len(e.key) < 4 { // that is in any text, and no secret
		return text
	}
	return strings.ReplaceAll(text, e.key, "[key]")
}

// ContentType is the form's Content-Type.
func (e *Encoder) ContentType() string { return "multipart/form-data; boundary=" + sdrtrunkBoundary }

// Append appends the form of an upload to dst, but for the audio's body, which goes where it is split: the form is
// form[:split], which ends with the audio's head, then the body, then form[split:].
func (e *Encoder) Append(dst []byte, u *Upload) (form []byte, split int) {
	c := &u.Call
	dst = appendField(dst, "key", e.key)
	dst = appendNumber(dst, "system", c.System)
	dst = appendNumber(dst, "dateTime", c.Time.Unix())
	dst = appendNumber(dst, "talkgroup", c.Talkgroup)
	dst = appendNumber(dst, "source", c.Source)
	dst = appendNumber(dst, "frequency", c.Frequency)
	dst = appendField(dst, "talkerAlias", c.TalkerAlias)
	dst = appendField(dst, "talkgroupLabel", c.TalkgroupLabel)
	group := ""
	if len(c.TalkgroupGroups) > 0 {
		group = c.TalkgroupGroups[0]
	}
	dst = appendField(dst, "talkgroupGroup", group)
	dst = appendField(dst, "systemLabel", c.SystemLabel)
	dst = appendPatches(dst, c.Patches)
	dst = append(dst, "--"+sdrtrunkBoundary+"\r\nContent-Disposition: form-data; filename=\""...)
	dst = append(dst, c.AudioName...)
	dst = append(dst, "\"; name=\"audio\"\r\n\r\n"...)
	dst = append(dst, u.Head...)
	split = len(dst)
	return append(dst, "\r\n--"+sdrtrunkBoundary+"--\r\n"...), split
}

// AppendTest appends the form of SDRTrunk's connection test, stray line break and all.
func (e *Encoder) AppendTest(dst []byte, system int64) []byte {
	dst = appendField(dst, "key", e.key)
	dst = appendNumber(dst, "system", system)
	dst = appendField(dst, "test", "1\r\n")
	return append(dst, "--"+sdrtrunkBoundary+"--\r\n"...)
}

func appendField(dst []byte, name, value string) []byte {
	dst = appendName(dst, name)
	dst = append(dst, value...)
	return append(dst, '\r', '\n')
}

func appendNumber(dst []byte, name string, n int64) []byte {
	dst = appendName(dst, name)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, '\r', '\n')
}

func appendPatches(dst []byte, patches []int64) []byte {
	dst = appendName(dst, "patches")
	dst = append(dst, '[')
	for i, p := range patches {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, p, 10)
	}
	return append(dst, ']', '\r', '\n')
}

func appendName(dst []byte, name string) []byte {
	dst = append(dst, "--"+sdrtrunkBoundary+"\r\nContent-Disposition: form-data; name=\""...)
	dst = append(dst, name...)
	return append(dst, "\"\r\n\r\n"...)
}
