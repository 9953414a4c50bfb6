package markdown

import (
	"strings"
	"testing"
)

// A text is not read anew at each of its characters: the memory that it takes grows with its length.
func TestEscapeReadsOnce(t *testing.T) {
	text := strings.Repeat("A/b.", 2_000)
	if n := testing.AllocsPerRun(1, func() { escape(text) }); n > 100 {
		t.Errorf("%v allocations for %d characters", n, len(text))
	}
	for text, want := range map[string]string{
		"www.a": `www\.a`, "x wWw.a": `x wWw\.a`, "http://a/b": `http:\//a/b`, "ww.a": "ww.a", ".a/": ".a/",
	} {
		if got := escape(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
