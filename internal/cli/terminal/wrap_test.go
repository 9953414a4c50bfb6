package terminal

import (
	"strings"
	"testing"
)

// A terminal has lines that end between words; a file has each whole.
func TestWrapped(t *testing.T) {
	line := "rdiostress: calls are dated about a minute back; what a talkgroup has beyond one a second, up to " +
		"about 3.3 days back"
	for _, tt := range []struct {
		name    string
		line    string
		columns int
		want    string
	}{
		{"a file", line, 0, line},
		{"room enough", "all is well", 11, "all is well"},
		{"a terminal", "all is well, and so is the rest of it", 16, "all is well, and\n  so is the rest\n  of it"},
		{"a long word", "see /a/long/long/path/to/it there", 12, "see\n  /a/long/long/path/to/it there"},
		{"wide characters", "中文 中文 中文", 10, "中文 中文\n  中文"},
		{"hardly any room", "all is well", 4, "all is well"},
	} {
		if got := Wrapped(tt.line, tt.columns); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What is said above a panel is broken between words, at the terminal's width of that time.
func TestSayingOnATerminal(t *testing.T) {
	d, screen := newTestDisplay(Screen{}, 30, 10)
	defer d.close()
	d.say("calls are dated about a minute back")
	screen.resize(20, 10)
	d.say("calls are dated about a minute back")
	want := "calls are dated about a minute\n  back\ncalls are dated\n  about a minute\n  back"
	if got := screen.String(); !strings.HasSuffix(got, want) {
		t.Errorf("the terminal shows\n%s\nwant\n%s", got, want)
	}
}
