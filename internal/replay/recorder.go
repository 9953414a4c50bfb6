package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/inputfile"
	"rdiostress/internal/rdio"
)

// sidecar is what trunk-recorder 4 and 5 write beside a call's audio, as far as an upload has room for it.
type sidecar struct {
	Freq             number   `json:"freq"`
	StartTime        number   `json:"start_time"`    // s
	StartTimeMs      number   `json:"start_time_ms"` // from 5.2 on
	CallLength       number   `json:"call_length"`
	Encrypted        number   `json:"encrypted"`
	Talkgroup        number   `json:"talkgroup"`
	TalkgroupTag     string   `json:"talkgroup_tag"` // the short name
	Description      string   `json:"talkgroup_description"`
	GroupTag         string   `json:"talkgroup_group_tag"` // the kind of use
	Group            string   `json:"talkgroup_group"`
	ShortName        string   `json:"short_name"` // of the system
	PatchedTalkgroup []number `json:"patched_talkgroups"`
	FreqList         []struct {
		Freq       number `json:"freq"`
		Pos        number `json:"pos"`
		Len        number `json:"len"`
		ErrorCount number `json:"error_count"`
		SpikeCount number `json:"spike_count"`
	} `json:"freqList"`
	SrcList []struct {
		Src number `json:"src"`
		Pos number `json:"pos"`
		Tag string `json:"tag"`
	} `json:"srcList"`
}

// number is a JSON number, or one in quotes, or true or false, since versions differ. Anything else is 0.
type number float64

func (n *number) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `" `)
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	if s == "true" {
		v = 1
	}
	*n = number(v)
	return nil
}

// maxSidecar bounds a sidecar; one of a long call with many units has some kB.
const maxSidecar = 1 << 20

// readSidecar reads the file that lies beside a call's audio.
func readSidecar(path string) (*sidecar, error) {
	text, err := inputfile.Read(path, maxSidecar)
	if err != nil {
		return nil, fmt.Errorf("its sidecar cannot be read: %w", errors.Unwrap(err))
	}
	return parseSidecar(text)
}

func parseSidecar(text []byte) (*sidecar, error) {
	var s sidecar
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("its sidecar is no JSON of a call: %w", err)
	}
	if !isID(s.Talkgroup) {
		return nil, errors.New("its sidecar has no talkgroup")
	}
	if s.start().Before(earliest) || s.start().After(latest) {
		return nil, errors.New("its sidecar has no start_time")
	}
	return &s, nil
}

// The times that a recording can have: what lies outside is no time at all.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

func isID(n number) bool { return n >= 1 && n <= rdio.MaxID }

func (s *sidecar) start() time.Time {
	if s.StartTimeMs > 0 {
		return time.UnixMilli(int64(min(s.StartTimeMs, 1e15)))
	}
	return time.Unix(int64(min(max(s.StartTime, 0), 1e12)), 0)
}

// call fills in the call that a sidecar describes.
func (s *sidecar) call(c *rdio.Call) {
	*c = rdio.Call{
		Talkgroup: int64(s.Talkgroup), Time: s.start().UTC(), Frequency: int64(min(max(s.Freq, 0), 1e12)),
		SystemLabel: plain(s.ShortName), TalkgroupLabel: plain(s.TalkgroupTag), TalkgroupName: plain(s.Description),
		TalkgroupTag: plain(s.GroupTag),
	}
	if group := plain(s.Group); group != "" {
		c.TalkgroupGroups = []string{group}
	}
	for _, tg := range s.PatchedTalkgroup {
		if isID(tg) {
			c.Patches = append(c.Patches, int64(tg))
		}
	}
	for _, f := range s.FreqList {
		c.Frequencies = append(c.Frequencies, rdio.Frequency{
			Hz: int64(min(max(f.Freq, 0), 1e12)), OffsetS: offset(f.Pos), LengthS: offset(f.Len),
			Errors: int64(min(max(f.ErrorCount, 0), 1e9)), Spikes: int64(min(max(f.SpikeCount, 0), 1e9)),
		})
	}
	for _, u := range s.SrcList {
		if !isID(u.Src) { // -1 where it was not decoded
			continue
		}
		c.Units = append(c.Units, rdio.Unit{ID: int64(u.Src), OffsetS: offset(u.Pos), Label: plain(u.Tag)})
	}
	if len(c.Units) > 0 {
		c.Source = c.Units[0].ID
	}
}

// offset is a time within a call; calls end within hours.
func offset(n number) float64 { return float64(min(max(n, 0), 1e5)) }

// parseRecorderName reads what trunk-recorder names a call: <talkgroup>-<Unix seconds>_<Hz>[.slot][-call_<n>], with the
// seconds also as a decimal fraction.
func parseRecorderName(stem string) (start time.Time, call int64, ok bool) {
	talkgroup, rest, ok := strings.Cut(stem, "-")
	if !ok || !isDigits(talkgroup) {
		return start, 0, false
	}
	seconds, rest, ok := strings.Cut(rest, "_")
	if !ok {
		return start, 0, false
	}
	s, err := strconv.ParseFloat(seconds, 64)
	if err != nil || !(s >= float64(earliest.Unix()) && s < float64(latest.Unix())) {
		return start, 0, false
	}
	if _, n, found := strings.Cut(rest, "-call_"); found {
		call, _ = strconv.ParseInt(n, 10, 64) // without it, order is by name
	}
	return time.UnixMilli(int64(s * 1000)), call, true
}

func isDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// maxText is the longest label that is taken over, in bytes.
const maxText = 200

// plain makes text from a file safe for a form field: one line of valid UTF-8, and not long.
func plain(s string) string {
	s = strings.Join(
		strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return r < ' ' || r == 0x7f }),
		" ",
	)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return strings.TrimSpace(s)
}
