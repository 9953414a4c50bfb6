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

var errMeta = fmt.Errorf("%w: meta is not the JSON that trunk-recorder writes", ErrMalformed)

// ReadMeta fills the form's fields from its "meta" field, which is trunk-recorder's JSON sidecar. A field that the form
// has itself stays as it is. A form without "meta" is a *MissingError; one whose "meta" is no such JSON wraps
// ErrMalformed.
func (f *Form) ReadMeta() error {
	text := bytes.TrimSpace([]byte(f.fields.get("meta")))
	isText := !slices.Contains(f.unreadable, "meta")
	if len(text) == 0 && isText {
		return &MissingError{"meta"}
	}
	if !isText {
		return errMeta
	}
	var s Sidecar
	if _, err := s.parse(text); err != nil {
		return errMeta
	}
	f.setNumber("talkgroup", s.Talkgroup)
	if f.fields.get("timestamp") == "" && f.fields.get("dateTime") == "" && !s.Time.IsZero() {
		f.setNumber("timestamp", s.Time.UnixMilli())
	}
	f.setNumber("frequency", s.Frequency)
	f.setFields("systemLabel", s.SystemLabel)
	f.setFields("talkgroupLabel", s.TalkgroupLabel)
	f.setFields("talkgroupName", s.TalkgroupName)
	f.setFields("talkgroupTag", s.TalkgroupTag)
	f.setFields("talkgroupGroup", firstOf(s.TalkgroupGroups))
	f.setList("sources", formUnits(s.Units))
	f.setList("frequencies", formFrequencies(s.Frequencies))
	f.setList("patches", s.Patches)
	for _, name := range s.Skipped {
		if field := fieldOfSidecar(name); field != "" && f.fields.get(field) == "" {
			f.unreadable = append(f.unreadable, field)
		}
	}
	return nil
}

// fieldOfSidecar returns the name that a form has for a field of the sidecar; "" if it has none.
func fieldOfSidecar(name string) string {
	switch name {
	case "freq":
		return "frequency"
	case "short_name":
		return "systemLabel"
	case "talkgroup_tag":
		return "talkgroupLabel"
	case "talkgroup_description":
		return "talkgroupName"
	case "talkgroup_group_tag":
		return "talkgroupTag"
	case "talkgroup_group":
		return "talkgroupGroup"
	case "srcList":
		return "sources"
	case "freqList":
		return "frequencies"
	case "patched_talkgroups":
		return "patches"
	default:
		return ""
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

// setNumber is like setFields for a number; 0 is none.
func (f *Form) setNumber(name string, n int64) {
	if n != 0 {
		f.setFields(name, strconv.FormatInt(n, 10))
	}
}

// formUnits returns units as a form lists them.
func formUnits(units []Unit) (list []jsonUnit) {
	for _, u := range units {
		list = append(list, jsonUnit{Src: loose(u.ID), Pos: loose(u.OffsetS), Tag: u.Label})
	}
	return list
}

// formFrequencies returns frequencies as a form lists them.
func formFrequencies(frequencies []Frequency) (list []jsonFrequency) {
	for _, f := range frequencies {
		list = append(list, jsonFrequency{
			Freq: loose(f.Hz), Pos: loose(f.OffsetS), Len: loose(f.LengthS), ErrorCount: loose(f.Errors),
			SpikeCount: loose(f.Spikes),
		})
	}
	return list
}

// setList is like setFields for a list, as JSON.
func (f *Form) setList(name string, list any) {
	if text, err := json.Marshal(list); err == nil && string(text) != "null" {
		f.setFields(name, string(text))
	}
}
