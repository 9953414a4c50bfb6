package rdio

import (
	"strconv"
)

// formWriter writes the form of one upload. It is a value of its own for each, so that it stays on the stack.
type formWriter struct {
	buf    []byte
	split  int             // where the audio's body goes
	parts  [][]byte        // that are still to be begun, each with the end of the one before it
	at     int             // where in each the random part of the boundary goes
	digits int             // of that part
	first  bool            // nothing is written yet
	random [maxRandom]byte // the part's digits; not a slice, which would have it allocated
}

// next begins the next part.
func (w *formWriter) next() *formWriter {
	w.piece(w.parts[0])
	w.parts = w.parts[1:]
	return w
}

// piece writes what stands between two values, with the boundary of this form.
func (w *formWriter) piece(p []byte) {
	at := len(w.buf) + w.at
	if w.first { // no part ends here
		p, at, w.first = p[len("\r\n"):], at-len("\r\n"), false
	}
	w.buf = append(w.buf, p...)
	copy(w.buf[at:], w.random[:w.digits])
}

func (w *formWriter) text(s string) { w.buf = append(w.buf, s...) }

func (w *formWriter) number(n int64) { w.buf = strconv.AppendInt(w.buf, n, 10) }

// numbers writes a list of numbers as JSON.
func (w *formWriter) numbers(list []int64) {
	w.text("[")
	for i, n := range list {
		if i > 0 {
			w.text(",")
		}
		w.number(n)
	}
	w.text("]")
}

// list writes texts with commas between.
func (w *formWriter) list(list []string) {
	for i, s := range list {
		if i > 0 {
			w.text(",")
		}
		w.text(s)
	}
}

// float writes a number as JSON has it.
func (w *formWriter) float(f float64) { w.buf = strconv.AppendFloat(w.buf, f, 'f', -1, 64) }

// file writes the rest of the head of a part that is a file, and the audio.
func (w *formWriter) file(u *Upload, mediaType string) {
	w.text(u.AudioName)
	w.text("\"\r\nContent-Type: ")
	w.text(mediaType)
	w.text("\r\n\r\n")
	w.audio(u)
}

// audio writes the audio's head. Its body comes in here when the form is sent.
func (w *formWriter) audio(u *Upload) {
	w.buf = append(w.buf, u.Head...)
	w.split = len(w.buf)
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// randomHex fills dst with hexadecimal digits that follow from a number (SplitMix64).
func randomHex(dst []byte, seed uint64) {
	const digits = "0123456789abcdef"
	x := uint64(0)
	for i := range dst {
		if i%16 == 0 {
			seed += 0x9e3779b97f4a7c15
			x = (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
			x = (x ^ x>>27) * 0x94d049bb133111eb
			x ^= x >> 31
		}
		dst[i] = digits[x&15]
		x >>= 4
	}
}
