package rdio

import "bytes"

// phrase is a phrase by which a reply is understood.
type phrase uint8

const (
	imported phrase = iota
	duplicateRejected
	stored           // in tr-engine's 201: the name of the stored call's number
	duplicate        // in tr-engine's 409
	capitalDuplicate // the same at the beginning of a sentence
	numPhrases
)

func (p phrase) text() string {
	return [...]string{PhraseImported, PhraseDuplicate, `"call_id"`, "duplicate", "Duplicate"}[p]
}

// longestPhrase is the length of the longest phrase.
const longestPhrase = len(PhraseImported)

// PhraseFinder finds the phrases of a reply in a text of any length that arrives in parts. It keeps a few bytes. The
// zero value is ready for use, and a copy continues on its own.
type PhraseFinder struct {
	found uint8                   // a bit for each phrase
	tail  [longestPhrase - 1]byte // the last bytes, in which a phrase may have begun
	kept  int                     // number of bytes in tail
}

// Find searches the next part of the text.
func (f *PhraseFinder) Find(part []byte) {
	var joint [2 * (longestPhrase - 1)]byte
	n := copy(joint[:], f.tail[:f.kept])
	n += copy(joint[n:n+min(len(part), longestPhrase-1)], part)
	for p := range numPhrases {
		text := []byte(p.text())
		if bytes.Contains(joint[:n], text) || bytes.Contains(part, text) {
			f.found |= 1 << p
		}
	}
	if len(part) >= len(f.tail) {
		f.kept = copy(f.tail[:], part[len(part)-len(f.tail):])
		return
	}
	keep := min(n, len(f.tail))
	f.kept = copy(f.tail[:], joint[n-keep:n])
}
