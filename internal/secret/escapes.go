package secret

import (
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// reading is a text with some of its escapes undone, and where each of its bytes comes from in the text as it was.
type reading struct {
	text  string
	spans []span // nil: each byte is its own
}

// span returns where byte i comes from.
func (r *reading) span(i int) span {
	if r.spans == nil {
		return span{i, i + 1}
	}
	return r.spans[i]
}

// undo undoes the escapes that one returns as a text and the length of its escape; the length is 0 where there is none.
func (r *reading) undo(one func(text string, at int) (string, int)) (next reading, changed bool) {
	var text []byte
	for i := 0; i < len(r.text); {
		what, n := one(r.text, i)
		if n > 0 && !changed { // few texts have any
			changed = true
			text = append(make([]byte, 0, len(r.text)), r.text[:i]...)
			next.spans = make([]span, i, len(r.text))
			for j := range i {
				next.spans[j] = r.span(j)
			}
		}
		if n == 0 {
			what, n = r.text[i:i+1], 1
		}
		if changed {
			from := span{r.span(i).from, r.span(i + n - 1).to}
			for range len(what) {
				next.spans = append(next.spans, from)
			}
			text = append(text, what...)
		}
		i += n
	}
	next.text = string(text)
	return next, changed
}

// undoBackslash undoes an escape of JSON, JavaScript, C or Go.
func undoBackslash(text string, at int) (string, int) {
	if text[at] != '\\' || at+1 == len(text) {
		return "", 0
	}
	rest := text[at+1:]
	switch c := rest[0]; c {
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case 'x':
		if v, ok := hex(rest[1:], 2); ok {
			return string([]byte{byte(v)}), 4
		}
	case 'U':
		if v, ok := hex(rest[1:], 8); ok {
			return string(v), 10
		}
	case 'u':
		return undoUnicode(rest)
	}
	return rest[:1], 2
}

// undoUnicode undoes \u0041, \u{41} and a pair of surrogates, without the first backslash.
func undoUnicode(rest string) (string, int) {
	if strings.HasPrefix(rest, "u{") {
		if end := strings.IndexByte(rest, '}'); end > 2 && end <= 8 {
			if v, ok := hex(rest[2:], end-2); ok {
				return string(v), end + 2
			}
		}
	}
	v, ok := hex(rest[1:], 4)
	if !ok {
		return rest[:1], 2
	}
	if utf16.IsSurrogate(v) && len(rest) > 6 && strings.HasPrefix(rest[5:], `\u`) {
		if low, ok := hex(rest[7:], 4); ok {
			if pair := utf16.DecodeRune(v, low); pair != utf8.RuneError {
				return string(pair), 12
			}
		}
	}
	return string(v), 6
}

// undoEntity undoes an entity of HTML.
func undoEntity(text string, at int) (string, int) {
	const longest = 33 // the longest name has 31 letters
	if text[at] != '&' {
		return "", 0
	}
	entity := text[at:min(at+longest, len(text))]
	if end := strings.IndexByte(entity, ';'); end > 0 {
		if what := html.UnescapeString(entity[:end+1]); what != entity[:end+1] {
			// Not of &notit;, which begins with &not.
			if rest, isPrefix := strings.CutSuffix(what, ";"); !isPrefix || rest == "" {
				return what, end + 1
			}
		}
	}
	// Without its semicolon, it ends where its letters do.
	end := 1
	if strings.HasPrefix(entity, "&#") {
		end = 2
	}
	for end < len(entity) && (isLetter(entity[end]) || '0' <= entity[end] && entity[end] <= '9') {
		end++
	}
	what := html.UnescapeString(entity[:end])
	if what == entity[:end] {
		return "", 0
	}
	return what, end
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// undoPercent undoes %41.
func undoPercent(text string, at int) (string, int) {
	if text[at] != '%' {
		return "", 0
	}
	v, ok := hex(text[at+1:], 2)
	if !ok {
		return "", 0
	}
	return string([]byte{byte(v)}), 3
}

// undoPlus undoes the escapes of a form, where + is a space. In a path, it is a plus.
func undoPlus(text string, at int) (string, int) {
	if text[at] == '+' {
		return " ", 1
	}
	return undoPercent(text, at)
}

// undoUnprintable drops what is dropped before the text is shown.
func undoUnprintable(text string, at int) (string, int) {
	r, n := utf8.DecodeRuneInString(text[at:])
	switch {
	case r == utf8.RuneError || !unicode.IsPrint(r):
		return "", n
	case n > 1: // whole, so that its bytes are not looked at
		return text[at : at+n], n
	default:
		return "", 0
	}
}

// hex reads the number that a text begins with, of the given number of digits.
func hex(text string, digits int) (rune, bool) {
	if len(text) < digits {
		return 0, false
	}
	v, err := strconv.ParseUint(text[:digits], 16, 32)
	return rune(v), err == nil
}
