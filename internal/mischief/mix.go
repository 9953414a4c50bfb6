package mischief

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Share is the requested amount of one kind.
type Share struct {
	Kind    string
	Percent float64 // of the good calls, over 0 and up to 100
}

// Mix is the requested mischief, in the order of the kinds.
type Mix []Share

// all stands for every kind except the hazards.
const all = "all"

// ParseMix parses a mix such as "truncated=1,wrong-key=0.5". The name all stands for every kind except the hazards,
// each of which has to be requested by name. A kind's own share takes precedence over that of all.
func ParseMix(text string) (Mix, error) {
	wanted := make(map[string]float64)
	for _, part := range strings.Split(text, ",") {
		name, percent, err := parseShare(part)
		if err != nil {
			return nil, err
		}
		if _, twice := wanted[name]; twice {
			return nil, fmt.Errorf("%q names %s twice", text, name)
		}
		wanted[name] = percent
	}
	var mix Mix
	for _, k := range kinds() {
		percent, asked := wanted[k.name]
		if !asked && !k.hazard {
			percent, asked = wanted[all], wanted[all] > 0
		}
		if asked {
			mix = append(mix, Share{k.name, percent})
		}
	}
	return mix, nil
}

// parseShare parses one part of a mix.
func parseShare(text string) (name string, percent float64, err error) {
	name, number, ok := strings.Cut(strings.TrimSpace(text), "=")
	if name = strings.TrimSpace(name); !ok {
		return "", 0, fmt.Errorf("%q is no mischief; write a kind and a percentage, such as truncated=1", text)
	}
	harmless, hazards := Names()
	if name != all && !slices.Contains(harmless, name) && !slices.Contains(hazards, name) {
		return "", 0, &UnknownKindError{Name: name}
	}
	percent, err = strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(number), "%"), 64)
	if err != nil || !(percent > 0 && percent <= 100) {
		return "", 0, fmt.Errorf("%s=%s: the percentage of calls must be over 0 and at most 100", name, number)
	}
	return name, percent, nil
}

// UnknownKindError is the error about an unknown kind.
type UnknownKindError struct{ Name string }

func (e *UnknownKindError) Error() string {
	harmless, hazards := Names()
	return fmt.Sprintf("there is no mischief %q; there are %s, and, each by its name only, %s",
		e.Name, strings.Join(harmless, ", "), strings.Join(hazards, ", "))
}

// String returns the mix in the form that ParseMix reads.
func (m Mix) String() string {
	parts := make([]string, len(m))
	for i, s := range m {
		parts[i] = s.Kind + "=" + strconv.FormatFloat(s.Percent, 'g', -1, 64)
	}
	return strings.Join(parts, ",")
}
