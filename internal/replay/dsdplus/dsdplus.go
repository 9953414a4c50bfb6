// Package dsdplus reads the recordings of DSDPlus Fast Lane, which says what a call was by the path alone:
//
//	20261121/153120_001_DMR(BS)_1-899_DCC2_Slot1_GC_750[Public Works]_52[Truck 5].mp3
//
// The folder is the date and the name begins with the time, both local. Then come a number, the protocol, the network
// and more, depending on the protocol, and last the talkgroup and the radio, each perhaps with its alias in brackets.
package dsdplus

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/folder"
)

// Format is DSDPlus' way to keep recordings.
type Format struct{}

var _ folder.Format = Format{}

// Program implements [folder.Format].
func (Format) Program() string { return "DSDPlus" }

// minFields is the least number of fields of a name: time, number, protocol, network, talkgroup and radio.
const minFields = 6

// Recognize implements [folder.Format].
func (Format) Recognize(r *folder.Recording) (folder.When, bool, error) {
	clock, ok := parseClock(r.Stem)
	if !ok || r.Ext == "" || len(split(r.Stem)) < minFields {
		return folder.When{}, false, nil
	}
	day, ok := parseDay(r.Folder)
	if !ok {
		return folder.When{}, false, replay.Skipf(replay.NoTime,
			"its name is as DSDPlus gives, and its folder no date such as 20261121")
	}
	at := time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, time.Local)
	return folder.When{Earliest: at, Latest: at}, true, nil
}

// Start implements [folder.Format]. Recognize has said it.
func (f Format) Start(r *folder.Recording) (time.Time, error) {
	when, _, err := f.Recognize(r)
	return when.Earliest, err
}

// Read implements [folder.Format].
func (Format) Read(r *folder.Recording, _ []byte, c *rdio.Call) error {
	fields := split(r.Stem)
	if len(fields) < minFields {
		return replay.Skipf(replay.NotACall, "its name is not as DSDPlus gives")
	}
	*c = rdio.Call{System: system(fields)}
	c.Talkgroup, c.TalkgroupLabel = parseParty(fields[len(fields)-2])
	if c.Talkgroup == 0 {
		return replay.Skipf(replay.NoTalkgroup, "its name has no talkgroup")
	}
	if radio, alias := parseParty(fields[len(fields)-1]); radio != 0 {
		c.Source, c.Units = radio, []rdio.Unit{{ID: radio, Label: alias}}
	}
	return nil
}

// parseClock reads the time of day that a name begins with: six digits, and no more.
func parseClock(stem string) (time.Time, bool) {
	text, _, ok := strings.Cut(stem, "_")
	if !ok || len(text) != 6 {
		return time.Time{}, false
	}
	at, err := time.Parse("150405", text)
	return at, err == nil
}

// parseDay reads the date that a folder's name ends with: eight digits, and no more.
func parseDay(folder string) (time.Time, bool) {
	digits := len(folder)
	for digits > 0 && folder[digits-1] >= '0' && folder[digits-1] <= '9' {
		digits--
	}
	if len(folder)-digits != 8 {
		return time.Time{}, false
	}
	day, err := time.Parse("20060102", folder[digits:])
	return day, err == nil && replay.IsTime(day)
}

// split returns the fields of a name, which are between underscores. Those in an alias divide nothing.
func split(stem string) (fields []string) {
	from, inAlias := 0, false
	for i := range len(stem) {
		switch stem[i] {
		case '[':
			inAlias = true
		case ']':
			inAlias = false
		case '_':
			if !inAlias {
				fields = append(fields, stem[from:i])
				from = i + 1
			}
		}
	}
	return append(fields, stem[from:])
}

// parseParty reads the number of a talkgroup or a radio, and its alias. The number is 0 if there is none. An alias
// without any letter or digit, such as [---], is none.
func parseParty(field string) (id int64, alias string) {
	number, rest, _ := strings.Cut(strings.TrimPrefix(field, "["), "[") // the number may be in brackets too
	number = strings.TrimSuffix(number, "]")
	if id = replay.ParseID(number); id == 0 {
		return 0, ""
	}
	alias = replay.Label(strings.TrimSuffix(rest, "]"))
	isWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
	if alias == number || strings.IndexFunc(alias, isWord) < 0 {
		alias = ""
	}
	return id, alias
}

// system returns the number of the system that a network's name begins with or has in it, as rdio-scanner takes it; 0
// if the protocol has none. Of P25, that is the system's ID, also of a base station's network (BEE00.2D1-1.4), of which
// rdio-scanner reads none.
func system(fields []string) int64 {
	protocol, network := fields[2], fields[3]
	id := int64(0)
	switch {
	case strings.HasPrefix(protocol, "NEXEDGE"):
		id = nexedgeSystem(network, fields[4])
	case protocol == "P25" || protocol == "P25(BS)" && strings.Contains(network, "."):
		_, rest, _ := strings.Cut(network, ".")
		number, _, _ := strings.Cut(rest, "-")
		id, _ = strconv.ParseInt(number, 16, 64)
	case strings.HasSuffix(protocol, "(BS)"):
		if number, site, _ := strings.Cut(network, "-"); site != "" {
			id, _ = strconv.ParseInt(number, 10, 64)
		}
	}
	return replay.ValidID(id)
}

// nexedgeSystem reads a network such as C12-3, or the radio access number after an empty one, such as RAN5.
func nexedgeSystem(network, after string) int64 {
	if number, site, ok := strings.Cut(network, "-"); ok && number != "" {
		if _, err := strconv.ParseUint(site, 10, 32); err == nil {
			id, err := strconv.ParseInt(number[1:], 10, 64)
			if err == nil && id > 0 {
				return id
			}
		}
	}
	_, number, _ := strings.Cut(after, "RAN")
	end := strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		number = number[:end]
	}
	id, _ := strconv.ParseInt(number, 10, 64)
	return id
}
