package rdio

import (
	"bytes"
	"testing"
)

// FuzzPhraseFinder finds in parts what is in the whole.
func FuzzPhraseFinder(f *testing.F) {
	f.Add([]byte("xx"+PhraseImported+"yy"), uint(7), uint(3))
	f.Add([]byte(PhraseDuplicate), uint(1), uint(1))
	f.Add([]byte(`{"call_id":7,"of":"Duplicate"}`), uint(12), uint(30))
	f.Add(bytes.Repeat([]byte("Call imported successfully"), 9), uint(25), uint(26))
	f.Fuzz(func(t *testing.T, text []byte, first, second uint) {
		var finder PhraseFinder
		for rest := text; len(rest) > 0; first, second = second, first {
			size := min(1+first%97, uint(len(rest)))
			finder.Find(rest[:size])
			rest = rest[size:]
		}
		for p := range numPhrases {
			want := bytes.Contains(text, []byte(p.text()))
			if got := finder.found&(1<<p) != 0; got != want {
				t.Errorf("%q in %q: %v", p.text(), text, got)
			}
		}
	})
}

// Every phrase is no longer than what a finder keeps.
func TestLongestPhrase(t *testing.T) {
	for p := range numPhrases {
		if len(p.text()) > longestPhrase {
			t.Errorf("%q is longer than %d bytes", p.text(), longestPhrase)
		}
	}
}
