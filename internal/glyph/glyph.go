// Package glyph draws with the characters that a terminal has: small charts of a line, and text, in Unicode or in ASCII
// alone.
package glyph

import (
	"math"
	"strings"
	"unicode"
)

// ASCII returns a text in ASCII: with arrows, dashes, boxes and the like as people type them, and a question mark for
// any other character that ASCII does not have.
func ASCII(text string) string {
	if isASCII(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r <= unicode.MaxASCII:
			b.WriteRune(r)
		case !unicode.Is(unicode.Mn, r): // a mark on the letter before has no place of its own
			b.WriteString(typed(r))
		}
	}
	return b.String()
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

// typed returns what people type for a character that their keyboard does not have.
func typed(r rune) string {
	switch r {
	case '…':
		return "..."
	case '→':
		return "->"
	case '←':
		return "<-"
	case '≥':
		return ">="
	case '≤':
		return "<="
	case '±':
		return "+/-"
	case '–', '—', '−', '·', '─':
		return "-"
	case '│':
		return "|"
	case '╭', '╮', '╰', '╯', '┌', '┐', '└', '┘', '├', '┤', '┼', '┬', '┴':
		return "+"
	case '•', '●':
		return "*"
	case '×':
		return "x"
	case 'µ', 'μ':
		return "u"
	case '“', '”', '„':
		return `"`
	case '‘', '’':
		return "'"
	case '\u00a0', '\u202f':
		return " "
	default:
		return "?"
	}
}

const (
	blocks = "▁▂▃▄▅▆▇█"
	ramp   = "_.:-=+*#" // each has more ink than the one before
)

// Sparkline draws a series in a line, a character for each value, on a scale from zero to its highest value. Only zero,
// and what is not above it, has the lowest level. Values that are not numbers are gaps.
func Sparkline(values []float64, ascii bool) string {
	levels := []rune(blocks)
	if ascii {
		levels = []rune(ramp)
	}
	top := 0.0
	for _, v := range values {
		if !math.IsInf(v, 0) {
			top = max(top, orZero(v))
		}
	}
	var b strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			b.WriteByte(' ')
		case v <= 0:
			b.WriteRune(levels[0])
		default:
			level := int(math.Ceil(min(v/max(top, math.SmallestNonzeroFloat64), 1) * float64(len(levels)-1)))
			b.WriteRune(levels[level])
		}
	}
	return b.String()
}

// orZero returns a number, or zero for what is none.
func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}
