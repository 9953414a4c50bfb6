package traffic

import (
	"sync"
	"time"
)

// original is the pair and the date of the original of a duplicate. The one of the two that is made first claims them
// for both.
type original struct {
	mu   sync.Mutex
	next uint64 // number of the original plus one; 0 is none
	pair int
	date time.Time
}

// originalSlots is how many originals are kept. Uploaders have far fewer calls under way, as at most half of all calls
// are duplicates, and other calls are not kept.
const originalSlots = 1 << 12

// placeOriginal dates call n, whose duplicate is call n+1. Both calls ask for it, and get the same answer.
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
