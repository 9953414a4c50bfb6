package rdio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// TrunkRecorderPath is where rdio-scanner and its kin take calls whose particulars are trunk-recorder's JSON sidecar,
// in the field "meta".
const TrunkRecorderPath = "/api/trunk-recorder-call-upload"

// sidecar is what trunk-recorder writes beside a recording, as far as a call has a place for it. The lists keep their
// JSON: they are read as the form's lists of the same meaning are.
type sidecar struct {
	Talkgroup    loose           `json:"talkgroup"`
	StartTime    loose           `json:"start_time"`    // Unix s
	StartTimeMS  loose           `json:"start_time_ms"` // since trunk-recorder 5.2
	Timestamp    loose           `json:"timestamp"`     // Unix ms, which rdio-scanner reads
	Freq         loose           `json:"freq"`
	ShortName    string          `json:"short_name"`
	Tag          string          `json:"talkgroup_tag"` // the alpha tag, which is a short label
	Description  string          `json:"talkgroup_description"`
	GroupTag     string          `json:"talkgroup_group_tag"`
	Group        string          `json:"talkgroup_group"`
	SrcList      json.RawMessage `json:"srcList"`
	FreqList     json.RawMessage `json:"freqList"`
	PatchedLists json.RawMessage `json:"patched_talkgroups"`
}

// ReadMeta fills the form's fields from its "meta" field, which is trunk-recorder's JSON sidecar. A field that the form
// has itself stays as it is. A form without "meta" is a *MissingError; one whose "meta" is no such JSON wraps
// ErrMalformed.
func (f *Form) ReadMeta() error {
	text := bytes.TrimSpace([]byte(f.fields.get("meta")))
	isText := !slices.Contains(f.unreadable, "meta")
	if len(text) == 0 && isText {
		return &MissingError{"meta"}
	}
	var m sidecar
	if !isText || text[0] != '{' || json.Unmarshal(text, &m) != nil {
		return fmt.Errorf("%w: meta is not the JSON that trunk-recorder writes", ErrMalformed)
	}
	f.setFields("talkgroup", m.Talkgroup.whole())
	if f.fields.get("timestamp") == "" && f.fields.get("dateTime") == "" {
		f.setFields("timestamp", m.milliseconds())
	}
	f.setFields("frequency", m.Freq.whole())
	f.setFields("systemLabel", m.ShortName)
	f.setFields("talkgroupLabel", m.Tag)
	f.setFields("talkgroupName", m.Description)
	f.setFields("talkgroupTag", m.GroupTag)
	f.setFields("talkgroupGroup", m.Group)
	f.setFields("sources", list(m.SrcList))
	f.setFields("frequencies", list(m.FreqList))
	f.setFields("patches", list(m.PatchedLists))
	return nil
}

// milliseconds is when the call began, as exactly as the sidecar has it.
func (m *sidecar) milliseconds() string {
	switch {
	case m.Timestamp != 0:
		return m.Timestamp.whole()
	case m.StartTimeMS != 0:
		return m.StartTimeMS.whole()
	default:
		return (m.StartTime * 1000).whole()
	}
}

// setFields sets a field that the form does not have. JSON can hold a NUL, which text cannot.
func (f *Form) setFields(name, value string) {
	switch {
	case f.fields.get(name) != "" || value == "":
	case strings.ContainsRune(value, 0):
		f.unreadable = append(f.unreadable, name)
	default:
		f.fields.set(name, value)
	}
}

// whole writes a number without its fraction; 0 is nothing.
func (l loose) whole() string {
	if l == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(l), 'f', 0, 64)
}

// list is a list's JSON, or nothing for null.
func list(raw json.RawMessage) string {
	if string(raw) == "null" {
		return ""
	}
	return string(raw)
}
