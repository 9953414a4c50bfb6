package replay

import (
	"strings"
	"testing"
)

func TestLabel(t *testing.T) {
	for in, want := range map[string]string{
		"Elm FD": "Elm FD", " a\r\nb\x00c ": "a b c", "\xffbad": "bad", strings.Repeat("ä", 150): strings.Repeat("ä",
			100),
	} {
		if got := Label(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}
