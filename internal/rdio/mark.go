package rdio

import (
	"bytes"
	"strconv"
)

// A synthetic call is recognised by its mark, such as rs-abc234xy-0000042: the run's eight characters and the call's
// number in it, of seven digits or more. Every client profile has it somewhere in the file name's stem, and so have the
// first bytes of the audio. It has only a-z, 0-9 and dashes, which survive servers that change the extension.
const markPrefix = "rs-"

const (
	markDigits = 7
	maxDigits  = 20 // of a uint64
)

// AppendMark appends the mark of call n of a run to dst.
func AppendMark(dst []byte, runID string, n uint64) []byte {
	dst = append(dst, markPrefix...)
	dst = append(dst, runID...)
	dst = append(dst, '-')
	for limit := uint64(1_000_000); n < limit && limit > 1; limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, n, 10)
}

// FindMark finds the mark of a run's call anywhere in a text, such as a file name that a server has changed, or audio.
// It is false without a mark of that run.
func FindMark(text []byte, runID string) (n uint64, ok bool) {
	for {
		at := bytes.Index(text, []byte(markPrefix))
		if at < 0 {
			return 0, false
		}
		text = text[at+len(markPrefix):]
		rest, found := bytes.CutPrefix(text, []byte(runID))
		if !found || len(rest) == 0 || rest[0] != '-' {
			continue
		}
		digits := rest[1:min(len(rest), 1+maxDigits)]
		digits = digits[:len(digits)-len(bytes.TrimLeft(digits, "0123456789"))]
		if n, err := strconv.ParseUint(string(digits), 10, 64); err == nil && len(digits) >= markDigits {
			return n, true
		}
	}
}

// MarkPattern is what the names of a run's calls have in them: a server's storage can be searched for it.
func MarkPattern(runID string) string { return markPrefix + runID + "-" }
