// Package foldertest checks what formats of recordings read, for their fuzz targets. It is for tests only.
package foldertest

import (
	"strings"
	"testing"

	"rdiostress/internal/rdio"
)

// CheckCall fails unless a call can be sent: what is read from files may be anything.
func CheckCall(t *testing.T, c *rdio.Call) {
	t.Helper()
	if c.Talkgroup < 1 || c.Talkgroup > rdio.MaxID || c.Source < 0 || c.Frequency < 0 || c.Time.Year() < 1999 ||
		c.Time.Year() > 2200 {
		t.Fatalf("made of it: %+v", c)
	}
	for _, s := range []string{c.SystemLabel, c.TalkgroupLabel, c.TalkgroupName, c.TalkgroupTag, c.TalkerAlias} {
		if len(s) > 200 || strings.ContainsAny(s, "\r\n\x00") {
			t.Fatalf("label %q", s)
		}
	}
	for _, u := range c.Units {
		if u.ID < 1 || u.ID > rdio.MaxID || !(u.OffsetS >= 0 && u.OffsetS < 1e6) {
			t.Fatalf("unit %+v", u)
		}
	}
	for _, f := range c.Frequencies {
		if f.Hz < 0 || !(f.OffsetS >= 0 && f.OffsetS < 1e6) || !(f.LengthS >= 0 && f.LengthS < 1e6) {
			t.Fatalf("frequency %+v", f)
		}
	}
}
