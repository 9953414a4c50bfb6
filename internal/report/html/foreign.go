package html

import (
	"fmt"
	"strings"
	"unicode"
)

// visible returns a text in which what cannot be seen, or changes how what is around it is read, can be seen: control
// characters as their pictures, others such as marks that turn the direction of writing by their numbers.
func visible(s string) string {
	hidden := func(r rune) bool {
		return !unicode.IsGraphic(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
	}
	if !strings.ContainsFunc(s, hidden) && !strings.ContainsRune(s, unicode.ReplacementChar) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 0x20:
			b.WriteRune('␀' + r)
		case r == 0x7f:
			b.WriteRune('␡')
		case hidden(r):
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// visibleLines is visible for a text of several lines, which stay.
func visibleLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = visible(lines[i])
	}
	return strings.Join(lines, "\n")
}
