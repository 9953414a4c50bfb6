package traffic

import (
	"testing"
	"time"

	"rdiostress/internal/schedule"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// Each duplicate has the system and talkgroup of the call before it, a date up to 400 ms later, and another radio and
// site. All other calls are as far apart as ever.
func TestDuplicatesOnPurpose(t *testing.T) {
	s := uploadtest.Scenario()
	s.DuplicateRatio, s.Zipf, s.Units, s.Sites = 0.1, 1, 5, 4
	traffic := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
	var c, before upload.Request
	seen := make(map[dated]bool)
	for n := range uint64(20_000) {
		if n%2 == 0 { // whichever of the two is made first
			at := time.Duration(n) * 3 * time.Millisecond
			if !traffic.Next(n+1, at, &c) || !traffic.Next(n, at, &before) {
				t.Fatalf("there is no call %d", n)
			}
		}
		if traffic.duplicates.Has(n) != (n%2 == 1 && c.Duplicate) && n%2 == 1 {
			t.Fatalf("call %d: a duplicate: %v", n, c.Duplicate)
		}
		if n%2 == 0 {
			continue
		}
		if !c.Duplicate {
			continue
		}
		if c.System != before.System || c.Talkgroup != before.Talkgroup || c.Site == before.Site ||
			c.Source == before.Source {
			t.Fatalf("%+v is no duplicate of %+v", c.Call, before.Call)
		}
		if apart := c.Time.Sub(before.Time); apart < 0 || apart > schedule.MaxDuplicateDelay {
			t.Fatalf("a duplicate is %v after its original", apart)
		}
		if c.AudioName == before.AudioName || c.Clip.Duration != before.Clip.Duration {
			t.Fatalf("%s and %s", c.AudioName, before.AudioName)
		}
		key := dated{before.System, before.Talkgroup, before.Time.Unix()}
		if seen[key] {
			t.Fatalf("%+v comes again", key)
		}
		seen[key] = true
	}
	if len(seen) != 2000 {
		t.Errorf("%d duplicates of 20,000 calls, want 2,000", len(seen))
	}
}
