package secret

import (
	"slices"
	"strings"
)

// mark takes the place of what is hidden.
const mark = "[key]"

const (
	partLen = 8  // shorter parts of a key are not told from other text
	minKey  = 4  // a shorter key is in any text, and no secret
	maxRead = 32 // readings of one text; servers nest escapes once or twice
)

// Redactor hides keys in texts. It is safe for concurrent use; nil hides nothing.
type Redactor struct {
	parts   map[string]struct{}
	lengths []int // of the parts
}

// NewRedactor returns a Redactor of keys. It hides neither the published key nor those of less than four characters.
func NewRedactor(keys ...string) *Redactor {
	r := &Redactor{parts: make(map[string]struct{})}
	for _, key := range keys {
		if key == Published || len(key) < minKey {
			continue
		}
		n := min(len(key), partLen)
		for i := range len(key) - n + 1 {
			r.parts[key[i:i+n]] = struct{}{}
		}
		if !slices.Contains(r.lengths, n) {
			r.lengths = append(r.lengths, n)
		}
	}
	return r
}

// Hide returns a text without the keys. It takes as long as some passes over the text, so it is for failures, not for
// each upload.
func (r *Redactor) Hide(text string) string {
	if r == nil || len(r.lengths) == 0 {
		return text
	}
	const passes = 4 // what remains on both sides of a mark can be a part again
	for range passes {
		found := r.find(text)
		if len(found) == 0 {
			return text
		}
		text = replace(text, found)
	}
	return mark
}

// span is text[from:to].
type span struct{ from, to int }

// find returns where a text has parts of keys, in any order.
func (r *Redactor) find(text string) (found []span) {
	seen := map[string]struct{}{text: {}}
	readings := []reading{{text: text}}
	for i := 0; i < len(readings); i++ {
		found = r.findIn(&readings[i], found)
		for _, undo := range []func(string, int) (string, int){
			undoBackslash, undoEntity, undoPercent, undoPlus, undoUnprintable,
		} {
			next, changed := readings[i].undo(undo)
			if !changed || len(readings) == maxRead {
				continue
			}
			if _, known := seen[next.text]; !known {
				seen[next.text] = struct{}{}
				readings = append(readings, next)
			}
		}
	}
	return found
}

// findIn adds to found where a reading has parts of keys.
func (r *Redactor) findIn(in *reading, found []span) []span {
	for _, n := range r.lengths {
		for i := range max(len(in.text)-n+1, 0) {
			if _, is := r.parts[in.text[i:i+n]]; is {
				found = append(found, span{in.span(i).from, in.span(i + n - 1).to})
			}
		}
	}
	return found
}

// replace puts a mark in place of spans, one where they touch.
func replace(text string, found []span) string {
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	at := 0 // what comes before is written
	for i, s := range found {
		if i == 0 || s.from > at {
			b.WriteString(text[at:s.from])
			b.WriteString(mark)
		}
		at = max(at, s.to)
	}
	b.WriteString(text[at:])
	return strings.ToValidUTF8(b.String(), "")
}
