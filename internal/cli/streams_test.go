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

// A panel is drawn on a terminal that can be written anew, in its colors and characters alone.
func TestScreenByEnvironment(t *testing.T) {
	for name, tt := range map[string]struct {
		environ                []string
		options                runOptions
		redrawn, color, isText bool
	}{
		"a terminal":          {nil, runOptions{}, true, true, false},
		"a dumb terminal":     {[]string{"TERM=dumb"}, runOptions{}, false, false, true},
		"NO_COLOR":            {[]string{"NO_COLOR=1"}, runOptions{}, true, false, false},
		"--no-color, --ascii": {nil, runOptions{noColor: true, ascii: true}, true, false, true},
		"a locale":            {[]string{"LC_ALL=C"}, runOptions{}, true, true, true},
	} {
		tt.options.ios = &streams{Environ: tt.environ, ErrTerminal: true}
		s := tt.options.screen()
		if s.IsTerminal != tt.redrawn || s.Color != tt.color || s.ASCII != tt.isText {
			t.Errorf("%s: %+v", name, s)
		}
	}
	s := (&runOptions{ios: &streams{}, quiet: true}).screen()
	if s.IsTerminal || s.Color || !s.Quiet {
		t.Errorf("a log: %+v", s)
	}
}
