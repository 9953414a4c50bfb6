package replay

import (
	"strings"

	"rdiostress/internal/rdio"
)

// IsID reports whether a number can be that of a talkgroup, a unit or a system.
func IsID(n int64) bool { return n >= 1 && n <= rdio.MaxID }

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
