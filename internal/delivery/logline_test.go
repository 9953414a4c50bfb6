package delivery

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"rdiostress/internal/secret"
)

// Log lines about calls, as the servers' sources have them.
func TestReadWord(t *testing.T) {
	const name = "rs-abcdefgh-0000100.mp3"
	tests := []struct {
		line string
		want string // reason, and how it counts; empty if the line is not about an unstored call
	}{
		// rdio-scanner 7 and 6
		{"newcall: system=11 talkgroup=1001 file=" + name + " success", ""},
		{
			"newcall: system=11 talkgroup=1001 file=" + name + " duplicate call rejected",
			"duplicate call rejected (dropped)",
		},
		{
			"newcall: system=11 talkgroup=1001 file=" + name + " no matching system/talkgroup",
			"no matching system/talkgroup (final)",
		},
		{"newcall: system=11 talkgroup=1001 file=" + name + " blacklisted", "blacklisted (final)"},
		{
			"2026/11/24 12:00:00 newcall: system=11 talkgroup=1001 file=" + name + " no matching system/talkgroup",
			"no matching system/talkgroup (final)",
		},
		{"downstream: system=11 talkgroup=1001 file=" + name + " to http://key@host/ connection refused", ""},
		{
			`2026/11/24 12:00:00 controller.ingestcall: calls.writecall: database is locked (5) (SQLITE_BUSY) in ` +
				`INSERT INTO "calls" ("audio", ` +
				`"audioFilename") VALUES (?, '` + name + `', 'audio/mpeg', 0, 1, 1, 1795472069000)`,
			"controller.ingestcall: calls.writecall: database is locked (5) (SQLITE_BUSY) (final)",
		},
		// AkumasCoffin
		{
			"newcall: [county] system=11 talkgroup=1001 file=" + name + " dropped by plugin at store",
			"dropped by plugin at store (final)",
		},
		{
			"newcall: [county] system=11 talkgroup=1001 file=" + name + " duplicate kept by plugin",
			"duplicate kept by plugin",
		},
		{
			"ffmpeg timed out after 30s converting " + name + ", keeping original audio",
			"ffmpeg timed out after 30s converting , keeping original audio",
		},
		// ThinLine Radio
		{
			"newcall: system=11 talkgroup=1001 file=" + name + " duplicate (receivedAt cache)",
			"duplicate (receivedAt cache) (dropped)",
		},
		{"[County] [Fire 1] duplicate dropped: " + name, "duplicate dropped (dropped)"},
		{"newcall: system=11 patch=65144 resolved to talkgroup=1001 file=" + name, ""},
		{
			"newcall: system=nil talkgroup=0 file=" + name + " dropped - incomplete data (system ID is 0)",
			"dropped - incomplete data (system ID is 0) (final)",
		},
		// These lines say that the call is not a duplicate, or that the server is still checking.
		{"not a duplicate: " + name, "not a duplicate"},
		{"[County] [Fire 1] " + name + " is no duplicate", "is no duplicate"},
		{"checking for duplicates of " + name, "checking for duplicates of"},
		{"duplicate check of " + name + " took 3 ms", "duplicate check of took 3 ms"},
		{
			"newcall: system=11 talkgroup=1001 file=" + name + " duplicate check: duration: timeout",
			"duplicate check: duration: timeout",
		},
		{"newcall: system=11 talkgroup=1001 file=" + name + " duplicate=false", "duplicate=false"},
		{"newcall: system=11 talkgroup=1001 file=" + name + " non-duplicate", "non-duplicate"},
		{"call " + name + " not stored: duplicate", "call not stored: duplicate (dropped)"},
		{"call " + name + ": duplicate, no audio kept", "call duplicate, no audio kept"},
		{"ignoring duplicate " + name, "ignoring duplicate (dropped)"},
		{"isDuplicate=true file=" + name, ""},
		{"isDuplicate=true name=" + name + " skipped", "isDuplicate=true name= skipped (dropped)"},
		// Others
		{`level=error msg="cannot store call" file="` + name + `" error="disk full"`, `error="disk full"`},
		{"stored /var/lib/audio/" + name + ": Call imported successfully.", ""},
		{"newcall: system=11 talkgroup=1001 file=20261124_101500.mp3 blacklisted", ""},
		{"listeners count is 3", ""},
		{"newcall: file=" + name + " \x1b[31mno\troom\u202e left\xff", "[31mno room left (final)"},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			n, w, ok := parseLogLine("rs-abcdefgh-", tt.line, nil)
			got := w.reason
			switch {
			case w.dropped:
				got += " (dropped)"
			case w.final:
				got += " (final)"
			}
			if got != tt.want || ok != (tt.want != "") || ok && n != 100 {
				t.Errorf("call %d: %q, %t, want %q", n, got, ok, tt.want)
			}
		})
	}
}

// Reasons that differ only in numbers count as one, and the number of reasons is limited.
func TestReasonsAreFew(t *testing.T) {
	var r reasons
	for i := range 3 {
		if n := r.number(fmt.Sprintf("no talkgroup %d", i)); n != 1 {
			t.Errorf("reason %d", n)
		}
	}
	if n := r.number("blacklisted"); n != 2 {
		t.Errorf("reason %d", n)
	}
	for i := range 100 {
		r.number(strings.Repeat("x", i+1))
	}
	if got := []string{r.text(1), r.text(2), r.text(otherReason)}; got[0] != "no talkgroup N" ||
		got[1] != "blacklisted" ||
		got[2] != otherWords {
		t.Errorf("got %q", got)
	}
	if n := r.number("one more"); n != otherReason || len(r.texts) >= otherReason {
		t.Errorf("reason %d of %d", n, len(r.texts))
	}
}

// A log line about a call may contain the key, before or after the file's name.
func TestLogLineHidesTheKey(t *testing.T) {
	const key = `Zk7"longer/than8`
	redactor := secret.NewRedactor(key)
	for _, line := range []string{
		`newcall: file=run-7f3a-000100.mp3 bad key Zk7\"longer\/than8`,
		"newcall: file=run-7f3a-000100.mp3 bad key " + strings.Repeat("x", 60) + " of many that we have seen, " + key +
			" is the last one that we know of",
		`key=Zk7%22longer%2Fthan8 run-7f3a-000100.mp3 is bad`,
	} {
		_, w, ok := parseLogLine("run-7f3a-", line, redactor)
		if !ok || !strings.Contains(w.reason, "[key]") || strings.Contains(w.reason, "Zk7") ||
			strings.Contains(w.reason, "than8") {
			t.Errorf("%q, %t", w.reason, ok)
		}
	}
}

func FuzzReadWord(f *testing.F) {
	f.Add("newcall: system=11 talkgroup=1001 file=run-7f3a-000100.mp3 duplicate call rejected")
	f.Add("newcall: system=11 talkgroup=1001 file=run-7f3a-000100.mp3 success")
	f.Add("[a] [b] duplicate dropped: run-7f3a-000100.mp3")
	f.Add("run-7f3a-000100 in INSERT INTO calls")
	f.Add("file= duplicate call rejected")
	f.Fuzz(func(t *testing.T, line string) {
		_, w, ok := parseLogLine("run-7f3a-", line, nil)
		if ok != (w.reason != "") || ok && !strings.Contains(line, "run-7f3a-") {
			t.Errorf("%q: %+v, %t", line, w, ok)
		}
		if utf8.RuneCountInString(w.reason) > longestReason || !utf8.ValidString(w.reason) {
			t.Errorf("%q: %q", line, w.reason)
		}
		for _, r := range w.reason {
			if !unicode.IsPrint(r) {
				t.Errorf("%q: %q", line, w.reason)
			}
		}
	})
}
