package replay

import (
	"strconv"
	"strings"

	"rdiostress/internal/rdio"
)

// IsID reports whether a number can be that of a talkgroup, a unit or a system.
func IsID(n int64) bool { return n >= 1 && n <= rdio.MaxID }

// ValidID returns a number that can be that of a talkgroup, a unit or a system, and 0 in place of any other.
func ValidID(n int64) int64 {
	if !IsID(n) {
		return 0
	}
	return n
}

// ParseID reads the number of a talkgroup, a unit or a system. It returns 0 if the text is none.
func ParseID(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return ValidID(n)
}

// maxText is the longest label that is taken over, in bytes.
const maxText = 200

// Label makes text of a recording safe for a form field: one line of valid UTF-8, and not long.
func Label(s string) string {
	s = strings.Join(
		strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return r < ' ' || r == 0x7f }),
		" ",
	)
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return strings.TrimSpace(s)
}
