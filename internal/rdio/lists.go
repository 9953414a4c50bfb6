package rdio

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// optionalReader reads the optional fields of a form; the names of those that it cannot read pile up in dropped, and of
// those that it cuts in cuts.
type optionalReader struct {
	fields  values
	dropped []string
	cuts    []string
}

// text cuts a label that is too long, between two characters.
func (r *optionalReader) text(name, value string) string {
	if len(value) <= maxLabelBytes {
		return value
	}
	r.recordCut(name)
	end := maxLabelBytes
	for !utf8.RuneStart(value[end]) {
		end--
	}
	return strings.Clone(value[:end]) // which keeps nothing of the rest alive
}

// firstItems cuts a list that is too long.
func firstItems[T any](r *optionalReader, name string, list []T) []T {
	if len(list) <= maxListItems {
		return list
	}
	r.recordCut(name)
	return slices.Clone(list[:maxListItems])
}

func (r *optionalReader) recordCut(name string) {
	if !slices.Contains(r.cuts, name) {
		r.cuts = append(r.cuts, name)
	}
}

func (r *optionalReader) drop(name string) {
	if !slices.Contains(r.dropped, name) {
		r.dropped = append(r.dropped, name)
	}
}

// number reads a whole number of a size that ids and frequencies can have. Some clients write it with a decimal point.
func (r *optionalReader) number(name string) int64 {
	s := strings.TrimSpace(r.fields.get(name))
	if s == "" {
		return 0
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(x) > MaxID || x != x {
		r.drop(name)
		return 0
	}
	return int64(x)
}

// natural reads a number that cannot be negative.
func (r *optionalReader) natural(name string) int64 {
	n := r.number(name)
	if n < 0 {
		r.drop(name)
		return 0
	}
	return n
}

// maxNameBytes is how long a file name or a media type may be; file systems draw the line here too.
const maxNameBytes = 255

// short drops a value that is too long for a name.
func (r *optionalReader) short(name, value string) string {
	if len(value) > maxNameBytes {
		r.drop(name)
		return ""
	}
	return value
}

// label reads a label; rdio-scanner and trunk-recorder write "-" for an empty one.
func (r *optionalReader) label(name string) string {
	if s := r.fields.get(name); s != "-" {
		return r.text(name, s)
	}
	return ""
}

// groups reads talkgroupGroup and talkgroupGroups, the latter separated by commas.
func (r *optionalReader) groups() []string {
	list := append(strings.Split(r.fields.get("talkgroupGroups"), ","), r.fields.get("talkgroupGroup"))
	var groups []string
	seen := make(map[string]bool)
	for _, g := range list {
		g = r.text("talkgroupGroups", strings.TrimSpace(g))
		if g != "" && g != "-" && !seen[g] {
			seen[g] = true
			groups = append(groups, g)
		}
	}
	return firstItems(r, "talkgroupGroups", groups)
}

// loose is a number that clients write as a JSON number, a string or null.
type loose float64

func (l *loose) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `" `)
	if s == "null" || s == "" {
		*l = 0
		return nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return err
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.ErrRange
	}
	*l = loose(x)
	return nil
}

// check drops the field name if the number in it can be neither an id or a count nor unknown: 0, or of a unit also -1,
// as trunk-recorder has it.
func (r *optionalReader) check(name string, numbers ...loose) {
	for _, l := range numbers {
		isUnknownUnit := l == -1 && (name == "units" || name == "sources")
		if (l < 0 || l > MaxID) && !isUnknownUnit {
			r.drop(name)
		}
	}
}

// id is the number as an id, or 0 if it cannot be one.
func (l loose) id() int64 {
	if l < 0 || l > MaxID {
		return 0
	}
	return int64(l)
}

// jsonUnit has the names that trunk-recorder ("sources") and rdio-scanner ("units", and its downstream with Go's own
// names) give a unit. Go matches JSON names whatever their case.
type jsonUnit struct {
	ID      loose  `json:"id"`
	Src     loose  `json:"src"`
	UnitRef loose  `json:"unitRef"`
	Pos     loose  `json:"pos"`
	Offset  loose  `json:"offset"`
	Tag     string `json:"tag"`
	Label   string `json:"label"`
}

// units reads "units", else "sources": a list of objects, of numbers, or numbers with commas between.
func (r *optionalReader) units() []Unit {
	name := "units"
	if strings.TrimSpace(r.fields.get(name)) == "" {
		name = "sources"
	}
	list, numbers := readList[jsonUnit](r, name)
	var units []Unit
	for _, n := range numbers {
		units = append(units, Unit{ID: n})
	}
	for _, u := range list {
		r.check(name, u.ID, u.UnitRef, u.Src)
		id := u.ID.id()
		// rdio-scanner's downstream writes the row's Id beside the unit's own number.
		for _, other := range []loose{u.UnitRef, u.Src} {
			if other != 0 {
				id = other.id()
			}
		}
		if id == 0 {
			continue // -1 is trunk-recorder's unknown unit
		}
		label := r.text(name, withoutNUL(u.Label+u.Tag))
		units = append(units, Unit{ID: id, OffsetS: nonNegative(u.Offset + u.Pos), Label: label})
	}
	return firstItems(r, name, units)
}

// jsonFrequency has the names that trunk-recorder and rdio-scanner's downstream give a frequency.
type jsonFrequency struct {
	Freq       loose `json:"freq"`
	Frequency  loose `json:"frequency"`
	Pos        loose `json:"pos"`
	Offset     loose `json:"offset"`
	Len        loose `json:"len"`
	ErrorCount loose `json:"errorCount"`
	Errors     loose `json:"errors"`
	SpikeCount loose `json:"spikeCount"`
	Spikes     loose `json:"spikes"`
	DBm        loose `json:"dbm"`

	// As trunk-recorder's sidecar has them.
	SidecarErrors loose `json:"error_count"`
	SidecarSpikes loose `json:"spike_count"`
}

// frequencies reads "frequencies" in the same shapes as units.
func (r *optionalReader) frequencies() []Frequency {
	list, numbers := readList[jsonFrequency](r, "frequencies")
	var freqs []Frequency
	for _, n := range numbers {
		freqs = append(freqs, Frequency{Hz: n})
	}
	for _, f := range list {
		errors, spikes := f.ErrorCount+f.Errors+f.SidecarErrors, f.SpikeCount+f.Spikes+f.SidecarSpikes
		r.check("frequencies", f.Freq+f.Frequency, errors, spikes)
		hz := (f.Freq + f.Frequency).id()
		if hz == 0 {
			continue
		}
		freqs = append(freqs, Frequency{
			Hz: hz, OffsetS: nonNegative(f.Pos + f.Offset), LengthS: nonNegative(f.Len),
			Errors: errors.id(), Spikes: spikes.id(), DBm: float64(f.DBm),
		})
	}
	return firstItems(r, "frequencies", freqs)
}

// patches reads "patches": a JSON list of numbers, or numbers with commas between.
func (r *optionalReader) patches() []int64 {
	objects, numbers := readList[struct{}](r, "patches")
	if len(objects) > 0 {
		r.drop("patches")
	}
	return firstItems(r, "patches", numbers)
}

// withoutNUL drops what JSON can hold and text cannot.
func withoutNUL(s string) string { return strings.ReplaceAll(s, "\x00", "") }

func nonNegative(x loose) float64 { return math.Max(float64(x), 0) }

// readList reads a field that holds a JSON list of objects, a JSON list of numbers, or numbers with commas between.
// Anything else is dropped whole.
func readList[T any](r *optionalReader, name string) (objects []T, numbers []int64) {
	s := strings.TrimSpace(r.fields.get(name))
	if s == "" || s == "-" {
		return nil, nil
	}
	if !strings.HasPrefix(s, "[") {
		s = "[" + s + "]"
	}
	var loosely []loose
	if json.Unmarshal([]byte(s), &loosely) == nil {
		for _, l := range loosely {
			r.check(name, l)
			if id := l.id(); id != 0 {
				numbers = append(numbers, id)
			}
		}
		return nil, numbers
	}
	if json.Unmarshal([]byte(s), &objects) != nil {
		r.drop(name)
		return nil, nil
	}
	return objects, nil
}
