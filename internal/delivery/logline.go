package delivery

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"rdiostress/internal/plain"
	"rdiostress/internal/secret"
)

// MaxLogLine is how many bytes of a line of a server's log are read.
const MaxLogLine = 4096

// logVerdict is what a server's log says about a call that it did not store.
type logVerdict struct {
	reason  string // without the file's name
	dropped bool   // as a duplicate
	final   bool   // the server is done with the call
}

// parseLogLine reads what a line of a server's log says of a call of the run, such as
//
//	newcall: system=11 talkgroup=1001 file=run-7f3a-000100.mp3 no matching system/talkgroup
//	2026/11/24 12:00:00 controller.ingestcall: database is locked in INSERT INTO "calls" … 'run-7f3a-000100.mp3'
//	[County] [Fire 1] duplicate dropped: run-7f3a-000100.mp3
//
// Every line that names the call's file counts, except lines that say that it was stored or forwarded.
func parseLogLine(pattern, line string, hidden *secret.Redactor) (n uint64, w logVerdict, ok bool) {
	line = strings.ToValidUTF8(line[:min(len(line), MaxLogLine)], string(utf8.RuneError))
	n, ok = numberOf(pattern, line)
	if !ok {
		return 0, logVerdict{}, false
	}
	before, after := aroundName(pattern, line)
	before, after = hidden.Hide(before), hidden.Hide(after) // before they are truncated
	head := strings.ToLower(before)
	if strings.Contains(head, "downstream") {
		return 0, logVerdict{}, false
	}
	if strings.HasSuffix(head, "file=") {
		w.reason = normaliseReason(after)
	} else {
		w.reason = normaliseReason(before + " " + after)
	}
	said := strings.ToLower(w.reason)
	stored := strings.HasPrefix(said, "success") || strings.Contains(said, "imported successfully")
	if w.reason == "" || stored {
		return 0, logVerdict{}, false
	}
	goesOn := strings.Contains(said, "kept") || strings.Contains(said, "keep") || noDuplicate.MatchString(said)
	w.dropped = strings.Contains(said, "duplicate") && !goesOn
	ingest := strings.Contains(head, "newcall:") || strings.Contains(head, "ingestcall:")
	w.final = w.dropped || ingest && !goesOn
	return n, w, true
}

// noDuplicate matches text that mentions duplicates although the call is not one, or the check is still to come.
var noDuplicate = regexp.MustCompile(
	`\b(?:no|not|non|never|without|isn.t|0)[ -]+(?:(?:a|an|any|the) )?duplicates?\b|` +
		`duplicates?\b[ :=?"]*(?:0|false|no|none)\b|` +
		`\bcheck\w*\b.*duplicate|duplicates? (?:check|detection|search|lookup|window)`)

// isAboutCall reports whether a line of a server's log is about a call of any run, and so shows that the server is
// working.
func isAboutCall(line string) bool {
	return strings.Contains(line, "file=") || strings.Contains(line, "newcall:")
}

// aroundName returns the text before and after the name of the run's file.
func aroundName(pattern, line string) (before, after string) {
	const apart = " \t\"'`(),="
	i := strings.Index(line, pattern)
	start := strings.LastIndexAny(line[:i], apart) + 1
	end := len(line)
	if j := strings.IndexAny(line[i:], apart); j >= 0 {
		end = i + j
	}
	const quotes = "\"'`"
	return strings.TrimRight(line[:start], quotes), strings.TrimLeft(line[end:], quotes)
}

var (
	logClock  = regexp.MustCompile(`^(?:\d[\d/:.,TZ+-]*\s+)+`)               // 2026/11/24 12:00:00
	logLabels = regexp.MustCompile(`^(?:\[[^\]]*\]\s*)+`)                    // [County] [Fire 1], the call's labels
	logQuery  = regexp.MustCompile(`(?i)\s+in\s+(?:insert|select|update)\s`) // followed by the query that failed
	numbers   = regexp.MustCompile(`\d+`)
)

// longestReason is the maximum length of a reason in letters.
const longestReason = 120

// normaliseReason turns a log line's text into a reason: one printable line without the parts that differ from call to
// call.
func normaliseReason(s string) string {
	s = plain.Line(s, ' ')
	s = logClock.ReplaceAllString(s, "")
	s = logLabels.ReplaceAllString(s, "")
	if i := logQuery.FindStringIndex(s); i != nil {
		s = s[:i[0]]
	}
	s = strings.Trim(s, " ,;:=-")
	if utf8.RuneCountInString(s) > longestReason {
		s = strings.TrimSpace(string([]rune(s)[:longestReason-1])) + "…"
	}
	return s
}

// reasons are the distinct reasons that a server's log gave. Reasons that differ only in numbers count as one.
type reasons struct {
	texts []string // the first text, or one without the numbers if these differ
	keys  []string
}

// Reasons have numbers from 1 on, which fit in four bits of a receipt; the last number stands for all further reasons.
const (
	otherReason = 15
	otherWords  = "other reasons"
)

// number returns the number of a reason.
func (s *reasons) number(text string) uint32 {
	key := numbers.ReplaceAllString(text, "N")
	for i, have := range s.keys {
		if have == key {
			if s.texts[i] != text {
				s.texts[i] = key
			}
			return uint32(i) + 1
		}
	}
	if len(s.keys) == otherReason-1 {
		return otherReason
	}
	s.keys, s.texts = append(s.keys, key), append(s.texts, text)
	return uint32(len(s.keys))
}

// text returns the reason with a number. A reason that was given after the reasons were copied counts as "other".
func (s *reasons) text(number uint32) string {
	if number == 0 || number > uint32(len(s.texts)) {
		return otherWords
	}
	return s.texts[number-1]
}
