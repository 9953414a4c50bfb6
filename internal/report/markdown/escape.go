package markdown

import (
	"strings"

	"rdiostress/internal/plain"
)

// escape returns a text, which may be foreign, as one line that Markdown shows as it is: no emphasis, markup, link,
// mention, formula or cell of a table begins or ends in it.
func escape(s string) string {
	s = plain.Line(s, '?')
	var b strings.Builder
	for i, c := range s {
		switch c {
		case '\\', '`', '*', '_', '[', ']', '~', '#', '|':
			b.WriteByte('\\')
			b.WriteRune(c)
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '@', '$': // the backslash would not do for mentions and formulas
			b.WriteString(map[rune]string{'@': "&#64;", '$': "&#36;"}[c])
		case '/', '.': // of addresses, which would become links
			const www = "www"
			if strings.HasSuffix(s[:i], ":") || strings.EqualFold(s[max(i-len(www), 0):i], www) {
				b.WriteByte('\\')
			}
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	return escapeStart(b.String())
}

// escapeStart escapes what makes a text a list, a heading or a rule, if it begins an item of a list.
func escapeStart(s string) string {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if digits == len(s) {
		return s
	}
	mark, rest := s[digits], s[digits+1:]
	alone := rest == "" || rest[0] == ' '
	if digits == 0 && (mark == '-' || mark == '+' || mark == '=') && (alone || rest[0] == mark) ||
		digits > 0 && (mark == '.' || mark == ')') && alone {
		return s[:digits] + `\` + s[digits:]
	}
	return s
}
