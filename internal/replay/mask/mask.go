// Package mask reads recordings by a mask of their names, such as #DATE_#TIME_#SYS_#TG: the masks of rdio-scanner's
// dirwatch, with its tags.
//
// As there, what is not a tag is a regular expression, the mask may match any part of the name without its extension,
// and where several tags could say the same, the first that is in the mask counts: #TG before #TGAFS, #TGHZ, #TGKHZ and
// #TGMHZ, #HZ before #KHZ and #MHZ, #TIME before #ZTIME. Unlike there, a mask with a slash looks at the folders too,
// and #UNITLBL is understood.
package mask

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/folder"
)

// tag is something that a mask can say is at a place of a name.
type tag struct{ name, pattern string }

// The patterns of the tags.
const (
	digits  = `\d+`
	decimal = `\d+(?:\.\d+)?`
	label   = `[\p{L}\p{N}., -]+`
	date    = `\d{4}[-_.]?\d{2}[-_.]?\d{2}`
	clock   = `\d{2}[-_.:]?\d{2}[-_.:]?\d{2}`
)

// tags are all that there are.
func tags() []tag {
	return []tag{
		{"DATE", date},
		{"TIME", clock},
		{"ZTIME", clock},
		{"SYS", digits},
		{"SYSLBL", label},
		{"SITE", digits},
		{"SITELBL", label},
		{"TG", digits},
		{"TGAFS", `\d{2}-\d{3}`},
		{"TGHZ", digits},
		{"TGKHZ", decimal},
		{"TGMHZ", decimal},
		{"TGLBL", label},
		{"GROUP", label},
		{"TAG", label},
		{"HZ", digits},
		{"KHZ", decimal},
		{"MHZ", decimal},
		{"UNIT", digits},
		{"UNITLBL", label},
	}
}

// Tags returns the names of the tags, with the # in front.
func Tags() []string {
	var names []string
	for _, t := range tags() {
		names = append(names, "#"+t.name)
	}
	return names
}

// Format is a way to name recordings.
type Format struct {
	pattern *regexp.Regexp
	folders int // how many names of folders stand before the file's
}

var _ folder.Format = (*Format)(nil)

// Parse reads a mask. The error says what is wrong with it, in words that follow the name of the flag.
func Parse(mask string) (*Format, error) {
	pattern, used, err := translate(mask)
	if err != nil {
		return nil, err
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(used, name) })
	}
	switch {
	case !has("DATE") || !has("TIME", "ZTIME"):
		return nil, fmt.Errorf("%q does not say when a call began: it needs #DATE, and #TIME or #ZTIME (UTC)", mask)
	case !has("TG", "TGAFS", "TGHZ", "TGKHZ", "TGMHZ"):
		return nil, fmt.Errorf("%q has no talkgroup: it needs #TG, #TGAFS, #TGHZ, #TGKHZ or #TGMHZ", mask)
	}
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("%q is not a regular expression around its tags: %w", mask, reasonOf(err))
	}
	for _, name := range used {
		if compiled.SubexpIndex(name) < 0 {
			return nil, fmt.Errorf(`%q has #%s between [ and ], which stand for one character: write \[ and \]`,
				mask, name)
		}
	}
	return &Format{pattern: compiled, folders: strings.Count(mask, "/")}, nil
}

// reasonOf returns what is wrong with a regular expression, without the expression, which the user did not write so.
func reasonOf(err error) error {
	if e := (*syntax.Error)(nil); errors.As(err, &e) {
		return errors.New(e.Code.String())
	}
	return err
}

// translate turns a mask into a regular expression in which each tag is a group of its name.
func translate(mask string) (pattern string, used []string, err error) {
	var out strings.Builder
	for rest := mask; rest != ""; {
		before, after, found := strings.Cut(rest, "#")
		out.WriteString(before)
		if !found {
			break
		}
		t, ok := tagAt(after)
		switch {
		case !ok:
			word := after[:len(after)-len(strings.TrimLeft(after, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))]
			return "", nil, fmt.Errorf("%q: #%s is no tag; there are %s", mask, word, strings.Join(Tags(), " "))
		case slices.Contains(used, t.name):
			return "", nil, fmt.Errorf("%q has #%s twice", mask, t.name)
		}
		used = append(used, t.name)
		fmt.Fprintf(&out, "(?P<%s>%s)", t.name, t.pattern)
		rest = after[len(t.name):]
	}
	return out.String(), used, nil
}

// tagAt returns the longest tag that a text begins with.
func tagAt(text string) (longest tag, ok bool) {
	for _, t := range tags() {
		if strings.HasPrefix(text, t.name) && len(t.name) > len(longest.name) {
			longest = t
		}
	}
	return longest, longest.name != ""
}

// Program implements [folder.Format].
func (f *Format) Program() string { return "a recorder that is known by the mask" }

// Recognize implements [folder.Format].
func (f *Format) Recognize(r *folder.Recording) (folder.When, bool, error) {
	values := f.match(r)
	if values == nil || r.Ext == "" {
		return folder.When{}, false, nil
	}
	at, ok := values.time()
	if !ok {
		return folder.When{}, false, replay.Skipf(replay.NoTime, "%q and %q are no date and time", values.text("DATE"),
			values.text("TIME")+values.text("ZTIME"))
	}
	return folder.When{Earliest: at, Latest: at}, true, nil
}

// Start implements [folder.Format]. Recognize has said it.
func (f *Format) Start(r *folder.Recording) (time.Time, error) {
	when, _, err := f.Recognize(r)
	return when.Earliest, err
}

// Read implements [folder.Format].
func (f *Format) Read(r *folder.Recording, _ []byte, c *rdio.Call) error {
	values := f.match(r)
	if values == nil {
		return replay.Skipf(replay.NotACall, "its name does not match the mask")
	}
	*c = rdio.Call{
		System: values.id("SYS"), SystemLabel: values.label("SYSLBL"), Site: values.id("SITE"),
		Frequency: values.frequency(""), TalkgroupLabel: values.label("TGLBL"), TalkgroupTag: values.label("TAG"),
	}
	if c.Talkgroup = values.talkgroup(); c.Talkgroup == 0 {
		return replay.Skipf(replay.NoTalkgroup, "its name has no talkgroup that a server takes")
	}
	if c.Frequency == 0 {
		c.Frequency = values.frequency("TG")
	}
	if group := values.label("GROUP"); group != "" {
		c.TalkgroupGroups = []string{group}
	}
	if c.Source = values.id("UNIT"); c.Source != 0 {
		c.Units = []rdio.Unit{{ID: c.Source, Label: values.label("UNITLBL")}}
	}
	return nil
}

// match returns what the tags are in a recording's name; nil if the mask does not match it.
func (f *Format) match(r *folder.Recording) values {
	name := r.Stem
	for dir, n := filepath.Clean(r.Folder), f.folders; n > 0; dir, n = filepath.Dir(dir), n-1 {
		name = filepath.Base(dir) + "/" + name
	}
	found := f.pattern.FindStringSubmatch(name)
	if found == nil {
		return nil
	}
	v := make(values)
	for i, tag := range f.pattern.SubexpNames() {
		if tag != "" {
			v[tag] = found[i]
		}
	}
	return v
}

// values are the texts of the tags in a name.
type values map[string]string

func (v values) text(tag string) string { return v[tag] }

// label returns a name; a dash stands for none.
func (v values) label(tag string) string {
	if text := replay.Label(v[tag]); text != "-" {
		return text
	}
	return ""
}

// id returns a number; 0 if there is none that a talkgroup or a unit can have.
func (v values) id(tag string) int64 { return replay.ParseID(v[tag]) }

// time returns when a call began.
func (v values) time() (time.Time, bool) {
	plain := func(tag string) string {
		return strings.NewReplacer("-", "", "_", "", ".", "", ":", "").Replace(v[tag])
	}
	zone, at := time.Local, plain("TIME")
	if at == "" {
		zone, at = time.UTC, plain("ZTIME")
	}
	t, err := time.ParseInLocation("20060102150405", plain("DATE")+at, zone)
	return t, err == nil && replay.IsTime(t)
}

// talkgroup returns the number of the talkgroup. One that is named by its frequency has its kHz as its number.
func (v values) talkgroup() int64 {
	id := v.id("TG")
	if id == 0 {
		id = agency(v["TGAFS"])
	}
	if id == 0 {
		id = v.frequency("TG") / 1000
	}
	return replay.ValidID(id)
}

// agency returns the number of a talkgroup that is written as agency, fleet and subfleet, such as 11-061.
func agency(text string) int64 {
	if len(text) != len("11-061") {
		return 0
	}
	a, errA := strconv.ParseInt(text[:2], 10, 64)
	f, errF := strconv.ParseInt(text[3:5], 10, 64)
	s, errS := strconv.ParseInt(text[5:], 10, 64)
	if errA != nil || errF != nil || errS != nil {
		return 0
	}
	return a<<7 | f<<3 | s
}

// maxHz is the highest frequency that is taken for one.
const maxHz = 1e12

// frequency returns the frequency in Hz that the tags say whose names begin with a prefix; 0 if there is none.
func (v values) frequency(prefix string) int64 {
	for _, unit := range []struct {
		tag    string
		digits int // of a Hz behind the point
	}{{"HZ", 0}, {"KHZ", 3}, {"MHZ", 6}} {
		text := v[prefix+unit.tag]
		if text == "" {
			continue
		}
		// In decimal digits, since 154.13 is no sum of binary fractions, and would end up a hertz lower.
		whole, fraction, _ := strings.Cut(text, ".")
		fraction = (fraction + strings.Repeat("0", unit.digits))[:unit.digits]
		if hz, err := strconv.ParseInt(whole+fraction, 10, 64); err == nil && hz > 0 && hz <= maxHz {
			return hz
		}
	}
	return 0
}
