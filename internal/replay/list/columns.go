package list

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

// column is something that a list can say of a call.
type column int

// The columns.
const (
	colFile column = iota
	colTime
	colDate // if the time is only one of the day
	colTalkgroup
	colSystem
	colSystemLabel
	colTalkgroupLabel
	colTalkgroupName
	colTalkgroupTag
	colTalkgroupGroup
	colUnit
	colUnitLabel
	colFrequency
	colSite
	colPatches
	colEncrypted
	columns
)

// names returns what a column can be called, in small letters and without what stands between words. The first is what
// it is called in messages.
func (c column) names() []string {
	return [columns][]string{
		colFile:           {"file", "filename", "path", "audio", "audioname", "audiofile", "audiofilename"},
		colTime:           {"time", "starttime", "start", "datetime", "timestamp"},
		colDate:           {"date", "day"},
		colTalkgroup:      {"talkgroup", "talkgroupid", "tg", "tgid", "talkgroupref"},
		colSystem:         {"system", "systemid", "sys", "systemref"},
		colSystemLabel:    {"systemlabel", "systemname", "shortname"},
		colTalkgroupLabel: {"talkgrouplabel", "alphatag", "label"},
		colTalkgroupName:  {"talkgroupname", "talkgroupdescription", "description"},
		colTalkgroupTag:   {"talkgrouptag", "tag", "service"},
		colTalkgroupGroup: {"talkgroupgroup", "talkgroupgroups", "group", "category"},
		colUnit:           {"unit", "source", "src", "radio", "radioid", "unitid", "from"},
		colUnitLabel:      {"unitlabel", "unitname", "sourcelabel", "talkeralias"},
		colFrequency:      {"frequency", "freq", "hz"},
		colSite:           {"site", "siteid", "siteref"},
		colPatches:        {"patches", "patchedtalkgroups"},
		colEncrypted:      {"encrypted"},
	}[c]
}

// columnOf returns the column of a name, and how good a name for it that is: 0 is the best.
func columnOf(name string) (c column, rank int, ok bool) {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("_- .", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
	for c := range columns {
		if rank := slices.Index(c.names(), name); rank >= 0 {
			return c, rank, true
		}
	}
	return 0, 0, false
}

// needed returns the columns without which there is no call.
func needed() []column { return []column{colFile, colTime, colTalkgroup} }

// MissingError says which columns a list needs and lacks.
type MissingError struct{ Columns []string }

// Error implements error.
func (e *MissingError) Error() string {
	return fmt.Sprintf("it has no column %s; a list needs file, time and talkgroup", strings.Join(e.Columns, ", "))
}

// missing returns a MissingError if columns are needed that a list does not have.
func missing(has func(column) bool) error {
	var e MissingError
	for _, c := range needed() {
		if !has(c) && !(c == colTime && has(colDate)) {
			e.Columns = append(e.Columns, c.names()[0])
		}
	}
	if e.Columns == nil {
		return nil
	}
	return &e
}

// row is what a list says of one call.
type row [columns]string

// time returns when the call began: as RFC 3339, in local time, or in seconds or milliseconds since 1970.
func (r *row) time() (time.Time, error) {
	text := strings.TrimSpace(r[colDate] + " " + r[colTime])
	at, ok := replay.ParseTime(text)
	if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(n) && math.Abs(n) < 1e15 {
		if n < 1e11 { // seconds, until the year 5138
			n *= 1000
		}
		at, ok = time.UnixMilli(int64(math.Round(n))), true
	}
	if !ok || !replay.IsTime(at) {
		return at, replay.Skipf(replay.NoTime, "%q is not a time of a call", clip(text))
	}
	return at, nil
}

// call fills in the call that a row describes, without its audio.
func (r *row) call(c *rdio.Call) error {
	*c = rdio.Call{
		System: r.id(colSystem), Talkgroup: r.id(colTalkgroup), Frequency: r.number(colFrequency),
		Site: r.id(colSite), SystemLabel: replay.Label(r[colSystemLabel]),
		TalkgroupLabel: replay.Label(r[colTalkgroupLabel]), TalkgroupName: replay.Label(r[colTalkgroupName]),
		TalkgroupTag: replay.Label(r[colTalkgroupTag]),
	}
	if c.SystemLabel == "" && c.System == 0 {
		c.SystemLabel = replay.Label(r[colSystem]) // which is a name then
	}
	if c.Talkgroup == 0 {
		return replay.Skipf(replay.NoTalkgroup, "%q is not a number of a talkgroup", clip(r[colTalkgroup]))
	}
	if group := replay.Label(r[colTalkgroupGroup]); group != "" {
		c.TalkgroupGroups = []string{group}
	}
	if c.Source = r.id(colUnit); c.Source != 0 {
		c.Units = []rdio.Unit{{ID: c.Source, Label: replay.Label(r[colUnitLabel])}}
	}
	for _, text := range strings.FieldsFunc(r[colPatches], func(r rune) bool { return r < '0' || r > '9' }) {
		if id := replay.ParseID(text); id != 0 {
			c.Patches = append(c.Patches, id)
		}
	}
	return nil
}

// isEncrypted reports whether the call is, so that no recorder would upload it.
func (r *row) isEncrypted() bool {
	switch strings.ToLower(strings.TrimSpace(r[colEncrypted])) {
	case "", "0", "false", "no", "n":
		return false
	default:
		return true
	}
}

// number returns a number that is not negative and has no fraction worth keeping; 0 if there is none.
func (r *row) number(c column) int64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(r[c]), 64)
	if err != nil || !(n >= 0 && n <= 1e12) {
		return 0
	}
	return int64(n)
}

// id returns a number that a talkgroup or a unit can have; 0 if there is none.
func (r *row) id(c column) int64 { return replay.ValidID(r.number(c)) }

// clip makes text from a list short enough for a message.
func clip(text string) string {
	const most = 40
	if text = replay.Label(text); len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
