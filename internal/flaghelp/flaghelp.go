// Package flaghelp shows the flags of a command in groups, and completes their values in a shell.
//
// A command describes its flags once, as data: groups in the order of its help, and in each group the flags with what
// they take. Describe puts that into the flags of a cobra command; Write renders its help at a given width; Line is the
// help of one flag, for an error message.
package flaghelp

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/units"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Group is a heading in a command's help and the flags below it.
type Group struct {
	Title string
	Flags []Flag
}

// Flag is what help and completion need to know of a flag besides its usage text.
type Flag struct {
	Name string

	// Value is what the flag takes: a type, such as duration, or alternatives, such as on|off|auto. In alternatives,
	// capitals stand for a value (pid:N). It ends in ",…" for a list. It is empty for a switch, and begins with "[="
	// for a flag that may be given without a value.
	Value string

	// Default is the default as help shows it. Empty is the flag's own.
	Default string

	// Values are the values that completion offers, where Value does not name them.
	Values func() []string

	// Extensions are those of the files that completion offers for the type file; none is any file.
	Extensions []string
}

// The annotations by which a flag carries its description.
const (
	groupKey   = "rdiostress_group"
	placeKey   = "rdiostress_place" // in the order of all groups
	valueKey   = "rdiostress_value"
	defaultKey = "rdiostress_default"
)

// The types of values that help and completion treat in a way of their own.
const (
	typeFile     = "file"
	typeFolder   = "folder"
	typeDuration = "duration"
)

// Describe puts descriptions into a command's flags and has the shells complete their values. A flag that is described
// twice keeps the first description, so that a command can move flags of a common list to a group of its own. Flags
// that the command does not have are left out.
func Describe(cmd *cobra.Command, groups []Group) {
	place := 0
	for _, g := range groups {
		for _, d := range g.Flags {
			place++
			f := cmd.Flags().Lookup(d.Name)
			if f == nil || GroupOf(f) != "" {
				continue
			}
			annotate(f, groupKey, g.Title)
			annotate(f, placeKey, strconv.Itoa(place))
			annotate(f, valueKey, d.Value)
			annotate(f, defaultKey, d.Default)
			if complete := d.completion(); complete != nil {
				_ = cmd.RegisterFlagCompletionFunc(d.Name, complete) // fails for a flag that already has one
			}
		}
	}
}

func annotate(f *pflag.Flag, key, value string) {
	if f.Annotations == nil {
		f.Annotations = make(map[string][]string)
	}
	f.Annotations[key] = []string{value}
}

func annotation(f *pflag.Flag, key string) string {
	if values := f.Annotations[key]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// GroupOf returns the title of the group that a flag is in, or "" for a flag that was not described.
func GroupOf(f *pflag.Flag) string { return annotation(f, groupKey) }

// Value returns what a flag takes. For a flag that was not described, that is what pflag finds in its usage text.
func Value(f *pflag.Flag) string {
	if GroupOf(f) != "" {
		return annotation(f, valueKey)
	}
	name, _ := pflag.UnquoteUsage(f)
	return name
}

// NamesFile reports whether a flag takes the name of a file.
func NamesFile(f *pflag.Flag) bool {
	return slices.Contains(strings.Split(strings.ToLower(Value(f)), "|"), typeFile)
}

// Usage returns a flag's usage text, with its default.
func Usage(f *pflag.Flag) string {
	switch f.Name {
	case "help":
		return "show this help"
	case "version":
		return "show the version"
	}
	_, usage := pflag.UnquoteUsage(f)
	if text := defaultText(f); text != "" {
		usage += " (default " + text + ")"
	}
	return usage
}

// Line returns the help of one flag in one line.
func Line(f *pflag.Flag) string { return strings.TrimSpace(nameAndValue(f)) + ": " + Usage(f) }

// nameAndValue is a flag as it is written in a command.
func nameAndValue(f *pflag.Flag) string {
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	value := Value(f)
	if value == "" || strings.HasPrefix(value, "[") {
		return name + value
	}
	return name + " " + value
}

// trailingZeros are those of sizes such as 1.0KiB.
var trailingZeros = regexp.MustCompile(`^(\d+)\.0([kKMGT]i?B)$`)

// defaultText is a flag's default as help shows it; empty if there is none worth showing.
func defaultText(f *pflag.Flag) string {
	if text := annotation(f, defaultKey); text != "" {
		return text
	}
	text := strings.Trim(f.DefValue, "[]")
	switch {
	case text == "" || text == "0" || text == "false" || text == "0s":
		return ""
	case slices.Contains(strings.Split(Value(f), "|"), typeDuration):
		return shortDuration(text)
	default:
		return trailingZeros.ReplaceAllString(text, "$1$2")
	}
}

// shortDuration writes a duration without units that are zero: 2m, not 2m0s. A bare number is seconds.
func shortDuration(text string) string {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return text // a word
	}
	return units.Compact(d)
}
