package plain

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"rdio-scanner":               "rdio-scanner",
		"Zürich – 50 %":              "Zürich – 50 %",
		"rdio\x1b[2J\r\nscanner\x07": "rdio [2J  scanner ",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestReason(t *testing.T) {
	_, missing := os.Stat(filepath.Join(t.TempDir(), "none"))
	for want, err := range map[string]error{
		"no such file or directory": missing,
		"503 ]0;x gone":             errors.New("503 \x1b]0;x\a\r\n gone"),
	} {
		if got := Reason(err); got != want {
			t.Errorf("%q becomes %q, want %q", err, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	for _, tt := range []struct {
		text    string
		instead rune
		want    string
	}{
		{"queue full\r\n  later\t", '?', "queue full later"},
		{"\x07bell \xff \u202Eback", '?', "?bell ? ?back"},
		{"\x07bell \xff \u202Eback", -1, "bell back"},
	} {
		if got := Line(tt.text, tt.instead); got != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.text, got, tt.want)
		}
	}
}
