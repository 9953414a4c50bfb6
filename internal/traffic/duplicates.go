package traffic

import (
	"sync"
	"time"
)

// original is where the original of a duplicate is, for whichever of the two is made first to tell the other.
type original struct {
	mu   sync.Mutex
	next uint64 // number after the original's; 0 is none
	pair int
	date time.Time
}

// originalSlots is how many originals are remembered: many more than uploaders have under way, as duplicates are half of
// the calls at most and the others are not remembered.
const originalSlots = 1 << 12

// placeOriginal dates call n, of which call n+1 is a duplicate. Both ask for it, and the first one's answer holds.
func (t *Traffic) placeOriginal(n uint64, at time.Duration) (pair int, date time.Time, ok bool) {
	slot := &t.originals[t.duplicates.Before(n+1)%originalSlots]
	slot.mu.Lock()
	defer slot.mu.Unlock()
	if slot.next == n+1 {
		return slot.pair, slot.date, true
	}
	pair, date, ok = t.place(n, at)
	if ok && slot.next < n+1 {
		slot.next, slot.pair, slot.date = n+1, pair, date
	}
	return pair, date, ok
}
