package sdrtrunk

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/replay"
)

// writtenLayout is how the names of SDRTrunk's recordings begin: when the file was written, which is when the call
// ended, in local time.
const writtenLayout = "20060102_150405"

// parseWritten reads that time.
func parseWritten(stem string) (time.Time, bool) {
	if len(stem) < len(writtenLayout) {
		return time.Time{}, false
	}
	at, err := time.ParseInLocation(writtenLayout, stem[:len(writtenLayout)], time.Local)
	return at, err == nil && replay.IsTime(at)
}

// recordingName is what the name of a recording says:
//
//	yyyyMMdd_HHmmss[_]<system>_<site>_<channel>__TO_<talkgroup>_FROM_<radio>[_TONES_…][_V2]
//
// All parts are optional. Up to version 0.6.1, no underscore follows the time. Since names of systems, sites and
// channels can have underscores, the system is what comes before the first.
type recordingName struct {
	written  time.Time
	system   string
	to, from string // as they stand there
}

func parseName(stem string) (n recordingName) {
	n.written, _ = parseWritten(stem)
	rest := strings.TrimPrefix(stem[min(len(writtenLayout), len(stem)):], "_")
	rest = cutEnd(rest)
	who, to, found := strings.Cut(rest, "__TO_") // as a name of the user's before it can have _TO_
	if !found {
		who, to, found = cutLast(rest, "_TO_")
	}
	if !found && strings.HasPrefix(rest, "TO_") {
		who, to, found = "", rest[len("TO_"):], true
	}
	if found {
		n.to, n.from, _ = strings.Cut(to, "_FROM_")
	} else {
		who, n.from, _ = cutLast(rest, "_FROM_")
	}
	n.system, _, _ = strings.Cut(strings.TrimLeft(strings.TrimSuffix(who, "_"), "_"), "_")
	return n
}

// cutEnd takes off what follows the radio: tones, and the number of a recording whose name was there already.
func cutEnd(name string) string {
	if i := strings.LastIndex(name, "_V"); i >= 0 {
		if _, err := strconv.ParseUint(name[i+len("_V"):], 10, 32); err == nil {
			name = name[:i]
		}
	}
	name = strings.TrimSuffix(name, "_WITH_TONES") // in 0.4
	if i := strings.LastIndex(name, "_TONES"); i >= 0 {
		name = name[:i]
	}
	return name
}

// cutLast cuts at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// identity is who a call is to or from.
type identity struct {
	id      int64   // 0 if it is no number, such as an alias
	patch   bool    // it is a patch group
	members []int64 // of the patch group
}

// Identities stand in tags as SDRTrunk writes them, and in names with what a file's name cannot have replaced: up to
// 0.6.1 by "_", then by "-", and since 0.6.1 with dots and brackets as "_".
var (
	// A patch group: P:65144 [8390409, 8390411], in names P65144-[8390409--8390411] or P_65144_[8390409__8390411].
	patchGroup = regexp.MustCompile(`^P[-:_ ]?(\d.*)$`)

	// A number: 1001, wacn.system.id, or id(wacn.system.id); in names also wacn_system_id and id_wacn_system_id.
	number = regexp.MustCompile(`^(\d{1,10})(?:[._](\d{1,10})[._](\d{1,10})|[(_]\d{1,10}[._]\d{1,10}[._]\d{1,10}\)?)?$`)

	// What the members of a patch group are separated by.
	separator = regexp.MustCompile(`, ?|--?|__`)
)

// parseIdentity reads an identity. Digits that are followed by other letters are an alias.
func parseIdentity(s string) (i identity) {
	for _, prefix := range []string{"ISSI", "ROAM"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok && rest != "" && strings.ContainsRune(" -_", rune(rest[0])) {
			s = rest[1:]
		}
	}
	group := patchGroup.FindStringSubmatch(s)
	if group == nil {
		i.id = parseNumber(s)
		return i
	}
	first, rest, _ := strings.Cut(group[1], "[")
	i.id = parseNumber(strings.TrimRight(first, " -_"))
	if i.patch = i.id > 0; !i.patch {
		return i
	}
	for _, list := range strings.Split(rest, "[") { // of talkgroups, and of radios
		list, _, _ = strings.Cut(list, "]")
		for _, member := range separator.Split(list, -1) {
			if id := parseNumber(strings.TrimSpace(member)); id > 0 {
				i.members = append(i.members, id)
			}
		}
	}
	return i
}

// parseNumber returns the local number of a talkgroup or a radio, or the one in its home system if it has none here; 0
// if the text is no number.
func parseNumber(s string) int64 {
	parts := number.FindStringSubmatch(s)
	if parts == nil {
		return 0
	}
	digits := parts[1]
	if parts[3] != "" { // wacn.system.id
		digits = parts[3]
	}
	return replay.ParseID(digits)
}

// cutAlias divides what stands in a tag into an identity and its first alias, which is the one that SDRTrunk uploads:
// 1001"Alias","Other", of radios 7030220 Alias; in 0.4 also talkgroups' aliases followed a blank.
func cutAlias(s string) (who, alias string) {
	if who, alias, ok := strings.Cut(s, `"`); ok {
		alias, _, _ = strings.Cut(alias, `","`)
		return strings.TrimSpace(who), strings.TrimSuffix(strings.TrimSpace(alias), `"`)
	}
	end := strings.LastIndexByte(s, ']') + 1 // of the members of a patch group
	if i := strings.IndexByte(s[end:], ' '); i >= 0 {
		if parseIdentity(s[:end+i]).id > 0 {
			return s[:end+i], strings.TrimSpace(s[end+i:])
		}
	}
	return s, ""
}
