package delivery

import (
	"strings"
	"testing"
)

func TestCapped(t *testing.T) {
	c := NewAudioBuffer(10)
	for _, part := range []string{"", "four", "four"} {
		if n, err := c.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}
	if got := string(c.Bytes()); got != "fourfour" {
		t.Errorf("kept %q", got)
	}
	for range 3 {
		if n, err := c.Write([]byte("four")); n != 4 || err != nil || c.Bytes() != nil {
			t.Errorf("wrote %d, %v, and kept %q", n, err, c.Bytes())
		}
	}
	if got := NewAudioBuffer(0).Bytes(); got == nil || len(got) > 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// The account also says what was not requested and what was not found.
func TestAudioNotCompared(t *testing.T) {
	gone := AudioOptions{Sent: func(uint64) (Sent, bool) { return Sent{}, false }}
	for want, tt := range map[string]struct {
		o     AudioOptions
		found bool
	}{
		"--verify-audio=false":                            {AudioOptions{NotCompared: "--verify-audio=false"}, true},
		"not asked for":                                   {AudioOptions{}, true},
		"no call was found stored":                        {*sending(".wav", nil), false},
		"what was sent cannot be made again":              {gone, true},
		"it was seen stored, and could not be read again": {*sending(".wav", nil), true},
	} {
		l := manyCalls(1)
		m := newMatcher(l, &tt.o)
		switch {
		case strings.HasPrefix(want, "it was seen"):
			l.slot(0).state.Or(once)
		case tt.found:
			m.accountRow(rowOf(0, ".wav", 100))
		}
		m.checkAudio(t.Context(), storeAs(func(int) (string, []byte) { return ".mp3", nil }), &tt.o, "")
		if d := delivered(newAccount(l, forever, -1, m.copyReasons()), m, &tt.o); d.AudioNotCompared != want ||
			*d.AudioCompared != 0 {
			t.Errorf("said %q, want %q", d.AudioNotCompared, want)
		}
	}
}
