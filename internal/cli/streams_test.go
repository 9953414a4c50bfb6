package cli

import "testing"

// The environment says which colors and characters results may have.
func TestLookByEnvironment(t *testing.T) {
	for _, tt := range []struct {
		name         string
		environ      []string
		terminal     bool
		color, ascii bool
	}{
		{"a terminal", nil, true, true, false},
		{"a file", nil, false, false, false},
		{"no color", []string{"NO_COLOR=1"}, true, false, false},
		{"a dumb terminal", []string{"TERM=dumb", "LANG=de_DE.UTF-8"}, true, false, true},
		{"a log", []string{"TERM=dumb", "LANG=C.utf8"}, false, false, false},
		{"another character set", []string{"LANG=de_DE.ISO-8859-1"}, true, true, true},
		{"a file in another one", []string{"LANG=POSIX"}, false, false, true},
		{"the strongest variable", []string{"LANG=C", "LC_CTYPE=C", "LC_ALL=en_US.UTF-8"}, true, true, false},
		{"the next one", []string{"LANG=en_US.UTF-8", "LC_CTYPE=C", "LC_ALL="}, true, true, true},
	} {
		s := &streams{Environ: tt.environ}
		if got := s.color(tt.terminal); got != tt.color {
			t.Errorf("%s: color %v, want %v", tt.name, got, tt.color)
		}
		if got := s.ascii(tt.terminal); got != tt.ascii {
			t.Errorf("%s: ASCII %v, want %v", tt.name, got, tt.ascii)
		}
	}
}
