package rdio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sidecar is the JSON that trunk-recorder writes beside a recording, since 2016. What a version does not have yet, or
// any more, is unknown.
type Sidecar struct {
	// Call is what uploads say of it. It has no system number and no audio. Its talkgroup is 0, and its time is zero,
	// if the sidecar has none. In Units, those that were not decoded are left out.
	Call

	Encrypted bool
	Skipped   []string // fields that are not of the type that they should be, and are as if they were not there

	pieces []sidecarPiece // all that it says, ready to be written for another time
}

// Parse reads a sidecar. A field of another type is skipped: programs that read these files do without what they do not
// need. The error wraps ErrMalformed if the text is no JSON object, or if what is needed has another type.
func (s *Sidecar) Parse(text []byte) error {
	r, err := s.parse(text)
	if err != nil {
		return err
	}
	s.pieces = r.recorded()
	s.Call.Sidecar = s
	return nil
}

// parse is Parse for a sidecar that is not sent again.
func (s *Sidecar) parse(text []byte) (*sidecarReader, error) {
	members, err := parseObject(bytes.TrimPrefix(text, []byte("\ufeff")))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	*s = Sidecar{}
	r := &sidecarReader{Sidecar: s, members: members}
	s.Talkgroup = r.id("talkgroup")
	s.Time = r.time()
	if len(s.Skipped) > 0 { // which are among the fields above, and those are needed
		return nil, fmt.Errorf("%w: %s is not a number", ErrMalformed, s.Skipped[0])
	}
	s.Encrypted = r.number("encrypted") != 0
	s.Frequency = r.hertz("freq", r.value("freq"))
	s.SystemLabel = r.text("short_name")
	s.TalkgroupLabel = r.text("talkgroup_tag") // the alpha tag, which is a short label
	s.TalkgroupName = r.text("talkgroup_description")
	s.TalkgroupTag = r.text("talkgroup_group_tag")
	if group := r.text("talkgroup_group"); group != "" {
		s.TalkgroupGroups = []string{group}
	}
	s.Units = r.units()
	if len(s.Units) > 0 {
		s.Source = s.Units[0].ID
	}
	s.Frequencies = r.frequencies()
	s.Patches = r.patches()
	return r, nil
}

// member is one field of an object, whose JSON is kept.
type member struct {
	name string
	raw  json.RawMessage
}

// parseObject returns the fields of a JSON object, in their order.
func parseObject(text []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil {
		return nil, plainJSON(err)
	} else if t != json.Delim('{') {
		return nil, errors.New("it is no JSON object")
	}
	var members []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, plainJSON(err)
		}
		m := member{name: name.(string)}
		if err := d.Decode(&m.raw); err != nil {
			return nil, plainJSON(err)
		}
		members = append(members, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, plainJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows its JSON")
	}
	return members, nil
}

// plainJSON says what is wrong with a text whose end the decoder has met.
func plainJSON(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("its JSON is cut off")
	}
	return err
}

// sidecarReader reads the fields of a sidecar, or of an object in one of its lists.
type sidecarReader struct {
	*Sidecar
	members []member
	list    string // name of the list, which stands for its fields
}

// value returns the JSON of a field; nil if there is none, or null.
func (r *sidecarReader) value(name string) json.RawMessage {
	for i := len(r.members) - 1; i >= 0; i-- {
		if m := &r.members[i]; m.name == name {
			if string(m.raw) == "null" {
				return nil
			}
			return m.raw
		}
	}
	return nil
}

// skip notes that a field cannot be read.
func (r *sidecarReader) skip(name string) {
	if r.list != "" {
		name = r.list
	}
	if !slices.Contains(r.Skipped, name) {
		r.Skipped = append(r.Skipped, name)
	}
}

// number reads a number: in quotes too, and true and false, since versions differ.
func (r *sidecarReader) number(name string) float64 {
	raw := r.value(name)
	n, ok := parseNumber(raw)
	if !ok && raw != nil {
		r.skip(name)
	}
	return n
}

// parseNumber reads a number from JSON.
func parseNumber(raw json.RawMessage) (float64, bool) {
	switch s := string(raw); s {
	case "true":
		return 1, true
	case "false":
		return 0, true
	default:
		n, err := strconv.ParseFloat(strings.TrimSpace(strings.Trim(s, `"`)), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return 0, false
		}
		return n, true
	}
}

// id reads the number of a talkgroup or a unit; 0 if it can be none.
func (r *sidecarReader) id(name string) int64 {
	n := r.number(name)
	switch {
	case n >= 1 && n <= MaxID:
		return int64(n)
	case n != 0 && n != -1: // as trunk-recorder writes what it has not decoded
		r.skip(name)
	}
	return 0
}

// hertz reads a frequency.
func (r *sidecarReader) hertz(name string, raw json.RawMessage) int64 {
	n, ok := parseNumber(raw)
	if raw == nil || ok && n >= 0 && n <= MaxID {
		return int64(n)
	}
	r.skip(name)
	return 0
}

// text reads a text.
func (r *sidecarReader) text(name string) string {
	raw := r.value(name)
	var s string
	if raw != nil && json.Unmarshal(raw, &s) != nil {
		r.skip(name)
		return ""
	}
	return s
}

// seconds reads a time within a call.
func (r *sidecarReader) seconds(name string) float64 { return min(max(r.number(name), 0), 1e5) }

// time returns when the call began, as exactly as the sidecar has it. rdio-scanner reads timestamp, in milliseconds.
func (r *sidecarReader) time() time.Time {
	for _, f := range []struct {
		name  string
		scale float64
	}{{"timestamp", 1}, {"start_time_ms", 1}, {"start_time", 1000}} {
		if ms := r.number(f.name) * f.scale; ms > 0 && ms < 1e15 {
			return time.UnixMilli(int64(math.Round(ms))).UTC()
		}
	}
	return time.Time{}
}

// elements returns the elements of a list.
func (r *sidecarReader) elements(name string) []json.RawMessage {
	raw := r.value(name)
	var list []json.RawMessage
	if raw != nil && json.Unmarshal(raw, &list) != nil {
		r.skip(name)
	}
	return list[:min(len(list), maxListItems)]
}

// units reads who spoke. In 2016, the list had nothing but numbers.
func (r *sidecarReader) units() []Unit {
	const name = "srcList"
	var units []Unit
	for _, raw := range r.elements(name) {
		e := sidecarReader{Sidecar: r.Sidecar, list: name}
		if members, err := parseObject(raw); err == nil {
			e.members = members
		} else {
			e.members = []member{{"src", raw}}
		}
		if u := (Unit{ID: e.id("src"), OffsetS: e.seconds("pos"), Label: withoutNUL(e.text("tag"))}); u.ID > 0 {
			units = append(units, u)
		}
	}
	return units
}

// frequencies reads where the call was heard.
func (r *sidecarReader) frequencies() []Frequency {
	const name = "freqList"
	var list []Frequency
	for _, raw := range r.elements(name) {
		e := sidecarReader{Sidecar: r.Sidecar, list: name}
		members, err := parseObject(raw)
		if err != nil {
			r.skip(name)
			continue
		}
		e.members = members
		f := Frequency{
			Hz: e.hertz("freq", e.value("freq")), OffsetS: e.seconds("pos"), LengthS: e.seconds("len"),
			Errors: int64(e.count("error_count")), Spikes: int64(e.count("spike_count")),
		}
		if f.Hz > 0 {
			list = append(list, f)
		}
	}
	return list
}

func (r *sidecarReader) count(name string) float64 { return min(max(r.number(name), 0), 1e9) }

// patches reads the talkgroups that are patched together.
func (r *sidecarReader) patches() []int64 {
	const name = "patched_talkgroups"
	var list []int64
	for _, raw := range r.elements(name) {
		e := sidecarReader{Sidecar: r.Sidecar, list: name, members: []member{{name, raw}}}
		if id := e.id(name); id > 0 {
			list = append(list, id)
		}
	}
	return list
}
