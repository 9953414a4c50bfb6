package rdio

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// MissingError says that a required field is absent, empty or zero. Its text is what RdioScanner replies:
// "Incomplete call data: no talkgroup".
type MissingError struct{ What string } // "system", "talkgroup", "audio" or "timestamp"

func (e *MissingError) Error() string { return PhraseIncomplete + ": no " + e.What }

// FieldError says that a required field is present but cannot be understood.
type FieldError struct {
	Field  string
	Reason string // such as "not a number"
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("Invalid call data: %s is %s", e.Field, e.Reason)
}

// MinAudioBytes is the least audio that makes a call: rdio-scanner takes up to 44 bytes, a WAV header alone, for none.
const MinAudioBytes = 45

// maxAhead is how far in the future a call may lie: a day covers a client whose clock is set to the wrong time zone.
const maxAhead = 24 * time.Hour

// earliest is the oldest call that is taken for real, as sdrtrunk-rdio-api has it.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Call turns the form into a Call. A missing required field is a *MissingError (system, talkgroup, audio, timestamp, in
// that order), an unreadable one a *FieldError. Optional fields that cannot be read are left out of the call and named
// in dropped.
func (f *Form) Call(now time.Time) (c Call, dropped []string, err error) {
	if c.System, err = f.id("system"); err != nil {
		return Call{}, nil, err
	}
	if c.Talkgroup, err = f.id("talkgroup"); err != nil {
		return Call{}, nil, err
	}
	if !f.HasAudio || f.AudioBytes < MinAudioBytes {
		return Call{}, nil, &MissingError{"audio"}
	}
	if c.Time, err = f.time(now); err != nil {
		return Call{}, nil, err
	}
	return f.optional(c)
}

// Cut names the fields of the call that Call last returned, of which it has less than the form: labels longer than
// maxLabelBytes, and lists longer than maxListItems.
func (f *Form) Cut() []string { return f.cut }

// id reads a required number.
func (f *Form) id(name string) (int64, error) {
	s := strings.TrimSpace(f.fields.get(name))
	if s == "" {
		return 0, &MissingError{name}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case isRange(err) || err == nil && (n < 0 || n > MaxID):
		return 0, &FieldError{name, fmt.Sprintf("out of range (1 to %d)", int64(MaxID))}
	case err != nil:
		return 0, &FieldError{name, "not a number"}
	case n == 0:
		return 0, &MissingError{name}
	}
	return n, nil
}

// Number is a required field's number, or 0 if it is absent or cannot be read. It serves replies that name the call
// before its form was found to be complete.
func (f *Form) Number(name string) int64 {
	n, _ := f.id(name)
	return n
}

// time reads when the call began: "timestamp" in Unix milliseconds if present, else "dateTime" in Unix seconds or RFC
// 3339.
func (f *Form) time(now time.Time) (time.Time, error) {
	stamp, date := strings.TrimSpace(f.fields.get("timestamp")), strings.TrimSpace(f.fields.get("dateTime"))
	field, t := "timestamp", time.Time{}
	switch {
	case stamp != "" && stamp != "0":
		ms, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil && !isRange(err) {
			return t, &FieldError{field, "not a number of milliseconds since 1970"}
		}
		t = time.UnixMilli(ms)
	case date != "" && date != "0":
		field = "dateTime"
		var err error
		if t, err = parseDate(date); err != nil {
			return t, err
		}
	default:
		return t, &MissingError{"timestamp"}
	}
	t = t.UTC().Truncate(time.Millisecond)
	switch {
	case t.Before(earliest):
		return t, &FieldError{field, "before the year 2000"}
	case t.After(now.Add(maxAhead)):
		return t, &FieldError{field, "in the future"}
	}
	return t, nil
}

// parseDate reads a dateTime: digits are Unix seconds, anything else is RFC 3339.
func parseDate(s string) (time.Time, error) {
	sec, err := strconv.ParseInt(s, 10, 64)
	if err == nil || isRange(err) {
		// Keep far outliers far, but within what time.Time can hold.
		return time.Unix(max(min(sec, math.MaxInt32*1000), -1), 0), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return t, &FieldError{"dateTime", "neither Unix seconds nor an RFC 3339 date"}
	}
	return t, nil
}

func isRange(err error) bool {
	ne, ok := err.(*strconv.NumError)
	return ok && ne.Err == strconv.ErrRange
}

// optional fills in what a call can do without, and names what could not be read.
func (f *Form) optional(c Call) (Call, []string, error) {
	r := &optionalReader{fields: f.fields}
	for _, name := range f.unreadable {
		if isOptional(name) {
			r.drop(name)
		}
	}
	c.AudioName, c.AudioType = r.short("audioName", f.AudioName), r.short("audioType", f.AudioType)
	c.Frequency = r.natural("frequency")
	c.Source = max(r.number("source"), 0) // SDRTrunk has negative numbers for units that it cannot name
	c.Site = r.natural("site")
	c.Units = r.units()
	c.Frequencies = r.frequencies()
	c.Patches = r.patches()
	if c.Source == 0 && len(c.Units) > 0 {
		c.Source = c.Units[0].ID
	}
	if c.Frequency == 0 && len(c.Frequencies) > 0 {
		c.Frequency = c.Frequencies[0].Hz
	}
	c.SystemLabel = r.text("systemLabel", f.fields.get("systemLabel"))
	c.TalkgroupLabel = r.label("talkgroupLabel")
	c.TalkgroupName = r.label("talkgroupName")
	c.TalkgroupTag = r.label("talkgroupTag")
	c.TalkgroupGroups = r.groups()
	c.TalkerAlias = r.text("talkerAlias", f.fields.get("talkerAlias"))
	f.cut = r.cuts
	return c, r.dropped, nil
}
