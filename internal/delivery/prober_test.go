package delivery

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	want := time.Date(2026, 11, 23, 22, 14, 37, 0, time.UTC)
	for _, s := range []string{
		"1795472077000", "2026-11-23 22:14:37 +0000 UTC", "2026-11-23 22:14:37", "2026-11-23T22:14:37Z",
		"2026-11-23T22:14:37.000Z",
		"2026-11-23 22:14:37.123456",
	} {
		if got := ParseTime(s); !got.Equal(want) {
			t.Errorf("ParseTime(%q) = %v", s, got)
		}
	}
	for _, s := range []string{"", "yesterday", "2026-11-23", "2026-13-23 22:14:37"} {
		if got := ParseTime(s); !got.IsZero() {
			t.Errorf("ParseTime(%q) = %v", s, got)
		}
	}
}
