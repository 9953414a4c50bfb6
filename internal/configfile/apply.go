package configfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"rdiostress/internal/nearest"
)

// Origin is the annotation of a flag that says where its value comes from, where that is not the command line.
const Origin = "rdiostress_origin"

// Fielded is a flag whose value can be a list of maps as well: of stages, each with a length and a target, or of rules.
type Fielded interface {
	pflag.Value
	// Fields are the keys of each map in the order in which the flag's own notation has their values, and what stands
	// between these.
	Fields() (keys []string, between string)
}

// Settings is how a file is applied to the flags of a command.
type Settings struct {
	Flags *pflag.FlagSet
	// Skip are flags that have no key, such as the one that names the file.
	Skip []string
	// Overruled names what is given elsewhere, and wins over a key; "" is nothing.
	Overruled func(key string) (by string)
	// Plain turns a flag's error into words for people; nil leaves it as it is.
	Plain func(error) string
}

// Apply sets the flags that the file names, and notes in each where its value comes from. It returns the keys that it
// did not heed since something wins over them, and everything that is wrong, a line each. A flag whose value is wrong
// may be set in part.
func (f *File) Apply(s Settings) (overruled []Entry, err error) {
	var errs []error
	for _, e := range f.Entries {
		flag := s.lookup(e.Key)
		if flag == nil {
			errs = append(errs, located(f.Name, e.At, "there is no key %q%s", e.Key, s.suggest(e.Key)))
			continue
		}
		texts, err := f.texts(flag, e.Key, e.Value)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if s.Overruled != nil && s.Overruled(e.Key) != "" {
			overruled = append(overruled, e)
			continue
		}
		if err := s.set(f.Name, e, texts); err != nil {
			errs = append(errs, err)
		}
	}
	return overruled, errors.Join(errs...)
}

func (s *Settings) lookup(key string) *pflag.Flag {
	if slices.Contains(s.Skip, key) || key == "help" {
		return nil
	}
	return s.Flags.Lookup(key)
}

// suggest names the nearest key that there is.
func (s *Settings) suggest(key string) string {
	if s.Flags.Lookup(key) != nil {
		return ": it cannot be set in a scenario file"
	}
	var names []string
	s.Flags.VisitAll(func(f *pflag.Flag) {
		if s.lookup(f.Name) != nil {
			names = append(names, f.Name)
		}
	})
	if near := nearest.Name(key, names); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return "; keys are the names of the flags of rdiostress run"
}

// placed is the text for one Set of a flag and where it stands.
type placed struct {
	text string
	at   Position
}

// set gives a flag its values one after the other.
func (s *Settings) set(name string, e Entry, texts []placed) error {
	for _, t := range texts {
		if err := s.Flags.Set(e.Key, t.text); err != nil {
			text := err.Error()
			if s.Plain != nil {
				text = strings.TrimPrefix(s.Plain(err), "--")
			}
			return located(name, t.at, "%s", text)
		}
	}
	at := fmt.Sprintf("%s:%d:%d", name, e.Value.At.Line, e.Value.At.Column)
	return s.Flags.SetAnnotation(e.Key, Origin, []string{at})
}

// texts are what a flag has to be set to, in its own notation: one text, or one for each element if it may be given
// again.
func (f *File) texts(flag *pflag.Flag, key string, v Value) ([]placed, error) {
	wrong := func(v Value, format string, args ...any) error {
		return located(f.Name, v.At, "%s %s", key, fmt.Sprintf(format, args...))
	}
	want, simple := simpleTypes[flag.Value.Type()]
	_, again := flag.Value.(pflag.SliceValue)
	fielded, hasFields := flag.Value.(Fielded)
	switch {
	case v.Kind == Text && simple && v.Quoted && want != anyText:
		return nil, wrong(v, "must be %s, not text in quotes", want)
	case v.Kind == Text && flag.Value.Type() == "bool" && v.Text != "true" && v.Text != "false":
		return nil, wrong(v, "must be %s, not %q", want, v.Text)
	case v.Kind == Text:
		return []placed{{v.Text, v.At}}, nil
	case simple:
		return nil, wrong(v, "must be %s, not %s", want, kindWords(v.Kind))
	case v.Kind == Map && !hasFields && !again:
		return f.pairs(key, v)
	case v.Kind == Map && !hasFields:
		return nil, wrong(v, "must be a list, not a map")
	case v.Kind == Map:
		v = Value{At: v.At, Kind: List, List: []Value{v}}
	}
	var all []placed
	for _, element := range v.List {
		switch {
		case element.Kind == Map && hasFields:
			text, err := f.fields(fielded, key, element)
			if err != nil {
				return nil, err
			}
			element.Text = text
		case element.Kind != Text:
			return nil, wrong(element, "must be a list of plain values; this element is %s", kindWords(element.Kind))
		}
		all = append(all, placed{element.Text, element.At})
	}
	switch {
	case len(all) == 0:
		return nil, wrong(v, "is an empty list")
	case again:
		return all, nil
	}
	var parts []string
	for _, p := range all {
		parts = append(parts, p.text)
	}
	return []placed{{strings.Join(parts, ","), all[0].at}}, nil
}

// anyText is what a flag of plain text must be.
const anyText = "one value"

// simpleTypes are the flag types that have one plain value, and what that must be.
var simpleTypes = map[string]string{
	"bool": "true or false", "string": anyText, "seconds": anyText, "float64": "a number",
	"int": "a whole number", "int64": "a whole number", "uint": "a whole number", "uint64": "a whole number",
}

// notOneValue says that an element of a map must be one value.
func (f *File) notOneValue(key string, e Entry) error {
	return located(f.Name, e.Value.At, "%s: %s must be one value, not %s", key, e.Key, kindWords(e.Value.Kind))
}

func kindWords(k Kind) string {
	return [...]string{Text: "text", List: "a list", Map: "a map"}[k]
}

// pairs writes a map as name=value,name=value.
func (f *File) pairs(key string, v Value) ([]placed, error) {
	var parts []string
	for _, e := range v.Map {
		if e.Value.Kind != Text {
			return nil, f.notOneValue(key, e)
		}
		parts = append(parts, e.Key+"="+e.Value.Text)
	}
	if len(parts) == 0 {
		return nil, located(f.Name, v.At, "%s is an empty map", key)
	}
	return []placed{{strings.Join(parts, ","), v.Map[0].At}}, nil
}

// fields writes a map in the notation of a flag that has fields. All of them must be there, and no other.
func (f *File) fields(flag Fielded, key string, v Value) (string, error) {
	keys, between := flag.Fields()
	parts := make([]string, len(keys))
	for _, e := range v.Map {
		i := slices.Index(keys, e.Key)
		if i < 0 {
			hint := "it has " + strings.Join(keys, " and ")
			if near := nearest.Name(e.Key, keys); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			return "", located(f.Name, e.At, "%s has no %q; %s", key, e.Key, hint)
		}
		if e.Value.Kind != Text {
			return "", f.notOneValue(key, e)
		}
		parts[i] = e.Value.Text
	}
	if i := slices.Index(parts, ""); i >= 0 {
		return "", located(f.Name, v.At, "%s lacks %q: each one has %s", key, keys[i], strings.Join(keys, " and "))
	}
	return strings.Join(parts, between), nil
}
