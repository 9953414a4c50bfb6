package secret

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const key = `Zk7"q\w&r+v<u/x%41yé9`

// escapes are the ways in which servers repeat text.
var escapes = map[string]func(string) string{
	"as it is": func(s string) string { return s },
	"JSON": func(s string) string {
		text, _ := json.Marshal(s)
		return string(text)
	},
	"JSON in ASCII": strconv.QuoteToASCII,
	"\\u": func(s string) string {
		var b strings.Builder
		for _, r := range s {
			fmt.Fprintf(&b, "\\u%04X", r)
		}
		return b.String()
	},
	"\\x": func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, "\\x%02x", c)
		}
		return b.String()
	},
	"backslashes": func(s string) string {
		var b strings.Builder
		for _, r := range s {
			if strings.ContainsRune("nrtbfxuU", r) {
				b.WriteRune(r)
			} else {
				b.WriteString("\\" + string(r))
			}
		}
		return b.String()
	},
	"HTML": html.EscapeString,
	"HTML numbers": func(s string) string {
		var b strings.Builder
		for _, r := range s {
			fmt.Fprintf(&b, "&#%d;", r)
		}
		return b.String()
	},
	"HTML hexadecimal": func(s string) string {
		var b strings.Builder
		for _, r := range s {
			fmt.Fprintf(&b, "&#x%X;", r)
		}
		return b.String()
	},
	"query": url.QueryEscape,
	"path":  url.PathEscape,
	"percent": func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, "%%%02x", c)
		}
		return b.String()
	},
	"zero bytes between": func(s string) string { return strings.Join(strings.Split(s, ""), "\x00") },
}

// Whatever a server does to the key, nothing of it is left, nor of a part of it.
func TestHide(t *testing.T) {
	r := NewRedactor(key)
	quotes := strings.NewReplacer(`\"`, "", `"`, "", "&#34;", "", "%22", "", `\u0022`, "", `\x22`, "", "&#x22;", "")
	for name, escape := range escapes {
		for _, part := range []string{key, key[:9], key[5:13], key[len(key)-10:]} {
			got := quotes.Replace(r.Hide("invalid key " + escape(part) + ", go away"))
			if got != "invalid key [key], go away" {
				t.Errorf("%s: %q of %q", name, got, escape(part))
			}
			for again, twice := range escapes {
				text := "invalid key " + twice(escape(part)) + ", go away"
				if got := r.Hide(text); !strings.Contains(got, mark) || r.find(got) != nil || len(got) > 130 {
					t.Errorf("%s, then %s: %q of %q", name, again, got, text)
				}
			}
		}
	}
}

func TestHideLeaves(t *testing.T) {
	for _, tt := range []struct{ key, text, want string }{
		{Published, "invalid key test-api-key", "invalid key test-api-key"},
		{"", "invalid key", "invalid key"},
		{"abc", "invalid key abc", "invalid key abc"},
		{"abcd", "invalid key %61bcd, abc", "invalid key [key], abc"},
		{"abcdefghij", "abcdefg and bcdefgh", "abcdefg and bcdefgh"},
		{"abcdefghij", "abcdefghabcdefgh-cdefghij.", "[key]-[key]."},
		{"abcdefghij", `100 % of \ and & are + fine`, `100 % of \ and & are + fine`},
		{"abcdefg[", "abcdefgabcdefg[key]", "[key]key]key]"},
		{"schlüssel", "der Schlüssel schl&uuml;ssel gilt nicht", "der S[key] [key] gilt nicht"},
	} {
		if got := NewRedactor(tt.key).Hide(tt.text); got != tt.want {
			t.Errorf("%q of %q without %q, want %q", got, tt.text, tt.key, tt.want)
		}
	}
	if got := (*Redactor)(nil).Hide("text"); got != "text" {
		t.Errorf("%q", got)
	}
}

func TestHideSeveral(t *testing.T) {
	got := NewRedactor("abcdefghij", Published, "wxyz").Hide("wxyz test-api-key abcdefghij")
	if got != "[key] test-api-key [key]" {
		t.Errorf("%q", got)
	}
}

// BenchmarkHide hides the key in a reply that is nothing but escapes of escapes.
func BenchmarkHide(b *testing.B) {
	text := strings.Repeat(`\\\\u0025%2541&amp;amp;#65;+`+"\x01", 40)
	r := NewRedactor(key)
	for b.Loop() {
		r.Hide(text)
	}
}

func FuzzHide(f *testing.F) {
	for _, escape := range escapes {
		f.Add(key, "invalid key "+escape(key))
	}
	f.Fuzz(func(t *testing.T, key, text string) {
		r := NewRedactor(key)
		got := r.Hide(text)
		if again := r.Hide(got); again != got && got != mark {
			t.Errorf("%q becomes %q", got, again)
		}
		if key == Published || len(key) < minKey {
			if got != text {
				t.Errorf("%q", got)
			}
			return
		}
		n := min(len(key), partLen)
		for i := range len(key) - n + 1 {
			if strings.Contains(got, key[i:i+n]) && got != mark {
				t.Errorf("%q has a part of %q", got, key)
			}
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Errorf("%q is not text", got)
		}
		if !utf8.ValidString(key) || strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return // of control characters, some escapes are those of letters, and HTML has none
		}
		for name, escape := range escapes {
			if echoed := r.Hide("<" + escape(key) + ">"); !strings.Contains(echoed, "[key") && echoed != mark {
				t.Errorf("%s: %q", name, echoed)
			}
		}
	})
}
