package terminal

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// lengthy is longer than a terminal is wide, with letters of more than a byte.
var lengthy = "waiting 11s: " + strings.Repeat("a run may have just ended – ", 8)

// checkRedrawn wants lines that are written over one another to leave the last column free: one that is wrapped would
// stay.
func checkRedrawn(t *testing.T, written string) {
	t.Helper()
	lines := strings.Split(written, clearLine)[1:]
	if len(lines) == 0 {
		t.Fatalf("no line is shown: %q", written)
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) >= DefaultWidth {
			t.Errorf("%d columns of %d: %q", utf8.RuneCountInString(line), DefaultWidth, line)
		}
	}
	if !strings.Contains(written, "waiting 11s: a run may have just ended") {
		t.Errorf("shows %q", written)
	}
}

// The line that says what a run is at never takes two.
func TestStageLineFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		line := newStageLine(Screen{W: &out, IsTerminal: true})
		line.set(lengthy)
		time.Sleep(3 * time.Second)
		line.end()
		checkRedrawn(t, out.String())
	})
}

// Nor does that of a search.
func TestSearchLineFits(t *testing.T) {
	var out bytes.Buffer
	shown := NewSearch(Screen{W: &out, IsTerminal: true})
	shown.show("%s, %d of them", lengthy, 5)
	shown.Close()
	checkRedrawn(t, out.String())
	if !strings.HasPrefix(out.String(), clearLine+"0s: ") {
		t.Errorf("shows %q", out.String())
	}
}
